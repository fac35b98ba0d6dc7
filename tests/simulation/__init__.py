"""The two pure machines against each other, in a world that a seed decides.

Nothing here sleeps, opens a socket or starts a process: `world` is a clock and a heap of things to
come, `network` moves messages late, twice or not at all, `agents` carries the machines' actions
out as `agent/node.py` and `agent/coordinator.py` do, `faults` decides what goes wrong and when,
and `checks` watches what really happens, which no machine can see.
"""
