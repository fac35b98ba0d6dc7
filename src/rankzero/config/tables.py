"""A TOML file as a tree whose every value knows its line, as far as the format's own reader tells.

That reader gives values without places. So the lines are found with its help: a statement is the
least number of lines that it can read by themselves.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rankzero.config.files import File
from rankzero.spec.given import Given, from_python, literal
from rankzero.spec.paths import absolute
from rankzero.spec.problems import Place, Problem, shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST = 1024 * 1024
_HEADER = re.compile(r"\s*\[")
#: Defaults that are paths.
_PATHS = frozenset(("workdir", "outputs", "python"))
Keys = tuple[str, ...]


def table(file: File, problems: list[Problem]) -> Given:
    """What a file says; an empty tree where it is unreadable, which joins the problems.

    Relative paths in defaults are meant from the file's folder on.
    """
    name, text = str(file), ""
    try:
        text = _text(file)
        data: Any = tomllib.loads(text)
    except OSError as error:
        problems.append(Problem(Place(name), f"cannot be read: {error.strerror}"))
        return Given({})
    except ValueError as error:  # of TOML, and of UTF-8
        problems.append(_syntax_problem(error, name, text))
        return Given({})
    for depth, key in enumerate(file.inside, 1):
        data = data.get(key, {})
        if not isinstance(data, Mapping):
            place = _place_of(file, file.inside[:depth], text)
            problems.append(Problem(place, f"must be a table; got {shown(data)}"))
            return Given({})
    tree = from_python(data, Place(name), problems)
    return _based(_located(tree, _lines(text, file.inside)), file)


def _place_of(file: File, path: Keys, text: str) -> Place:
    """Of a key on the way to what is inside."""
    return Place(str(file), path, _lines(text, path[:-1]).get(path[-1:]))


def _text(file: File) -> str:
    with file.path.open("rb") as opened:
        data = opened.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("is larger than 1 MiB, which no configuration needs to be")
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def _syntax_problem(error: ValueError, name: str, text: str) -> Problem:
    said = re.fullmatch(r"(.*) \(at (line (\d+), column \d+|end of document)\)", str(error), re.S)
    if isinstance(error, UnicodeDecodeError):
        return Problem(Place(name), "is not UTF-8 text; save it as UTF-8")
    if said is None:
        return Problem(Place(name), str(error))
    line = int(said[3]) if said[3] else len(text.splitlines())
    return Problem(Place(name, line=line), f"is not TOML: {said[1][0].lower()}{said[1][1:]}")


def _located(tree: Given, lines: Mapping[Keys, int]) -> Given:
    """The tree with the line of each value, or of the nearest one around it."""

    def at(given: Given, path: Keys, line: int | None) -> Given:
        line = lines.get(path, line)
        placed = given._replace(place=given.place._replace(path=path, line=line))
        if isinstance(given.value, dict):
            inner = {key: at(one, (*path, key), line) for key, one in given.value.items()}
            return placed._replace(value=inner)
        if isinstance(given.value, list):
            items = [at(one, (*path, f"[{i}]"), line) for i, one in enumerate(given.value)]
            return placed._replace(value=items)
        return placed

    return at(tree, (), None)


def _lines(text: str, inside: Keys) -> dict[Keys, int]:
    """The line of each header and each key below `inside`."""
    found: dict[Keys, int] = {}
    here: Keys = ()
    for number, statement in _statements(text, inside):
        path = _path(statement)
        if _HEADER.match(statement):
            here, whole = path, path
        else:
            whole = (*here, *path)
        for end in range(len(inside) + 1, len(whole) + 1):
            if whole[: len(inside)] == inside:
                found.setdefault(whole[len(inside) : end], number)
    return found


def _statements(text: str, inside: Keys) -> Iterator[tuple[int, str]]:
    """(line, statement). Below foreign headers lines are passed by unread: a table of somebody
    else's may be long."""
    lines = text.split("\n")
    ours = not inside
    at = 0
    while at < len(lines):
        if _HEADER.match(lines[at]):
            ours = not inside or _path(lines[at])[: len(inside)] == inside
        elif not ours and at:
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines) + 1) if _read(lines[at:n])), at + 1)
        if _path("\n".join(lines[at:end])):
            yield at + 1, "\n".join(lines[at:end])
        at = end


def _read(lines: list[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except ValueError:
        return False
    return True


def _path(statement: str) -> Keys:
    """The key that a statement begins with, part by part."""
    try:
        data: Any = tomllib.loads(statement)
    except ValueError:
        return ()
    path: list[str] = []
    header = _HEADER.match(statement)
    while isinstance(data, dict) and len(data) == 1:
        ((key, data),) = data.items()
        path.append(key)
        data = data[0] if header and isinstance(data, list) and data else data
    return tuple(path)


def _based(tree: Given, file: File) -> Given:
    """The tree with the paths of its defaults made absolute."""
    tree = _with_paths(tree, file)
    profiles = tree.entries.get("profiles")
    if profiles is None or not profiles.entries:
        return tree
    inner = {name: _with_paths(one, file) for name, one in profiles.entries.items()}
    return tree.having(profiles=profiles._replace(value=inner))


def _with_paths(section: Given, file: File) -> Given:
    defaults = section.entries.get("defaults")
    if defaults is None:
        return section
    for key in _PATHS & defaults.entries.keys():
        given = defaults.entries[key]
        text = given.value if isinstance(given.value, str) else ""
        if text.strip() and (key != "python" or "/" in text):
            path = literal(absolute(text, file.path.parent), given.place)
            defaults = defaults.having(**{key: path})
    return section.having(defaults=defaults)
