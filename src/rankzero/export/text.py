"""Objects as YAML that reads as if somebody had typed it: keys in their order, lists indented,
texts of several lines as blocks, comments, and expressions of a template.

Comments, blocks and expressions are signs of Unicode's private use until the very end, since no
writer of YAML knows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from rankzero.spec.given import resolve

_NOTE, _BLOCK, _END = "\ue010", "\ue011", "\ue012"
_OPEN, _CLOSE = "\ue013", "\ue014"
_QUOTE = " | quote"
#: In a line: how far it is indented, and what lies in it.
DEPTH, DEEPER = "\ue015", "\ue016"
_WHOLE = re.compile(f"^( *)(?:- )?{_NOTE}([0-9]+){_END}(?:: null)?\n", re.MULTILINE)
_TEXT = re.compile(f"^( *)(.*){_BLOCK}([0-9]+){_END}\n", re.MULTILINE)
#: What YAML cannot have in a block.
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\uf900-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
#: Up to here a list of words stands on one line, where it is `Short`.
_WIDE = 78


class Short(list[Any]):
    """A list that stands on one line where there is room."""


class Octal(int):
    """A file's mode."""


def expression(text: str) -> str:
    """A place in a template that is filled in: `{{ text }}`."""
    return f"{_OPEN}{text}{_CLOSE}"


def spelt(value: Any) -> Any:  # noqa: ANN401
    """Data whose expressions are texts like any other, for a template that fills in texts: in
    those nothing has to be quoted."""
    if isinstance(value, str):
        return (
            value.replace(f"{_QUOTE}{_CLOSE}", _CLOSE).replace(_OPEN, "{{ ").replace(_CLOSE, " }}")
        )
    if isinstance(value, Mapping):
        return {key: spelt(one) for key, one in value.items()}
    return type(value)(map(spelt, value)) if isinstance(value, list) else value


def without(made: Mapping[str, Any], *keys: str, unsaid: Sequence[str] = ()) -> dict[str, Any]:
    """A mapping without some keys and the comments above them. unsaid: keys that lose these
    comments only."""
    found: dict[str, Any] = {}
    above: dict[str, Any] = {}
    for key, value in made.items():
        if key.startswith(_NOTE):
            above[key] = value
            continue
        if key not in keys:
            found |= {} if key in unsaid else above
            found[key] = value
        above = {}
    return {**found, **above}


def before(made: Mapping[str, Any], key: str, /, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A mapping with some entries more, in front of one."""
    found: dict[str, Any] = {}
    for name, value in made.items():
        found |= more if name == key else {}
        found[name] = value
    return found


def plainly(text: str) -> str:
    """A text that a template leaves as it is, also right before one of its expressions. Without
    quotation marks, which YAML may have to escape around it."""
    return text.replace("{{", "{{ `{{` }}").replace(f"{{{_OPEN}", f"{{{{ `{{` }}}}{_OPEN}")


def quoted(text: str) -> str:
    """A text as it is, also where a template makes all of it: that would be a number otherwise."""
    whole = text.startswith(_OPEN) and text.find(_CLOSE) == len(text) - 1
    return expression(f"{text[1:-1]}{_QUOTE}") if whole else text


def fits_block(text: str) -> bool:
    """Whether YAML can show it as it is, line by line."""
    return not _UNPRINTABLE.search(text)


class Page:
    """One file. Made for its comments, blocks and lines of templates, which are no values."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def line(self, text: str) -> str:
        """A key without a value, or an element of a list, that becomes these lines. Not the
        first key of an element."""
        self._kept.append(text)
        return f"{_NOTE}{len(self._kept) - 1}{_END}"

    def comment(self, text: str) -> str:
        """As `line`, a comment."""
        return self.line("\n".join(f"# {one}" for one in text.splitlines()))

    def noted(self, made: Mapping[str, Any], comments: Mapping[str, str]) -> dict[str, Any]:
        """A mapping with comments above some of its keys; not above the first one of an element."""
        found: dict[str, Any] = {}
        for key, value in made.items():
            if key in comments:
                found[self.comment(comments[key])] = None
            found[key] = value
        return found

    def block(self, text: str) -> str:
        """A value that stands as a block, line by line."""
        self._kept.append(text)
        return f"{_BLOCK}{len(self._kept) - 1}{_END}"

    def dump(self, *objects: Mapping[str, Any]) -> str:
        """The objects as one text of YAML."""
        return "---\n".join(self._filled(_dumped(one)) for one in objects)

    def template(self, made: Mapping[str, Any]) -> str:
        """The same as a template of Helm: what somebody wrote stays what it is."""
        text = self._filled(plainly(_dumped(made)))
        return text.replace(_OPEN, "{{ ").replace(_CLOSE, " }}")

    def _filled(self, text: str) -> str:
        text = _TEXT.sub(lambda at: _block(at[1], at[2], self._kept[int(at[3])]), text)
        return _WHOLE.sub(lambda at: _indented(self._kept[int(at[2])], at[1]), text)


def _block(indent: str, before: str, text: str) -> str:
    """`|`, with what YAML wants to know of a text that begins or ends unusually."""
    first = "2" if text[:1] in (" ", "\n", "\t") else ""
    ends = len(text) - len(text.rstrip("\n"))
    keeps = ends > 1 or ends == len(text)
    sign = "-" if not ends else "+" if keeps else ""
    inner = indent + "  "
    whole = text if not ends else text[:-1]
    shown = "".join(f"{inner}{line}\n" if line else "\n" for line in whole.split("\n"))
    return f"{indent}{before}|{first}{sign}\n{shown}"


def _indented(text: str, indent: str) -> str:
    depth = len(indent)
    lines = text.replace(DEPTH, str(depth)).replace(DEEPER, str(depth + 2)).split("\n")
    return "".join(f"{indent}{line}\n" if line else "\n" for line in lines)


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if isinstance(resolve(text), str) else '"'
    if "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _list(dumper: yaml.SafeDumper, items: Sequence[Any]) -> yaml.Node:
    room = sum(len(str(one)) + 4 for one in items) < _WIDE
    plain = all("\n" not in str(one) for one in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=room and plain)


def _octal(dumper: yaml.SafeDumper, mode: int) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:int", f"0{mode:o}")


_Dumper.add_representer(str, _string)
_Dumper.add_representer(Short, _list)
_Dumper.add_representer(Octal, _octal)


def _dumped(made: Mapping[str, Any]) -> str:
    text: str = yaml.dump(made, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
    return text
