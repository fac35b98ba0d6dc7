"""The Python interface, from the package: every public name, its signature and its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator

import rankzero

from .markdown import escaped


def names() -> str:
    """Every public name of the package: its signature and its docstring."""
    return "\n\n".join(_name(name) for name in sorted(rankzero.__all__, key=_order))


def _order(name: str) -> tuple[bool, bool, str]:
    thing = getattr(rankzero, name)
    return isinstance(thing, type), _is_error(thing), name


def _is_error(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseException)


def _name(name: str) -> str:
    thing = getattr(rankzero, name)
    parts = [f"## rankzero.{name}", _docstring(thing)]
    if _is_error(thing):
        parts.append(f"Exit code {thing.exit_code}." if hasattr(thing, "exit_code") else "")
    elif callable(thing):
        parts.insert(1, f"```text\n{_signature(name, thing)}\n```")
        parts += [_member(name, *member) for member in _members(thing)]
    return "\n\n".join(part for part in parts if part)


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


def _members(thing: object) -> Iterator[tuple[str, object]]:
    """The public methods and properties that a class itself defines, as written."""
    if isinstance(thing, type):
        for name, member in vars(thing).items():
            known = inspect.isfunction(member) or isinstance(member, property)
            if known and not name.startswith("_"):
                yield name, member


def _member(owner: str, name: str, member: object) -> str:
    if isinstance(member, property):
        title = f"{owner}.{name}"
    else:
        title = (
            _signature(f"{owner}.{name}", member).replace("(self, ", "(").replace("(self)", "()")
        )
        title = re.sub(r"\(\n    self,", "(", title)
    return f"```text\n{title}\n```\n\n{_docstring(member)}"


def _docstring(thing: object) -> str:
    """A docstring as Markdown: `name: meaning` lines become a list."""
    text = inspect.getdoc(thing) or ""
    if isinstance(thing, type) and thing.__doc__ is None:
        text = ""
    lines = [re.sub(r"^([a-z][\w, ]*): (?=\S)", r"- `\1`: ", line) for line in text.splitlines()]
    listed = [
        f"\n{line}" if line.startswith("- ") and not before.startswith(("- ", " ")) else line
        for before, line in zip(["", *lines], lines, strict=False)
    ]
    return escaped("\n".join(listed))
