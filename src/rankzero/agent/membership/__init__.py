"""The coordinator's decisions: which nodes form a generation, when it ends, and how the run ends.

Pure: `step(state, event, now) -> (state, actions)`. No socket, process or clock is touched here;
`agent/coordinator.py` feeds it and carries its actions out, `tests/simulation` torments it.
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
    Running,
    Send,
    Stopped,
    StopRun,
    Tick,
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
    "Running",
    "Send",
    "State",
    "StopRun",
    "Stopped",
    "Tick",
    "deadline",
    "resume",
    "step",
]
