"""Processes found by what they carry: a word in their arguments or their environment.

Every process of a run has the run's folder in one of the two, also one that forked, left its
session and closed everything; so a test can tell whether anything of its runs is alive.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

from rankzero.agent import roster
from support.waiting import until

PROC = Path("/proc")


class Process(NamedTuple):
    """One that lives. environment: as it was started."""

    pid: int
    arguments: tuple[str, ...]
    environment: dict[str, str]

    def __repr__(self) -> str:
        return f"{self.pid}: {' '.join(self.arguments)[-160:]}"


def carrying(word: str | Path) -> list[Process]:
    """All but this one that carry the word. A zombie carries nothing: it has ended."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            process = _read(int(entry.name))
            if process is not None and _carries(process, str(word)):
                found.append(process)
    return found


def _carries(process: Process, word: str) -> bool:
    return any(word in text for text in (*process.arguments, *process.environment.values()))


def _read(pid: int) -> Process | None:
    try:
        arguments = _fields(PROC / str(pid) / "cmdline")
        pairs = [one.partition("=") for one in _fields(PROC / str(pid) / "environ")]
    except OSError:  # it has just ended
        return None
    return Process(pid, tuple(arguments), {name: value for name, _, value in pairs})


def _fields(path: Path) -> list[str]:
    return [os.fsdecode(field) for field in path.read_bytes().split(b"\0") if field]


def kill(*pids: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to each. One that has meanwhile ended by itself wants none."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def none_left(word: str | Path) -> None:
    """Wait until nobody carries the word."""
    until(lambda: not carrying(word), f"every process of {word} to end: {carrying(word)}")


def ranks(folder: Path) -> dict[int, Process]:
    """The ranks' own processes by their number, as the rosters below the folder have them."""
    found = {}
    for node in {file.parent for file in folder.rglob("roster-*.json")}:
        known = roster.read(str(node))
        for rank, pid in {} if known is None else known.pids.items():
            process = _read(pid) if alive(pid) else None
            if process is not None:
                found[rank] = process
    return found


def parent(pid: int) -> int:
    """The parent's pid; 0 where the process has ended."""
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return 0
    return int(stat.rpartition(b")")[2].split()[1])


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"
