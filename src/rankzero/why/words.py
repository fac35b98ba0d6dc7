"""The phrases that causes share, so that one thing has one wording everywhere."""

from __future__ import annotations

import re
import signal as signals
from collections.abc import Mapping
from typing import Any

from rankzero.why.model import Facts, Failure, Finding

#: A title is one line of a screen; the whole message stands in the detail.
LONGEST = 200
_FOREIGN = re.compile(r"(^<|/(site|dist)-packages/|/lib/python\d)")


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


def exception_line(exception: Mapping[str, Any]) -> str:
    """`ValueError: what it said`, as one line of bounded length."""
    kind = str(exception.get("type") or "an exception")
    lines = str(exception.get("message") or "").strip().splitlines()
    return _short(f"{kind}: {lines[0].strip()}" if lines else kind)


def raised(failure: Failure) -> bool:
    """Whether an exception is what happened; `sys.exit`, which is one too, is a way to leave."""
    return bool(failure.exception) and (failure.exception or {}).get("type") != "SystemExit"


def left(failure: Failure) -> bool:
    """Whether the rank went by itself, with a code; what it wrote before says more than that."""
    return bool(failure.code) and not raised(failure)


def out_of_memory(failure: Failure) -> bool:
    """Whether the kernel ended it for want of memory, as its agent counted."""
    return failure.signal == 9 and int(failure.memory.get("killed") or 0) > 0


def phrase(failure: Failure) -> str:
    """What happened, as a sentence without its end: `rank 3 was killed by signal 9`."""
    if failure.exception and raised(failure):
        return f"{who(failure)} raised {exception_line(failure.exception)}"
    if out_of_memory(failure):
        return f"{who(failure)} ran out of memory"
    if failure.signal:
        return f"{who(failure)} was killed by {signal_name(failure.signal)}"
    if failure.kind in ("node-lost", "node-left"):
        verb = "was lost" if failure.kind == "node-lost" else "left"
        return f"node {failure.node} {verb}" + (f": {failure.message}" if failure.message else "")
    if failure.code is not None:
        return f"{who(failure)} exited with code {failure.code}{_parting(failure)}"
    return failure.message or f"{who(failure)} failed"


def _parting(failure: Failure) -> str:
    """What `sys.exit("no such file")` said; its record has only words for one with a number."""
    said = str((failure.exception or {}).get("message") or "").strip().splitlines()
    return f": {_short(said[0])}" if said and not said[0].startswith("exited with code") else ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def place(exception: Mapping[str, Any], workdir: str = "") -> tuple[str, ...]:
    """Where it was raised: `train.py:58 in forward:  x = self.attention(x)`.

    The innermost frame of the user's own code, since a line deep in a library names nobody's
    mistake; the innermost of all where there is no other.
    """
    frames = [frame for frame in exception.get("frames") or () if frame.get("file")]
    if not frames:
        return ()
    own = [frame for frame in frames if not _FOREIGN.search(str(frame["file"]))]
    frame = (own or frames)[-1]
    file = str(frame["file"])
    if workdir:
        file = file.removeprefix(workdir.rstrip("/") + "/")
    text = f"{file}:{frame.get('line')} in {frame.get('function')}"
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
