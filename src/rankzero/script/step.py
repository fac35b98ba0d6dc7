"""The process of a step that is a function: `python -m rankzero.script.step FILE FUNCTION WORD...`.

A word `NAME:KIND=TEXT` is an argument; `NAME:KIND+=TEXT` is one more of a list; `NAME:KIND[]=TEXT`
is all of a step that went through a list. A word `NAME:KIND` says what is handed on: what the
function returns, or, where the name begins with a dot, that part of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

from rankzero.script import imported

#: This module, as `python -m` knows it.
MODULE = "rankzero.script.step"
_ARGUMENT = re.compile(r"([^\W\d]\w*):(\w+)(\[\]|\+)?=(.*)", re.DOTALL)
_HANDED = re.compile(r"(\.?)([a-z][a-z0-9_-]*):(\w+)")
_TRUTHS = {"true": True, "True": True, "false": False, "False": False}


class Handed(NamedTuple):
    """part: whether it is a part of what is returned. kind: see `read`; `Path` for a file or
    folder."""

    name: str
    part: bool
    kind: str


def main() -> None:
    """Call it. Errors: SystemExit for what it was given or returns; whatever it raises."""
    file, name, *words = sys.argv[1:]
    where = "%s:%s" % (os.path.basename(file), name)
    handed = [
        Handed(found[2], bool(found[1]), found[3])
        for found in map(_HANDED.fullmatch, words)
        if found
    ]
    try:
        given = arguments(words)
    except ValueError as error:
        sys.exit("%s: %s" % (where, error))
    result = imported.function(file, name)(**given)
    if os.environ.get("RANKZERO_RANK", "0") != "0":
        return  # of a job's ranks the first one speaks for all
    try:
        hand_on(result, handed, Path(os.environ["RANKZERO_OUTPUTS"]))
    except (ValueError, TypeError, OSError) as error:
        sys.exit("%s: %s" % (where, error))
    if result is not None and not handed:
        print(  # noqa: T201
            "note: %s returned %s, which is not handed on: it has no return type"
            % (where, _shown(result)),
            file=sys.stderr,
        )


def arguments(words: List[str]) -> Dict[str, Any]:
    """By parameter. Errors: ValueError for a text that is not of its kind."""
    given: Dict[str, Any] = {}
    for found in filter(None, map(_ARGUMENT.fullmatch, words)):
        name, kind, many, text = found.groups()
        try:
            if many == "+":
                given.setdefault(name, []).append(read(kind, text))
            elif many:
                given[name] = _read_all(kind, text)
            else:
                given[name] = read(kind, text)
        except ValueError:
            shown = text if len(text) <= 60 else text[:56] + "..."
            raise ValueError("`%s` must be %s; got %s" % (name, SAID[kind], shown)) from None
    return given


def read(kind: str, text: str) -> Any:
    """A value from its text. Errors: ValueError."""
    return _READ[kind](text)


def _read_all(kind: str, text: str) -> List[Any]:
    """Of many parts: a folder with `0`, `1`, ..., or a list of their texts in JSON."""
    if kind == "Path":
        return sorted(Path(text).iterdir(), key=lambda path: int(path.name))
    return [read(kind, one) for one in json.loads(text)]


def _truth(text: str) -> bool:
    if text not in _TRUTHS:
        raise ValueError(text)
    return _TRUTHS[text]


def _whole(kind: type) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError(text)
        return value

    return parse


def _anything(text: str) -> Any:
    """What is no JSON is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


_READ: Dict[str, Callable[[str], Any]] = {
    "Path": Path,
    "str": str,
    "int": int,
    "float": float,
    "bool": _truth,
    "list": _whole(list),
    "dict": _whole(dict),
    "json": json.loads,
    "any": _anything,
}
#: What each kind is called.
SAID = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "json": "JSON",
    "any": "a value",
    "Path": "a path",
}


def hand_on(result: Any, handed: List[Handed], folder: Path) -> None:
    """Leave what a function has returned. Errors: ValueError, TypeError for what is not as it was
    said to be; OSError."""
    for at, one in enumerate(handed):
        value = _part(result, one.name, at) if one.part else result
        if one.kind == "Path":
            _leave(value, one.name, folder / one.name)
        else:
            text = _text(value, one)
            (folder / one.name).write_text(text + "\n", encoding="utf-8")


def _part(result: Any, name: str, at: int) -> Any:
    """By its place in a tuple, of whichever kind; else by its name."""
    if isinstance(result, dict):
        return result.get(name)
    if isinstance(result, (tuple, list)) and at < len(result):
        return result[at]
    if hasattr(result, name):
        return getattr(result, name)
    raise TypeError("it returned %s, which has no `%s`" % (_shown(result), name))


def _leave(value: Any, name: str, place: Path) -> None:
    """A file or folder that is among the outputs already is moved to its name; another one may be
    somebody's, and is copied."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(_wrong(name, "a path", value))
    path = Path(os.path.abspath(value))
    if not path.exists():
        raise ValueError("`%s` must be a file or a folder; there is no %s" % (name, path))
    if path == place:
        return
    if place.parent in path.parents:
        path.rename(place)
    elif path.is_dir():
        shutil.copytree(str(path), str(place), symlinks=True)
    else:
        shutil.copyfile(str(path), str(place))


def _text(value: Any, one: Handed) -> str:
    """A value as those who come after read it. What holds one number, as a tensor does, is that."""
    if hasattr(value, "item") and one.kind in ("int", "float", "bool", "json"):
        value = value.item()
    number = one.kind in ("int", "float")
    if not isinstance(value, _TYPES[one.kind]) or (number and isinstance(value, bool)):
        raise TypeError(_wrong(one.name, SAID[one.kind], value))
    if isinstance(value, str) and one.kind in ("str", "any"):
        return value
    if one.kind == "float":
        return repr(float(value))
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise TypeError("`%s` cannot be handed on: %s" % (one.name, error)) from None


_TYPES: Dict[str, Any] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": (list, tuple),
    "dict": dict,
    "json": object,
    "any": object,
}


def _wrong(name: str, wanted: str, value: Any) -> str:
    return "`%s` must be %s; it returned %s" % (name, wanted, _shown(value))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:56] + "..."


if __name__ == "__main__":
    main()
