"""The coordinator's decisions: which nodes form a generation, when it ends, and how the run ends.

Pure: `step(state, event, now) -> (state, actions)`. No socket, process or clock is touched here;
`agent/coordinator.py` feeds it and carries its actions out, `tests/simulation` torments it.

What holds for a run, also when its first node dies and a new coordinator takes over:

- No generation begins while a node that can be reached, or may be back in a moment, runs ranks of
  another one. A node that is cut off may go on with what it was told; it is stopped when it dials.
- An outcome is in the history before anybody is told. Where the history outlives the coordinator
  (a laptop's disk), it never changes. Where it does not (a pod's), the next coordinator adopts the
  outcome from any node that dials it before it decides itself; if all who were told are gone or
  cut off for the whole waiting time, it decides anew.
- The number of a generation only grows: in a history that outlives its coordinator, for all;
  else for each node, which refuses to start what is not newer than what it has seen.
- A node that was lost may come back as what it is; only one that was replaced is fenced.
"""

from rankzero.agent.membership.events import (
    Acked,
    Beat,
    Bye,
    Cut,
    Emit,
    Event,
    Exited,
    Gone,
    Hello,
    Refused,
    Released,
    Running,
    Send,
    Stopped,
    StopRun,
    Tick,
    Watched,
)
from rankzero.agent.membership.machine import step
from rankzero.agent.membership.state import Member, State, deadline, resume

__all__ = [
    "Acked",
    "Beat",
    "Bye",
    "Cut",
    "Emit",
    "Event",
    "Exited",
    "Gone",
    "Hello",
    "Member",
    "Refused",
    "Released",
    "Running",
    "Send",
    "State",
    "StopRun",
    "Stopped",
    "Tick",
    "Watched",
    "deadline",
    "resume",
    "step",
]
