"""From what was asked for to a service's plan on this machine: gather the facts, check, compile."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rankzero.backends.local import facts
from rankzero.backends.local.services import ports, taking
from rankzero.backends.local.services.folder import ServiceFolder, Services
from rankzero.backends.local.services.taking import Taken
from rankzero.errors import BadRequest, Refused
from rankzero.plan import local_service
from rankzero.plan.local import Facts
from rankzero.plan.local_service import Ground, LocalServicePlan, Process
from rankzero.serving.keeping import check_installed
from rankzero.serving.settings import READY, TOKEN
from rankzero.spec.given import Given
from rankzero.spec.model import Run
from rankzero.spec.names import default_name, valid
from rankzero.spec.services.making import make
from rankzero.spec.services.model import Service


def asked(
    options: Mapping[str, Any],
    *,
    predictor: str | None = None,
    file: Given | None = None,
    defaults: Given,
) -> Service:
    """predictor: a class, FILE.py:CLASS. file: the keys of a service, weaker than the options.
    Errors: SpecError."""
    said = file or Given({})
    options = dict(options)
    if predictor is not None:
        options["predictor"] = predictor
    predictor = options.get("predictor") or said.find(("predictor",)).text or None
    if predictor is not None and not {"ready"} & {*options, *said.entries}:
        options["ready"] = READY
    if "name" not in {*options, *said.entries}:
        options["name"] = _name(predictor, options.get("command"))
    return make(options, file=file, defaults=defaults, needed=())


def _name(predictor: str | None, command: Any) -> str:  # noqa: ANN401
    """A predictor's file's, or that of what a command runs."""
    if predictor is not None:
        return valid(Path(predictor.rpartition(":")[0]).stem, otherwise="service")
    return default_name(Run.model_construct(command=tuple(command))) if command else "service"


def plan(services: Services, service: Service, workdir: Path, owner: str = "") -> LocalServicePlan:
    """service: as it was said in the folder `workdir`. owner: who will keep it up to date. Nothing
    is started. Errors: BadRequest, Refused."""
    machine = facts.gather()
    local_service.check(service, machine)
    _can_run(service)
    taken = taking.take(taking.located(service, workdir), workdir.absolute(), machine)
    return planned(services, taken, workdir.absolute(), sys.executable, machine, owner=owner)


def planned(
    services: Services,
    taken: Taken,
    workdir: Path,
    python: str,
    machine: Facts,
    *,
    owner: str = "",
) -> LocalServicePlan:
    """A checked request whose code and model are known. Errors: Refused."""
    service = taken.service
    folder = services.folder(service.name)
    port = service.port or _port(services, folder)
    made = process(folder, service, workdir, python, port, machine)
    has_token = bool(os.environ.get(TOKEN)) or folder.token_file.exists()
    notices = tuple(local_service.notices(service, machine, token=has_token))
    return LocalServicePlan(
        service, made, port, str(workdir), python, owner, notices, code=taken.archive
    )


def process(
    folder: ServiceFolder, service: Service, workdir: Path, python: str, port: int, machine: Facts
) -> Process:
    """What is started for a version."""
    code = workdir
    if service.predictor is not None and service.code is not None:
        code = taking.code_of(folder.code, service.code.digest)
    token = folder.token_file if folder.token_file.exists() else None
    model = _kept_model(folder, service)
    ground = Ground(folder.path, code, service.python or python, port, token, model)
    return local_service.process(service, machine, ground)


def _kept_model(folder: ServiceFolder, service: Service) -> Path | None:
    """The version's own copy of its model, where it has one."""
    if service.model is None or service.weights is None:
        return None
    kept = taking.model_of(folder.models, service.weights.digest, Path(service.model))
    return kept if kept.exists() else None


def taken_ports(services: Services, but: str) -> set[int]:
    """Those of all services here, whether they run or not. but: of all others than this one."""
    found = set()
    for one in services:
        with contextlib.suppress(Refused):  # nobody can tell what it was to listen on
            port = None if one.name == but else one.record().listens_on
            found |= set() if port is None else {port}
    return found


def _port(services: Services, folder: ServiceFolder) -> int:
    kept = folder.record().port if folder.exists else None
    if kept is not None:
        return kept
    with contextlib.closing(ports.choose(taken_ports(services, folder.name))) as claim:
        return claim.port


def _can_run(service: Service) -> None:
    if service.predictor is None:
        return
    if service.python is None:
        check_installed()
    elif shutil.which(service.python) is None:
        raise BadRequest(f"python: {service.python} is not an interpreter that can be run.")
