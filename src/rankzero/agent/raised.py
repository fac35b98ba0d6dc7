"""An exception's record (see `starter_record`) in words, the same wherever they are read. Pure."""

import re
from typing import Any, Mapping, Optional

from rankzero.agent.process import ended_how

#: A title is one line of a screen; the whole message stands in the record.
LONGEST = 200
_FOREIGN = re.compile(r"(^<|/(site|dist)-packages/|/lib/python\d)")


def line(exception: Mapping[str, Any]) -> str:
    """`ValueError: what it said`, as one line of bounded length."""
    kind = str(exception.get("type") or "an exception")
    lines = str(exception.get("message") or "").strip().splitlines()
    return short("%s: %s" % (kind, lines[0].strip()) if lines else kind)


def parting(exception: Optional[Mapping[str, Any]]) -> str:
    """What `sys.exit("no such file")` said; empty for one with a number, whose record has only
    words for it."""
    said = str((exception or {}).get("message") or "").strip().splitlines()
    return short(said[0]) if said and not said[0].startswith("exited with code") else ""


def leaves(exception: Mapping[str, Any]) -> bool:
    """Whether it is `sys.exit`, which is a way to leave."""
    return exception.get("type") == "SystemExit"


def frame(exception: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    """The innermost frame of the user's own code, since a line deep in a library names nobody's
    mistake; the innermost of all where there is no other."""
    frames = [one for one in exception.get("frames") or () if one.get("file")]
    own = [one for one in frames if not _FOREIGN.search(str(one["file"]))]
    found: Optional[Mapping[str, Any]] = (own or frames or [None])[-1]
    return found


def place(exception: Mapping[str, Any], workdir: str = "") -> str:
    """`train.py:58 in forward`, from the work folder on; empty where nothing is known."""
    found = frame(exception)
    if found is None:
        return ""
    file, above = str(found["file"]), workdir.rstrip("/") + "/"
    near = file[len(above) :] if workdir and file.startswith(above) else file
    return "%s:%s in %s" % (near, found.get("line"), found.get("function"))


def how(code: int, exception: Optional[Mapping[str, Any]], workdir: str = "") -> str:
    """How a process ended, with what it has recorded: `raised ValueError: no rows (load.py:12 in
    load)`, `exited with code 1: no such file`. code: as `process.reap` has it."""
    if exception is None:
        return ended_how(code)
    if leaves(exception):
        said = parting(exception)
        return ended_how(code) + (": " + said if said else "")
    where = place(exception, workdir)
    return "raised %s%s" % (line(exception), " (%s)" % where if where else "")


def code(failure: Mapping[str, Any]) -> int:
    """Of a rank's failure record (see `autopsy`), its end as `process.reap` has it."""
    return int(failure["code"]) if failure.get("code") is not None else -int(failure["signal"])


def short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
