"""What controllers of other projects have in common, which some tests ask for: kinds of their own,
a configuration, and webhooks, reached by address since they run beside the control plane."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from . import certificates
from .kubectl import admin
from .places import GATE, HUB, PKI, STATE


class Controller(NamedTuple):
    """webhooks, health: its ports. api: the version of its configuration."""

    name: str
    api: str
    webhooks: int
    health: int

    def prepared(self, **more: Any) -> Path:
        """The file of its configuration, once there is what that names. more: what it says beside
        what all of them do."""
        name = self.name
        certificates.certificate(name, f"/O=system:masters/CN={name}", [name], [HUB])
        folder = STATE / name
        folder.mkdir(exist_ok=True)
        for kind in ("crt", "key"):
            (folder / f"tls.{kind}").write_bytes((PKI / f"{name}.{kind}").read_bytes())
        settings = {
            "apiVersion": self.api,
            "kind": "Configuration",
            "health": {"healthProbeBindAddress": f"{GATE}:{self.health}"},
            "webhook": {"host": HUB, "port": self.webhooks, "certDir": str(folder)},
            "leaderElection": {"leaderElect": False},
            "internalCertManagement": {"enable": False},
            **more,
        }
        path = folder / "config.json"
        path.write_text(json.dumps(settings))
        return path

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{GATE}:{self.health}/readyz", timeout=2):
                return True
        except OSError:
            return False

    def reached(self, hook: dict[str, Any]) -> dict[str, Any]:
        """A webhook by its address: there is no Service for what runs beside the control plane."""
        url = f"https://{HUB}:{self.webhooks}{hook['clientConfig']['service']['path']}"
        ca = base64.b64encode((PKI / "ca.crt").read_bytes()).decode()
        return {**hook, "clientConfig": {"url": url, "caBundle": ca}}


def teach(kinds: Path) -> None:
    """Let the API server know kinds."""
    admin("apply", "--server-side", "-f", kinds)
    admin("wait", "--for=condition=Established", "--timeout=60s", "-f", kinds)


def webhooks(manifests: Path) -> Iterator[dict[str, Any]]:
    """The configurations of webhooks among manifests."""
    text = admin("create", "--dry-run=client", "-o", "json", "-f", manifests)
    decoder, at = json.JSONDecoder(), 0
    while (start := text.find("{", at)) >= 0:  # documents stand one behind the other
        document, at = decoder.raw_decode(text, start)
        for found in document.get("items", [document]):
            if "webhooks" in found:
                yield found
