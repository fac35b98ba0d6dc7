"""The phrases that causes share, so that one thing has one wording everywhere."""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping
from typing import Any

from rankzero.agent import raised as of_record
from rankzero.agent.mpi import MPIRUN
from rankzero.why.model import Facts, Failure, Finding


def count(number: int, noun: str) -> str:
    """`1 rank`, `2 ranks`, `1 process`, `2 processes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{number} {noun if number == 1 else plural}"


def size(count: int) -> str:
    """`512 B`, `9 kB`, `1.9 GB`: powers of 1000, two digits where they say more than one."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 and unit != "kB" else f"{amount:.0f} {unit}"


def signal_name(number: int) -> str:
    """`signal 9 (SIGKILL)`; the number alone where this machine has no name for it."""
    try:
        return f"signal {number} ({signals.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def who(failure: Failure) -> str:
    """`rank 3 (worker/1)`, or the node where no rank is to blame."""
    if failure.rank is None:
        return f"node {failure.node}" if failure.node else "the run"
    return f"rank {failure.rank} ({failure.node})" if failure.node else f"rank {failure.rank}"


def raised(failure: Failure) -> bool:
    """Whether an exception is what happened; `sys.exit`, which is one too, is a way to leave."""
    return bool(failure.exception) and not of_record.leaves(failure.exception or {})


def of_mpirun(failure: Failure) -> bool:
    """Whether it is the end of its world's mpirun, beside the rank that has the record."""
    return (failure.exception or {}).get("type") == MPIRUN


def left(failure: Failure) -> bool:
    """Whether the rank went by itself, with a code; what it wrote before says more than that."""
    return bool(failure.code) and not raised(failure)


def out_of_memory(failure: Failure) -> bool:
    """Whether the kernel ended it for want of memory, as its agent counted."""
    return failure.signal == 9 and int(failure.memory.get("killed") or 0) > 0


def phrase(failure: Failure) -> str:
    """What happened, as a sentence without its end: `rank 3 was killed by signal 9`."""
    if failure.aborted:
        return f"{who(failure)} called {failure.aborted}"
    if failure.exception and of_mpirun(failure):
        return f"mpirun {of_record.short(str(failure.exception.get('message') or ''))}"
    if failure.exception and raised(failure):
        return f"{who(failure)} raised {of_record.line(failure.exception)}"
    if out_of_memory(failure):
        return f"{who(failure)} ran out of memory"
    if failure.signal:
        return f"{who(failure)} was killed by {signal_name(failure.signal)}"
    if failure.kind in ("node-lost", "node-left"):
        verb = "was lost" if failure.kind == "node-lost" else "left"
        return f"node {failure.node} {verb}" + (f": {failure.message}" if failure.message else "")
    if failure.code is not None:
        said = of_record.parting(failure.exception)
        return f"{who(failure)} exited with code {failure.code}{f': {said}' if said else ''}"
    return failure.message or f"{who(failure)} failed"


def place(exception: Mapping[str, Any], workdir: str = "") -> tuple[str, ...]:
    """Where it was raised: `train.py:58 in forward:  x = self.attention(x)`."""
    frame = of_record.frame(exception)
    if frame is None:
        return ()
    text = of_record.place(exception, workdir)
    source = str(frame.get("source") or "").strip()
    return (f"{text}:  {source}" if source else text,)


def detail(failure: Failure) -> tuple[str, ...]:
    """The traceback and the crash text in full, or else the rank's last lines; of a rank that
    went by itself, its last lines come first."""
    if left(failure) and failure.tail:
        return failure.tail
    traceback = str((failure.exception or {}).get("traceback") or "")
    lines = [*traceback.splitlines(), *failure.crash.splitlines()]
    return tuple(lines or failure.tail)


def finding(cause: str, facts: Facts, remedy: str = "", *evidence: str, title: str = "") -> Finding:
    """A finding about the failure: its phrase, its place, and what else was seen."""
    failure = facts.failure or Failure()
    workdir = str(facts.config(failure.node).get("workdir") or "")
    where = place(failure.exception, workdir) if failure.exception else ()
    return Finding(cause, title or phrase(failure), (*where, *evidence), remedy, detail(failure))
