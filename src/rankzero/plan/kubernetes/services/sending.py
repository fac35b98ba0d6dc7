"""A predictor's pods beyond what they serve with: what travels, and how it is started."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rankzero.agent.server import CONFIG
from rankzero.plan.kubernetes import layout, objects, pod, starting
from rankzero.serving.settings import TOKEN
from rankzero.spec.services.model import Sent, Service

#: A ConfigMap a part, each under a name that says its content: versions that are alike share them,
#: and those that are not leave each other's alone.
_SHORT = 10
#: Where the model is, where it does not travel.
ON_VOLUME, IN_IMAGE = "volume:", "image:"


class Cargo(NamedTuple):
    """Something that travels. what: `server`, `code` or `model`. file: of a single one its name."""

    what: str
    parts: Sequence[bytes]
    digest: str
    file: str = ""

    def sent(self, service: str) -> Sent:
        name = f"{service}-{self.what}-{self.digest[:_SHORT]}"
        return Sent(name=name, digest=self.digest, parts=len(self.parts), file=self.file)


def config_maps(
    service: str, labels: Mapping[str, str], cargo: Cargo
) -> Iterator[tuple[dict[str, Any], str, bytes]]:
    """Each ConfigMap, the word that stands for its bytes, and the bytes."""
    for at, part in enumerate(cargo.parts):
        word = "sha256:" + hashlib.sha256(part).hexdigest()
        name = f"{cargo.sent(service).name}-{at}"
        key = "server.zip" if cargo.what == "server" else f"{at:03d}"
        yield objects.config_map(name, labels, {}, {key: word}), word, part


def command(service: Service) -> list[str]:
    """What runs in the container; `$(NAME)` would be filled in by Kubernetes."""
    if service.predictor is None:
        return [word.replace("$(", "$$(") for word in service.command]
    return starting.server(service.python)


def folder(service: Service) -> str | None:
    return None if service.predictor is None else layout.OWN


def environment(service: Service) -> list[dict[str, Any]]:
    if service.predictor is None:
        return []
    found: dict[str, dict[str, Any]] = {name: {"value": text} for name, text in pod.HOME.items()}
    config = json.dumps(_config(service), sort_keys=True)
    found[CONFIG] = {"value": config.replace("$(", "$$(")}
    if service.token is not None:
        found[TOKEN] = pod.from_secret(service.token)
    return [{"name": name, **value} for name, value in found.items() if name not in service.env]


def volumes(service: Service) -> list[dict[str, Any]]:
    if service.predictor is None:
        return []
    found: list[dict[str, Any]] = [{"name": "rankzero-run", "emptyDir": {}}]
    found += [
        {"name": f"rankzero-{what}", "projected": {"sources": _sources(sent)}}
        for what, (sent, _) in _travels(service).items()
    ]
    claim = _claim(service)
    if claim is not None:
        source = {"claimName": claim, "readOnly": True}
        found.append({"name": "rankzero-model", "persistentVolumeClaim": source})
    return found


def mounts(service: Service) -> list[dict[str, Any]]:
    if service.predictor is None:
        return []
    found: list[dict[str, Any]] = [{"name": "rankzero-run", "mountPath": layout.OWN}]
    found += [
        {"name": f"rankzero-{what}", "mountPath": path, "readOnly": True}
        for what, (_, path) in _travels(service).items()
    ]
    if _claim(service) is not None:
        mount = {"name": "rankzero-model", "mountPath": layout.MODEL_VOLUME, "readOnly": True}
        found.append(mount)
    return found


def model(service: Service) -> str | None:
    """Where the predictor finds its model."""
    said = service.model
    if said is None:
        return None
    there = _there(service)
    if there is not None:
        return f"{there['base'].rstrip('/')}/{there['inner']}".rstrip("/") or "/"
    file = service.weights.file if service.weights else ""
    return f"{layout.MODEL}/{file}" if file else layout.MODEL


# -- inside


def _there(service: Service) -> dict[str, str] | None:
    """A model that does not travel, as `agent.server` looks for it."""
    said = service.model or ""
    if said.startswith(IN_IMAGE):
        inner = said.removeprefix(IN_IMAGE).strip("/")
        return {"base": "/", "inner": inner, "place": f"image {service.image}"}
    if not said.startswith(ON_VOLUME):
        return None
    volume, _, inner = said.removeprefix(ON_VOLUME).partition("/")
    declared = service.volumes.get(volume)
    base = layout.MODEL_VOLUME if declared is None else declared.path
    return {"base": base, "inner": inner.strip("/"), "place": f"volume {volume}"}


def _claim(service: Service) -> str | None:
    """The claim with the model, where it is none of the volumes that are mounted anyway."""
    if service.model is None or not service.model.startswith(ON_VOLUME):
        return None
    volume = service.model.removeprefix(ON_VOLUME).partition("/")[0]
    return None if volume in service.volumes else volume


def _travels(service: Service) -> dict[str, tuple[Sent, str]]:
    ways = {"program": layout.SERVER, "code": layout.CODE, "weights": layout.WEIGHTS}
    found = {what: getattr(service, what) for what in ways}
    return {what: (sent, ways[what]) for what, sent in found.items() if sent is not None}


def _sources(sent: Sent) -> list[dict[str, Any]]:
    return [{"configMap": {"name": f"{sent.name}-{at}"}} for at in range(sent.parts)]


def _config(service: Service) -> dict[str, Any]:
    """What the pod's first process is told: see `agent.server`."""
    settings = {
        "predictor": service.predictor,
        "model": model(service),
        "host": "0.0.0.0",  # noqa: S104 - the pod's own
        "port": service.port,
        "grace": service.grace,
        "no_token": service.token is None,
        **service.server,
    }
    return {
        "settings": settings,
        "program": layout.SERVED,
        "settings_file": f"{layout.OWN}/serve.json",
        "workdir": layout.WORK,
        **({} if (there := _there(service)) is None else {"model": there}),
        "unpack": [
            {"parts": path, "digest": sent.digest, "into": into}
            for what, into in (("code", layout.WORK), ("weights", layout.MODEL))
            if what in _travels(service)
            for sent, path in [_travels(service)[what]]
        ],
    }
