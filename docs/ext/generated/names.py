"""The Python interface, from the package: every public name, its signature and its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import rankzero
from rankzero.handle import Handle, Result
from rankzero.pipelines.handle import PipelineHandle, PipelineResult
from rankzero.script.steps import Pipeline, Step

from .markdown import escaped

_GIVEN = (Handle, Result, Step, Pipeline, PipelineHandle, PipelineResult)
_ITEM = re.compile(r"(?:^|(?<=\. ))([a-z]\w*(?:, [a-z]\w*)*): ")


def names() -> str:
    """Every public name of the package, then what its functions give back."""
    parts = [_name(f"rankzero.{name}", thing) for name, thing in public().items()]
    parts += [_name(kind.__name__, kind) for kind in _GIVEN]
    return "\n\n".join(parts)


def public() -> dict[str, object]:
    """The documented public names: functions first, then classes, then errors."""
    things = {name: getattr(rankzero, name) for name in rankzero.__all__ if name[0] != "_"}
    return dict(sorted(things.items(), key=_order))


def _order(item: tuple[str, object]) -> tuple[bool, bool, str]:
    name, thing = item
    return isinstance(thing, type), _is_error(thing), name


def _is_error(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseException)


def _name(title: str, thing: object) -> str:
    parts = [f"## {title}", _docstring(thing)]
    if _is_error(thing):
        parts.append(f"Exit code {getattr(thing, 'exit_code', 'none of its own')}.")
    elif callable(thing) and not isinstance(thing, type):
        parts.insert(1, f"```text\n{_signature(title, thing)}\n```")
    elif isinstance(thing, type):
        parts += [_member(thing.__name__, *member) for member in _members(thing)]
    return "\n\n".join(parts)


def _signature(name: str, thing: Callable[..., object]) -> str:
    try:
        signature = inspect.signature(thing)
    except ValueError:
        return name
    text = f"{name}{signature}".replace("'", "")
    return text if len(text) <= 90 else _wrapped(name, signature)


def _wrapped(name: str, signature: inspect.Signature) -> str:
    lines, starred = [f"{name}("], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines.append("    *,")
            starred = True
        starred = starred or parameter.kind is parameter.VAR_POSITIONAL
        lines.append(f"    {parameter},")
    back = signature.return_annotation
    lines.append(")" if back is signature.empty else f") -> {back}")
    return "\n".join(lines).replace("'", "")


def _members(thing: type) -> Iterator[tuple[str, object]]:
    """The public methods and properties that a class itself defines, as written."""
    for name, member in vars(thing).items():
        known = inspect.isfunction(member) or isinstance(member, property)
        if known and not name.startswith("_"):
            yield name, member


def _member(owner: str, name: str, member: object) -> str:
    title = f"{owner}.{name}"
    if callable(member):
        title = re.sub(r"\((\n    )?self(, |,|(?=\)))", "(", _signature(title, member))
    return f"```text\n{title}\n```\n\n{_docstring(member)}"


def _docstring(thing: object) -> str:
    """A docstring as Markdown. What has the form `name: meaning. other: meaning.` is a list."""
    paragraphs = (inspect.getdoc(thing) or "").split("\n\n")
    return escaped("\n\n".join(_paragraph(" ".join(p.split())) for p in paragraphs))


def _paragraph(text: str) -> str:
    text, _, errors = text.partition(" Errors: ")
    if _ITEM.match(text):
        starts = [m.start() for m in _ITEM.finditer(text)] + [len(text)]
        items = [text[a:b].strip() for a, b in pairwise(starts)]
        text = "\n".join(_ITEM.sub(r"- `\1`: ", item) for item in items)
    return f"{text}\n\nErrors: {errors}" if errors else text
