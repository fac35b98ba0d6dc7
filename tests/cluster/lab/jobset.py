"""JobSet's own controller, for tests that ask for it: there for as long as they run.

It runs in the control plane's network, and ends with whoever started it. Its webhooks look at
JobSets only: those of pods are for placements that nobody here asks for.
"""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

from . import certificates, cluster, compile, guests
from .kubectl import admin
from .kueue import documents
from .places import GATE, HUB, PKI, STATE

WEBHOOKS, HEALTH = 9444, 8082
_GROUP = "jobset.x-k8s.io"
_FOLDER = STATE / "jobset"


@contextlib.contextmanager
def standing() -> Iterator[None]:
    """A JobSet in the lab, within the block; nothing of it stays. Errors: LabError."""
    with cluster.alone():
        program, manifests = compile.jobset()
    kinds = manifests / "crd" / "bases"
    hooks = [_reached(one) for one in _webhooks(manifests / "webhook" / "manifests.yaml")]
    _take_away(hooks)  # what one left that was killed
    try:
        admin("apply", "--server-side", "-f", kinds)
        admin("wait", "--for=condition=Established", "--timeout=60s", "-f", kinds)
        with guests.running("jobset", program, *_prepared(), ready=_ready):
            admin.apply(*hooks)
            yield
    finally:
        _take_away(hooks)
        admin("delete", "--ignore-not-found", "-f", kinds)


def _prepared() -> tuple[str, ...]:
    """Its arguments, once there is what they name."""
    certificates.certificate("jobset", "/O=system:masters/CN=jobset", ["jobset"], [HUB])
    _FOLDER.mkdir(exist_ok=True)
    for kind in ("crt", "key"):
        (_FOLDER / f"tls.{kind}").write_bytes((PKI / f"jobset.{kind}").read_bytes())
    settings = _FOLDER / "config.json"
    settings.write_text(json.dumps(_settings()))
    return ("--config", str(settings), "--metrics-bind-address", "0")


def _settings() -> dict[str, Any]:
    return {
        "apiVersion": "config.jobset.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": f"{GATE}:{HEALTH}"},
        "webhook": {"host": HUB, "port": WEBHOOKS, "certDir": str(_FOLDER)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
    }


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://{GATE}:{HEALTH}/readyz", timeout=2):
            return True
    except OSError:
        return False


def _webhooks(manifests: object) -> Iterator[dict[str, Any]]:
    text = admin("create", "--dry-run=client", "-o", "json", "-f", manifests)
    for found in documents(text):
        if "webhooks" in found:
            kept = [hook for hook in found["webhooks"] if hook["rules"][0]["apiGroups"] == [_GROUP]]
            meta = {"name": f"jobset-{found['metadata']['name']}"}
            yield {**found, "metadata": meta, "webhooks": kept}


def _reached(configuration: dict[str, Any]) -> dict[str, Any]:
    """By address: there is no Service for what runs beside the control plane."""
    ca = base64.b64encode((PKI / "ca.crt").read_bytes()).decode()
    hooks = []
    for hook in configuration["webhooks"]:
        url = f"https://{HUB}:{WEBHOOKS}{hook['clientConfig']['service']['path']}"
        hooks.append({**hook, "clientConfig": {"url": url, "caBundle": ca}})
    return {**configuration, "webhooks": hooks}


def _take_away(hooks: list[dict[str, Any]]) -> None:
    """Its webhooks first: they keep others from writing where it does not answer."""
    for one in hooks:
        admin("delete", one["kind"], one["metadata"]["name"], "--ignore-not-found")
