"""What of a predictor travels: the server, the user's code, and a model that is small enough."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rankzero.backends.home import no_code
from rankzero.code.model_files import pack_model
from rankzero.code.predictors import packed
from rankzero.code.refusals import SMALLER, TooMuch
from rankzero.code.server_zip import server_zip
from rankzero.code.shipment import PART
from rankzero.errors import Refused
from rankzero.plan.kubernetes.services.sending import IN_IMAGE, ON_VOLUME, Cargo
from rankzero.spec.services.model import Service

#: What says of a model that it lies where the pods are.
_THERE = (ON_VOLUME, IN_IMAGE)
_SMALLER = (
    f"{SMALLER} Through a registry only the code of runs and pipelines travels: put what is large "
    "on the service's image (rankzero image build), and name it in .rankzeroignore."
)


def server() -> Cargo:
    """Errors: Refused."""
    program = server_zip()
    if len(program) > PART:
        raise Refused(f"the server takes {len(program):,} bytes, and {PART:,} is the most.")
    return Cargo("server", (program,), hashlib.sha256(program).hexdigest())


def code(predictor: str, here: Path) -> Cargo:
    """The folder, with the predictor's file in it. Errors: BadRequest, Refused."""
    try:
        shipped = packed(here, predictor, no_code(None))
    except TooMuch as error:
        raise error.advised(_SMALLER) from None
    return Cargo("code", shipped.parts, shipped.digest)


def model(named: str, here: Path) -> Cargo | None:
    """here: what its path is relative to. None for one that does not travel. Errors: BadRequest,
    Refused where it is too large."""
    if named.startswith(_THERE):
        return None
    path = here / named
    shipped = pack_model(path)
    return Cargo("model", shipped.parts, shipped.digest, path.name if path.is_file() else "")


def loaded(service: Service, cargo: list[Cargo]) -> Service:
    """The request, with where all that lies. What is sent anew takes the old one's place."""
    keys = {"server": "program", "code": "code", "model": "weights"}
    sent = {keys[one.what]: one.sent(service.name) for one in cargo}
    if service.model is None or service.model.startswith(_THERE):
        sent["weights"] = None  # type: ignore[assignment]
    return service.model_copy(update=sent)
