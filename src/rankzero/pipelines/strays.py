"""What steps left behind, and what they left on purpose. Standard library only."""

from __future__ import annotations

from rankzero.agent import process
from rankzero.backends.local.services.folder import Services, keepers


def strays() -> set[int]:
    """The pids of this process's children, adopted ones included, but for those that keep a
    service: these outlive the pipeline that has deployed it."""
    found = set(process.children())
    return found - keepers(Services()) if found else found
