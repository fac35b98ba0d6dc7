"""Any other signal: a crash in native code, or somebody's kill."""

from __future__ import annotations

import signal

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding

_CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP}
)


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not failure.signal:
        return None
    evidence = [line.strip() for line in failure.crash.splitlines() if "File " in line][:1]
    if failure.signal not in _CRASHES:
        return finding("signalled", facts, "find out who sent it: this run did not", *evidence)
    remedy = "native code crashed: look at the library that the innermost line calls"
    if failure.signal == signal.SIGBUS:
        remedy = "often /dev/shm is full: df -h /dev/shm; use fewer data loader workers"
    return finding("crashed", facts, remedy, *evidence)
