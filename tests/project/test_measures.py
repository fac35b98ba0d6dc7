"""The house measures of CONTRIBUTING, taken from the sources. Lines are counted without blanks."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

from .blocks import ROOT

MODULES = [p for p in sorted((ROOT / "src").rglob("*.py")) if p.stat().st_size]


def filled(lines: list[str]) -> int:
    return sum(bool(line.strip()) for line in lines)


def functions() -> dict[str, int]:
    """Every function and method of the package, with its length."""
    found = {}
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                found[place] = filled(lines[node.lineno - 1 : node.end_lineno])
    return found


def length(path: Path) -> int:
    return filled(path.read_text(encoding="utf-8").splitlines())


def test_modules_are_small() -> None:
    sizes = {str(path.relative_to(ROOT)): length(path) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert statistics.median(sizes.values()) <= 120


def test_functions_are_short() -> None:
    sizes = functions()
    assert {name: size for name, size in sizes.items() if size > 80} == {}
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 35
