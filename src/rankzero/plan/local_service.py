"""A service as a process of this machine. Pure: what is known of the machine comes as `Facts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from rankzero.errors import BadRequest, Refused
from rankzero.plan import agents
from rankzero.plan.kubernetes.services.sending import IN_IMAGE, ON_VOLUME
from rankzero.plan.local import Facts, folders, said
from rankzero.plan.model import Checked
from rankzero.serving import spawning
from rankzero.spec.services.model import Service

#: What only a cluster has a use for; `live` is asked by nobody here.
_CLUSTERS = (
    *("image", "pull", "pull_secrets", "expose", "node_port", "autoscale", "at_cpu", "drain"),
    *("cpu", "memory", "resources", "shm", "env_from", "node_selector", "tolerations", "live"),
    *("user", "service_account", "priority_class", "pod"),
)
#: Beyond its own limits, what a model server may take to end before it is killed (seconds).
_SLACK = 10.0


@dataclass(frozen=True)
class Process:
    """What is kept alive. env: beside the environment of whoever starts it; grace: between SIGTERM
    and SIGKILL (seconds). settings: of a model server, as a file that argv names."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    workdir: str
    grace: float
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Ground:
    """Where a service stands. folder: its own; code: where its program is looked for. token: a file
    with what clients of a predictor have to say, where there is one; model: its own copy of its
    model, where it has one."""

    folder: PurePath
    code: PurePath
    python: str
    port: int
    token: PurePath | None = None
    model: PurePath | None = None


@dataclass(frozen=True)
class LocalServicePlan:
    """A service of this machine, before it is started. service: with the digests of its code and
    its model. workdir: the folder that it was said in."""

    service: Service
    process: Process
    port: int
    workdir: str
    python: str
    owner: str = ""
    notices: tuple[str, ...] = ()
    checks: tuple[Checked, ...] = ()
    #: The archive of a predictor's code.
    code: bytes | None = field(default=None, repr=False)

    where = "local"

    def summary(self) -> tuple[str, ...]:
        return (program(self.service), f"port {self.port}", self.where)

    def documents(self) -> tuple[Mapping[str, Any], ...]:
        return (self._process(),)

    def to_json(self) -> dict[str, Any]:
        """The schema of `serve deploy --dry-run --output json`."""
        return {
            "service": self.service.name,
            "where": self.where,
            "request": self.service.to_json(),
            "notices": list(self.notices),
            "manifests": [],
            "process": self._process(),
            "checks": [],
        }

    def _process(self) -> dict[str, Any]:
        made = self.process
        settings = {} if made.settings is None else {"settings": dict(made.settings)}
        plain = {"argv": list(made.argv), "env": dict(made.env), "workdir": made.workdir}
        return {**plain, "port": self.port, "grace": made.grace, **settings}


def check(service: Service, facts: Facts) -> None:
    """Errors: BadRequest for what no machine of one's own has; Refused for more than this has."""
    name = service.name
    if service.predictor is None and not service.command:
        has = "has an image alone, and none runs here" if service.image else "says nothing to run"
        raise BadRequest(
            f"{name} {has}: what this machine serves are processes of its own.",
            "Say a predictor (app.py:Predictor), or a command after --; a cluster runs images: "
            "--on kubernetes",
        )
    if service.model is not None and service.model.startswith(IN_IMAGE):
        raise BadRequest(
            f"{name}: its model {service.model} lies in an image, and there is none on this "
            "machine.",
            "Name a file or a folder: --model outputs/",
        )
    claim = _claim(service)
    if claim is not None and claim[0] not in facts.volumes:
        raise BadRequest(
            f"{name}: there is no volume {claim[0]} on this machine, on which its model would be.",
            "See them: rankzero volume list --on local",
        )
    if (service.gpus or 0) > len(facts.devices):
        has = f"this machine has {len(facts.devices)}"
        raise Refused(f"{name} asks for {service.gpus} GPUs, {has}.", "Ask for less: --gpus")


def process(service: Service, facts: Facts, ground: Ground) -> Process:
    """How it is run. The service passed `check`."""
    env = {**agents.volumes(folders(service.volumes, facts, ground.folder)), **service.env}
    if service.gpus is not None and facts.devices:
        env["CUDA_VISIBLE_DEVICES"] = ",".join(facts.devices[: service.gpus])
    if service.predictor is None:
        env["PORT"] = str(ground.port)
        return Process(tuple(service.command), env, str(ground.code), service.grace)
    argv = (ground.python, "-c", spawning.boot("rankzero.serving.__main__"))
    return Process(
        (*argv, str(ground.folder / "serve.json")),
        env,
        str(ground.code),
        service.grace + _SLACK,
        _settings(service, facts, ground),
    )


def model(service: Service, facts: Facts) -> str | None:
    """Where a predictor finds its model."""
    claim = _claim(service)
    if claim is None:
        return service.model
    return str(PurePath(facts.volumes[claim[0]], claim[1]))


def program(service: Service) -> str:
    """What runs, in a few words."""
    if service.predictor is None:
        return " ".join(service.command)
    workers = int(service.server.get("workers", 1))
    return service.predictor + (f", {workers} workers" if workers > 1 else "")


def notices(service: Service, facts: Facts, *, token: bool = False) -> Iterator[str]:
    """What of the request has another meaning here, or none. token: whether there is one that
    clients have to say."""
    ignored = {*said(service, _CLUSTERS)}
    here = folders(service.volumes, facts, PurePath())
    if not service.volumes.keys() <= here.keys():
        ignored.add("volumes")
    if ignored:
        yield f"ignored on one machine: {', '.join(sorted(ignored))}"
    if service.replicas > 1:
        how = "" if service.predictor is None else "; it has workers: --workers"
        yield f"replicas: one process has the port on one machine{how}"
    for name, place in here.items():
        variable = next(iter(agents.volumes({name: place})))
        yield f"volume {name}: {place}, which it finds in {variable}; nothing is mounted here"
    if service.secrets:
        names = ", ".join(sorted(service.secrets))
        yield f"no Secrets on one machine: {names} are as your environment has them"
    if service.token is not None and not token:
        yield (
            "no Secrets on one machine: without a token in RANKZERO_SERVE_TOKEN, whoever is on "
            "this machine may use it"
        )


def _settings(service: Service, facts: Facts, ground: Ground) -> dict[str, Any]:
    return {
        "predictor": service.predictor,
        "model": model(service, facts) if ground.model is None else str(ground.model),
        "port": ground.port,
        "grace": service.grace,
        "token_file": None if ground.token is None else str(ground.token),
        **service.server,
    }


def _claim(service: Service) -> tuple[str, str] | None:
    """The volume with the model, and its place there, where it lies on one. A volume that the
    service declares is meant by its name there."""
    if service.model is None or not service.model.startswith(ON_VOLUME):
        return None
    name, _, inner = service.model.removeprefix(ON_VOLUME).partition("/")
    declared = service.volumes.get(name)
    return (declared.claim or name if declared else name), inner
