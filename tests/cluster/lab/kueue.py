"""Kueue, for tests that ask for it: compiled then, and there for as long as they run.

It runs in the control plane's network, and ends with whoever started it. Its webhooks look at the
Jobs of namespaces with a label only, so that others can be created also where it is not there.
"""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import certificates, cluster, compile, guests
from .kubectl import admin
from .places import GATE, HUB, PKI, STATE

#: The label of namespaces whose Jobs it looks at.
WATCHED = {"rankzero.lab/queues": "watched"}
WEBHOOKS, HEALTH = 9443, 8081
_GROUP = "kueue.x-k8s.io"
_HOOKS = ("mutatingwebhookconfiguration", "validatingwebhookconfiguration")
_FOLDER = STATE / "kueue"


@contextlib.contextmanager
def standing() -> Iterator[None]:
    """A Kueue in the lab, within the block; nothing of it stays. Errors: LabError."""
    with cluster.alone():
        program, manifests = compile.kueue()
    _take_away()  # what one left that was killed
    try:
        kinds = manifests / "crd" / "bases"
        admin("apply", "--server-side", "-f", kinds)
        admin("wait", "--for=condition=Established", "--timeout=60s", "-f", kinds)
        with guests.running("kueue", program, *_prepared(), ready=_ready):
            admin.apply(*_webhooks(manifests / "webhook" / "manifests.yaml"))
            yield
    finally:
        _take_away()


def _prepared() -> tuple[str, ...]:
    """Its arguments, once there is what they name."""
    certificates.certificate("kueue", "/O=system:masters/CN=kueue", ["kueue"], [HUB])
    _FOLDER.mkdir(exist_ok=True)
    for kind in ("crt", "key"):
        (_FOLDER / f"tls.{kind}").write_bytes((PKI / f"kueue.{kind}").read_bytes())
    settings = _FOLDER / "config.json"
    settings.write_text(json.dumps(_settings()))
    return ("--config", str(settings), "--feature-gates=VisibilityOnDemand=false")


def _settings() -> dict[str, Any]:
    return {
        "apiVersion": f"config.{_GROUP}/v1beta1",
        "kind": "Configuration",
        "namespace": "kueue-system",
        "health": {"healthProbeBindAddress": f"{GATE}:{HEALTH}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"host": HUB, "port": WEBHOOKS, "certDir": str(_FOLDER)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "integrations": {"frameworks": ["batch/job"]},
    }


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://{GATE}:{HEALTH}/readyz", timeout=2):
            return True
    except OSError:
        return False


def _webhooks(manifests: Path) -> list[dict[str, Any]]:
    """Those about its own objects and about Jobs, reached by address."""
    text = admin("create", "--dry-run=client", "-o", "json", "-f", manifests)
    return [
        {**found, "webhooks": [_reached(hook) for hook in found["webhooks"] if _wanted(hook)]}
        for found in documents(text)
        if "webhooks" in found
    ]


def _wanted(hook: dict[str, Any]) -> bool:
    groups = {group for rule in hook["rules"] for group in rule["apiGroups"]}
    return groups == {_GROUP} or groups == {"batch"}


def _reached(hook: dict[str, Any]) -> dict[str, Any]:
    url = f"https://{HUB}:{WEBHOOKS}{hook['clientConfig']['service']['path']}"
    ca = base64.b64encode((PKI / "ca.crt").read_bytes()).decode()
    made = {**hook, "clientConfig": {"url": url, "caBundle": ca}}
    if hook["rules"][0]["apiGroups"] == ["batch"]:
        made["namespaceSelector"] = {"matchLabels": WATCHED}
    return made


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The JSON documents of a text, one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while (start := text.find("{", at)) >= 0:
        document, at = decoder.raw_decode(text, start)
        yield from document.get("items", [document])


def _take_away() -> None:
    """Its webhooks first: they keep others from writing where it does not answer."""
    for kind in _HOOKS:
        name = f"{kind.removesuffix('webhookconfiguration')}-webhook-configuration"
        admin("delete", kind, name, "--ignore-not-found")
    known = admin("get", "crd", "-o", "name").split()
    kinds = [name for name in known if name.endswith(f".{_GROUP}")]
    for kind in kinds:
        _release(kind.partition("/")[2])
    if kinds:
        admin("delete", *kinds)


def _release(kind: str) -> None:
    """Take from objects what only Kueue would: that it has to see them go."""
    for found in admin.get(kind, "--all-namespaces")["items"]:
        meta = found["metadata"]
        if meta.get("finalizers"):
            there = admin.within(meta.get("namespace", ""))
            change = json.dumps({"metadata": {"finalizers": None}})
            there("patch", kind, meta["name"], "--type=merge", "-p", change)
