"""Pages made from the code itself, so that no second text can differ from it.

A page holds a line `<!-- generated: NAME -->`; before Sphinx reads the page, the line becomes the
Markdown that the function of that name in `PARTS` returns.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

import rankzero
from rankzero.cli import main as cli

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)


def commands() -> str:
    """Every verb of the command line: its usage, its help, its options."""
    return "\n\n".join(_command(name, command) for name, command in verbs())


def verbs() -> Iterator[tuple[str, click.Command]]:
    """Every visible verb by its full name, in the order of `rankzero --help`."""
    yield from _walk(cli.cli, "rankzero")


def _walk(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=prefix)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _walk(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = [
        record
        for param in command.get_params(context)
        if (record := param.get_help_record(context)) is not None
    ]
    return "\n\n".join(
        [f"## {name}", f"```text\n{usage}\n```", _prose(command.help or ""), _options(rows)]
    )


def _prose(text: str) -> str:
    r"""Click's help as Markdown: a paragraph after \b keeps its lines."""
    paragraphs = inspect.cleandoc(text).replace("\f", "").split("\n\n")
    return "\n\n".join(
        f"```text\n{p[1:].strip(chr(10))}\n```" if p.startswith("\b") else _escaped(p)
        for p in paragraphs
    )


def _options(rows: list[tuple[str, str]]) -> str:
    lines = ["| option | meaning |", "|---|---|"]
    lines += [f"| `{_cell(names)}` | {_escaped(_cell(text))} |" for names, text in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Signs that Markdown would take for markup, outside of `code`."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([*<>\[\]_$])", r"\\\1", p) for p in parts)


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
        title = _signature(f"{owner}.{name}", member).replace("(self, ", "(").replace("(self)", "()")
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
    return _escaped("\n".join(listed))


#: What a page may ask for.
PARTS: dict[str, Callable[[], str]] = {"commands": commands, "names": names}


def _fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = _MARK.sub(lambda mark: PARTS[mark[1]](), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
