"""A job file's text into a tree whose every value knows its line.

Built from the parser's events and not from its nodes: depth, size and aliases stay bounded
whatever the file holds, and a word means what YAML 1.2 says (`no` is a word, not False).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from rankzero.spec.given import Given, resolve
from rankzero.spec.paths import meant
from rankzero.spec.problems import Place, Problem, SpecError

LARGEST = 1024 * 1024
DEEPEST = 20
MOST_VALUES = 100_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TOO_DEEP = f"is nested deeper than {DEEPEST} levels"
_TEXT_TAG = "tag:yaml.org,2002:str"
#: A parser's event. PyYAML's types do not know that a parsed one has its mark.
_Event: TypeAlias = Any


class _StopError(Exception):
    """Reading cannot go on."""

    def __init__(self, place: Place, message: str) -> None:
        self.problem = Problem(place, message)


def read_file(path: str) -> str:
    """A job file's text. Errors: SpecError for what is no readable UTF-8 file of at most 1 MiB."""
    place = Place(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise SpecError([Problem(place, f"there is no such file{meant(Path(path))}")]) from None
    except IsADirectoryError:
        raise SpecError([Problem(place, "is a folder; name the job file inside it")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError([Problem(place, f"cannot be read: {reason}")]) from None
    if len(data) > LARGEST:
        raise SpecError([Problem(place, "is larger than 1 MiB, which no job file needs to be")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"is not UTF-8 text (byte 0x{data[error.start]:02x}); save it as UTF-8"
        raise SpecError([Problem(place._replace(line=line), message)]) from None


def read_text(text: str, source: str, problems: list[Problem]) -> Given:
    """The tree in a YAML or JSON text. Duplicate keys join `problems`; what makes the rest
    unreadable raises SpecError at once."""
    builder = _Builder(source, problems)
    _build(builder, text, source, problems)
    root = builder.root
    if root is None or root.value is None:
        message = "is empty; the least that a job needs is `run: train.py`"
        raise SpecError([Problem(Place(source), message)])
    if not isinstance(root.value, dict):
        what = "a list" if isinstance(root.value, list) else "a single value"
        message = f"must be a mapping of keys, such as `run: train.py`; got {what}"
        raise SpecError([Problem(root.place, message)])
    return root


def read_documents(text: str, source: str, problems: list[Problem]) -> list[Given]:
    """Every document of a YAML text that holds something, as `read_text` reads one, whatever it
    is."""
    builder = _Builder(source, problems, many=True)
    _build(builder, text, source, problems)
    return [one for one in builder.documents if one.value is not None]


def _build(builder: _Builder, text: str, source: str, problems: list[Problem]) -> None:
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _StopError as stop:
        raise SpecError([*problems, stop.problem]) from None
    except yaml.MarkedYAMLError as error:
        raise SpecError([*problems, _syntax_problem(error, text, source)]) from None
    except (yaml.YAMLError, UnicodeError) as error:
        at = getattr(error, "position", 0)
        place = Place(source, line=text.count("\n", 0, at if isinstance(at, int) else 0) + 1)
        raise SpecError([*problems, Problem(place, _control_character(text))]) from None


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, source: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = text.splitlines()
    content = lines[line - 1] if 0 < line <= len(lines) else ""
    message = f"is not YAML: {error.problem or error.context}"
    if "nesting depth" in message:  # the parser's own limit, which it meets some events ahead
        message = _TOO_DEEP
    if re.match(r"\s*\t", content) or (mark and content[mark.column : mark.column + 1] == "\t"):
        message = "has a tab; YAML wants spaces there"
    return Problem(Place(source, line=line, column=mark.column + 1 if mark else None), message)


def _control_character(text: str) -> str:
    found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    return f"holds the control character {found[0]!r}" if found else "is not readable as YAML"


class _Open:
    """A mapping or a list that is still being read."""

    def __init__(
        self, value: dict[str, Given] | list[Given], place: Place, anchor: str | None
    ) -> None:
        self.value = value
        self.place = place
        self.anchor = anchor
        self.key: Given | None = None
        self.merging = False
        self.merges: list[Given] = []
        self.began_at = 0


class _Builder:
    def __init__(self, source: str, problems: list[Problem], *, many: bool = False) -> None:
        """many: whether there may be more than one document."""
        self.root: Given | None = None
        self.documents: list[Given] = []
        self._source = source
        self._many = many
        self._problems = problems
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Given, int]] = {}
        self._count = 0
        self._documents = 0

    def take(self, event: _Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._grow(1, event)
            self._put(self._scalar(event), event.anchor, 1, event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                itself = any(one.anchor == event.anchor for one in self._stack)
                what = "holds itself" if itself else f"has no `&{event.anchor}` before it"
                raise _StopError(self._place(event), f"`*{event.anchor}` {what}")
            given, size = self._anchors[event.anchor]
            self._grow(size, event)
            self._put(given, None, size, event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            self._anchors = {}
            if self._documents > 1 and not self._many:
                raise _StopError(
                    self._place(event), "a second document begins; a file holds one job"
                )

    def _place(self, event: _Event) -> Place:
        path: tuple[str, ...] = ()
        if self._stack:
            top = self._stack[-1]
            path = top.place.path
            if isinstance(top.value, list):
                path = (*path, f"[{len(top.value)}]")
            elif top.key is not None:
                # A value stands where its key stands: that is the line that people look for.
                return top.key.place
        mark = event.start_mark
        return Place(self._source, path, mark.line + 1, mark.column + 1)

    def _grow(self, size: int, event: _Event) -> None:
        self._count += size
        if self._count > MOST_VALUES:
            raise _StopError(self._place(event), f"holds more than {MOST_VALUES:,} values")

    def _scalar(self, event: _Event) -> Given:
        place = self._place(event)
        if event.tag not in (None, "!", _TEXT_TAG):
            raise _StopError(place, f"the tag {event.tag} has no meaning here")
        if event.implicit[0] and event.tag is None:
            return Given(resolve(event.value), place, event.value)
        return Given(event.value, place, event.value)

    def _open(self, event: _Event) -> None:
        place = self._place(event)
        self._grow(1, event)
        if event.tag not in (None, "!"):
            raise _StopError(place, f"the tag {event.tag} has no meaning here")
        if len(self._stack) >= DEEPEST:
            raise _StopError(place, _TOO_DEEP)
        top = self._stack[-1] if self._stack else None
        if top and isinstance(top.value, dict) and top.key is None:
            raise _StopError(place, "a key must be a word")
        mapping = isinstance(event, yaml.MappingStartEvent)
        opened = _Open({} if mapping else [], place, event.anchor)
        opened.began_at = self._count
        self._stack.append(opened)

    def _close(self, event: _Event) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merges:
                for key, one in merged.entries.items():
                    done.value.setdefault(key, one)
        size = self._count - done.began_at + 1
        self._put(Given(done.value, done.place), done.anchor, size, event)

    def _put(self, given: Given, anchor: str | None, size: int, event: _Event) -> None:
        if anchor:
            self._anchors[anchor] = (given, size)
        if not self._stack:
            self.root = given
            self.documents.append(given)
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.value.append(given)
        elif top.key is None:
            self._key(top, given, event)
        else:
            self._pair(top, top.key, given)
            top.key = None

    def _key(self, top: _Open, given: Given, event: _Event) -> None:
        mark = event.start_mark
        if not isinstance(event, yaml.ScalarEvent) or given.value is None:
            raise _StopError(given.place, "a key must be a word")
        path = (*top.place.path, given.text)
        place = Place(self._source, path, mark.line + 1, mark.column + 1)
        top.key = Given(given.text, place, given.text)
        top.merging = given.text == "<<" and event.implicit[0]

    def _pair(self, top: _Open, key: Given, given: Given) -> None:
        assert isinstance(top.value, dict)
        if top.merging:
            merged = given.items if isinstance(given.value, list) else [given]
            if any(not isinstance(one.value, dict) for one in merged):
                raise _StopError(key.place, "`<<` merges mappings only")
            top.merges.extend(merged)
        elif key.text in top.value:
            first = top.value[key.text].place.line
            message = f"is given twice, first in line {first}; keep one of them"
            self._problems.append(Problem(key.place, message))
        else:
            top.value[key.text] = given._replace(place=key.place)
