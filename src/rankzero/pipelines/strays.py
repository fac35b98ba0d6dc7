"""Processes that steps have left behind, and that have come to who drives them, or keeps that one
alive. They help nobody, but for services, which are to outlive their pipeline."""

from __future__ import annotations

from rankzero.agent import process
from rankzero.backends.local.services import KEEPER


def strays() -> list[int]:
    """Their pids."""
    return [pid for pid in process.children() if KEEPER not in process.command_line(pid)]
