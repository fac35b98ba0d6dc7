"""The command line, from click: every verb's usage, help and options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from rankzero.cli.verbs import rankzero as command_line

from .markdown import cell, escaped, table


def commands() -> str:
    """Every verb of the command line: its usage, its help, its options."""
    return "\n\n".join(_command(name, command) for name, command in verbs())


def verbs() -> Iterator[tuple[str, click.Command]]:
    """Every visible verb by its full name, in the order of `rankzero --help`."""
    yield from _walk(command_line, "rankzero")


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
    options = [param for param in command.params if isinstance(param, click.Option)]
    rows = [row for option in options if (row := option.get_help_record(context)) is not None]
    help_, epilog = _prose(command.help or ""), _prose(command.epilog or "")
    parts = [f"## {name}", f"```text\n{usage}\n```", help_, epilog, _options(rows)]
    return "\n\n".join(part for part in parts if part)


def _prose(text: str) -> str:
    r"""Click's help as Markdown: a paragraph after \b keeps its lines."""
    paragraphs = inspect.cleandoc(text).replace("\f", "").split("\n\n")
    return "\n\n".join(
        f"```text\n{inspect.cleandoc(p[1:])}\n```" if p.startswith("\b") else escaped(p)
        for p in paragraphs
    )


def _options(rows: list[tuple[str, str]]) -> str:
    cells = ((f"`{cell(names)}`", escaped(cell(text))) for names, text in rows)
    return table(("option", "meaning"), cells)
