"""A predictor's file, and the folder that it is in: looked at without running any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from rankzero.code.refusals import outside
from rankzero.code.shipment import Shipment, pack
from rankzero.errors import BadRequest


def packed(workdir: Path, predictor: str, skip: Iterable[Path]) -> Shipment:
    """The folder, with the predictor's file. predictor: `app.py:Predictor`. skip: what is no code.
    Errors: BadRequest, also for what could only fail where it is served; Refused."""
    file, _, name = predictor.rpartition(":")
    if not file.endswith(".py") or not (workdir / file).is_file():
        raise BadRequest(
            f'there is no predictor "{predictor}" in {workdir}.',
            "Write FILE.py:CLASS, such as app.py:Predictor",
        )
    if not (workdir / file).resolve().is_relative_to(workdir.resolve()):
        raise outside(file, workdir)
    _check(workdir / file, file, name)
    return pack(workdir, file, skip=skip)


def _check(path: Path, file: str, name: str) -> None:
    """What the file says of its names. Errors: BadRequest."""
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
        return
    has = f" It has: {', '.join(classes)}." if classes else ""
    raise BadRequest(f"{file} has no class {name}; nothing was deployed.{has}")
