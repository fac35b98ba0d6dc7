"""A predictor's file, looked at without running it."""

from __future__ import annotations

import ast
from pathlib import Path

from rankzero.errors import BadRequest


def check(predictor: str, here: Path) -> str:
    """Its file, whose path is relative to here: `app.py` of `app.py:Predictor`. Errors: BadRequest,
    where to serve it could only fail."""
    file, _, name = predictor.rpartition(":")
    path = here / file
    if not file.endswith(".py") or not path.is_file():
        raise BadRequest(
            f'there is no predictor "{predictor}" in {here}.',
            "Write FILE.py:CLASS, such as app.py:Predictor",
        )
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError as error:
        said = f"{file}:{error.lineno}: {error.msg}; nothing was deployed."
        raise BadRequest(said) from None
    except (OSError, ValueError) as error:
        raise BadRequest(f"{file} cannot be read: {error}; nothing was deployed.") from None
    classes, others = [], set()
    for one in ast.walk(tree):
        if isinstance(one, ast.ClassDef):
            classes.append(one.name)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            others.add(one.id)
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            others.update(alias.asname or alias.name for alias in one.names)
    if name in classes or others & {name, "*"}:
        return file
    has = f" It has: {', '.join(classes)}." if classes else ""
    raise BadRequest(f"{file} has no class {name}; nothing was deployed.{has}")
