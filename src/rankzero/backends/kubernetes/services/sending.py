"""What of a predictor travels: the server, the user's code, and a model that is small enough."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from rankzero.backends.home import no_code
from rankzero.code.model_files import pack_model
from rankzero.code.refusals import outside
from rankzero.code.server_zip import server_zip
from rankzero.code.shipment import PART, pack
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes.services.sending import IN_IMAGE, ON_VOLUME, Cargo
from rankzero.spec.services.model import Service

#: What says of a model that it lies where the pods are.
_THERE = (ON_VOLUME, IN_IMAGE)


def server() -> Cargo:
    """Errors: Refused."""
    program = server_zip()
    if len(program) > PART:
        raise Refused(f"the server takes {len(program):,} bytes, and {PART:,} is the most.")
    return Cargo("server", (program,), hashlib.sha256(program).hexdigest())


def code(predictor: str) -> Cargo:
    """The folder that one is in, with the predictor's file. Errors: BadRequest, Refused."""
    file, _, name = predictor.rpartition(":")
    here = Path.cwd()
    if not file.endswith(".py") or not (here / file).is_file():
        raise BadRequest(
            f'there is no predictor "{predictor}" in {here}.',
            "Write FILE.py:CLASS, such as app.py:Predictor",
        )
    if not (here / file).resolve().is_relative_to(here.resolve()):
        raise outside(file, here)
    _check(here / file, file, name)
    shipped = pack(here, file, skip=no_code(None))
    return Cargo("code", shipped.parts, shipped.digest)


def _check(path: Path, file: str, name: str) -> None:
    """What the file says of its names, without running it. Errors: BadRequest, where a pod could
    only fail."""
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


def model(named: str) -> Cargo | None:
    """None for one that does not travel. Errors: BadRequest, Refused where it is too large."""
    if named.startswith(_THERE):
        return None
    path = Path(named)
    shipped = pack_model(path)
    return Cargo("model", shipped.parts, shipped.digest, path.name if path.is_file() else "")


def loaded(service: Service, cargo: list[Cargo]) -> Service:
    """The request, with where all that lies. What is sent anew takes the old one's place."""
    keys = {"server": "program", "code": "code", "model": "weights"}
    sent = {keys[one.what]: one.sent(service.name) for one in cargo}
    if service.model is None or service.model.startswith(_THERE):
        sent["weights"] = None  # type: ignore[assignment]
    return service.model_copy(update=sent)
