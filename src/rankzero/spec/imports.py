"""What a Python file imports and names, read from its syntax tree; nothing is run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_LARGEST = 1024 * 1024


class Uses(NamedTuple):
    """imports: modules in the order they are imported, relative ones with their dots. names:
    dotted names that are used, with import aliases undone. settings: environment variables that
    the file sets to a constant."""

    imports: tuple[str, ...]
    names: frozenset[str]
    settings: dict[str, str]


def uses(file: Path) -> Uses | None:
    """None for what cannot be read or is no Python that this interpreter knows."""
    try:
        if file.stat().st_size > _LARGEST:
            return None
        source = file.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        return _uses(tree)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def local_files(module: str, folders: list[Path], file: Path) -> Iterator[Path]:
    """The files in the user's folders that an import of `module` in `file` would read."""
    dots = len(module) - len(module.lstrip("."))
    parts = module.lstrip(".").split(".")
    if dots:
        folders = [([file.parent, *file.parent.parents] + [Path("/")] * dots)[dots - 1]]
    for folder in folders:
        path = folder.joinpath(*parts)
        for candidate in (folder.joinpath(*parts[:-1], f"{parts[-1]}.py"), path / "__init__.py"):
            if candidate.is_file():
                yield candidate
                return


def _uses(tree: ast.Module) -> Uses:
    imports: dict[str, None] = {}
    aliases: dict[str, str] = {}
    names: set[str] = set()
    settings: dict[str, str] = {}
    nodes = list(_nodes(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                imports[alias.name] = None
                first = alias.name.partition(".")[0]
                aliases[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            if node.module:
                imports[module] = None
            for alias in node.names:
                whole = f"{module}.{alias.name}" if node.module else f"{module}{alias.name}"
                imports[whole] = None
                aliases[alias.asname or alias.name] = whole
        elif isinstance(node, ast.Assign):
            settings.update(_setting(node))
    for node in nodes:
        if isinstance(node, ast.Attribute) and (name := _dotted(node)):
            first, _, rest = name.partition(".")
            if first in aliases:
                names.add(f"{aliases[first]}.{rest}")
    return Uses(tuple(imports), frozenset(names), settings)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node in the order of the text, without what only a type checker reads."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            children = list(node.orelse)
        waiting.extend(reversed(children))


def _dotted(node: ast.Attribute) -> str | None:
    parts: list[str] = []
    here: ast.expr = node
    while isinstance(here, ast.Attribute):
        parts.append(here.attr)
        here = here.value
    if not isinstance(here, ast.Name):
        return None
    return ".".join([here.id, *reversed(parts)])


def _setting(node: ast.Assign) -> Iterator[tuple[str, str]]:
    """`os.environ["NAME"] = "value"`."""
    for target in node.targets:
        if (
            isinstance(target, ast.Subscript)
            and isinstance(target.value, ast.Attribute)
            and target.value.attr == "environ"
            and isinstance(target.slice, ast.Constant)
            and isinstance(node.value, ast.Constant)
        ):
            yield str(target.slice.value), str(node.value.value)
