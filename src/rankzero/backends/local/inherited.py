"""What a parent hands down on this machine: descriptors by their numbers, and the first words of
an interpreter that runs a part of rankzero. Both sides of each spawn read them here."""

from __future__ import annotations

import os
import sys

from rankzero.agent import process
from rankzero.agent.interpreter import root

#: The supervisor's, and that of each keeper: its lifeline is descriptor 0, its log 1 and 2.
LISTENER, LOCK = 3, 4
#: An agent's, the listener the first one's only; and those of a pipeline's driver and of a
#: service's guard, who have their folder's lock as well.
AGENT_LIFELINE, AGENT_LISTENER = 3, 4
DRIVER_LOCK = 5
GUARD_LIFELINE, GUARD_LOCK = 3, 4
_MOST_FDS = 65536


def stand_alone() -> None:
    """What a supervisor, or a keeper, begins with: out of its command's session, with no descriptor
    but those handed down, and as the parent of every orphan below it."""
    os.setsid()
    for number in (LISTENER, LOCK):
        os.set_inheritable(number, False)
    # What the command had inherited, such as a lock or a pipe of a build, is not ours to hold.
    os.closerange(LOCK + 1, _MOST_FDS)
    process.adopt_orphans()


def interpreter(module: str) -> list[str]:
    """The start of an argv that runs a module's `main`, as fast as Python starts: without site."""
    boot = f"import sys; sys.path.insert(0, {root()!r}); from {module} import main; main()"
    return [sys.executable, "-I", "-S", "-c", boot]
