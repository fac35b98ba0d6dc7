"""Signal 9: nothing can catch it, so nothing could say why. Mostly it is memory."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.signal != 9:
        return None
    evidence = "this run did not send it; the kernel does when memory runs out"
    remedy = (
        "look for it: dmesg -T | grep -i 'killed process' (or journalctl -k); "
        "if it was memory, use a smaller batch, fewer data loader workers or fewer ranks a node"
    )
    return finding("killed", facts, remedy, evidence)
