"""A program that proves who the user is: `exec` in a kubeconfig.

It is asked once for as long as what it said holds, whoever asks, and anew before that has expired.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rankzero.backends.kubernetes.access.program import Program, ask
from rankzero.backends.kubernetes.access.proof import Proof
from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import Context, Exec, Server

_GROUP = "client.authentication.k8s.io"
_VERSIONS = tuple(f"{_GROUP}/{version}" for version in ("v1", "v1beta1", "v1alpha1"))
_MODES = ("Never", "IfAvailable", "Always")
#: A proof is renewed when this part of its life is left, and no earlier than so many seconds
#: before its end.
_LEFT, _EARLY = 0.1, 30.0


def of(context: Context, said: Exec) -> Plugin:
    """Errors: Refused for a version or a mode that no plugin has."""
    for what, one, known in (
        ("apiVersion", said.api_version, _VERSIONS),
        ("interactiveMode", said.interactive_mode, _MODES),
    ):
        if one not in known:
            raise Refused(
                f'cannot prove who you are to {context.name}: the plugin "{said.command}" has '
                f'the {what} "{one}" in the kubeconfig; there is: {", ".join(known)}.',
                "Let the plugin's own set-up write the kubeconfig anew.",
            )
    cluster = json.dumps(_told(context)) if said.provide_cluster_info else ""
    return _shared(
        Program(
            context.name,
            (said.command, *said.args),
            tuple((one.name, one.value) for one in said.env),
            said.api_version,
            said.interactive_mode,
            said.install_hint.strip(),
            cluster,
        )
    )


class Plugin:
    """A source of proofs."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._last: Proof | None = None
        self._renew_at = float("inf")

    @property
    def shown(self) -> str:
        return f"what the plugin {PurePath(self._program.argv[0]).name} gave"

    def current(self) -> Proof:
        with self._lock:
            if self._last is not None and time.time() < self._renew_at:
                return self._last
            try:
                return self._ask()
            except Refused:
                if self._last is None or (self._last.until or 0) <= time.time():
                    raise
                return self._last  # it holds still, and the next one asks again

    def again(self, refused: Proof) -> Proof | None:
        with self._lock:
            # Another one where somebody else has asked since.
            other = self._ask() if self._last == refused or self._last is None else self._last
            return None if other[:3] == refused[:3] else other

    def _ask(self) -> Proof:
        asked = time.time()
        self._last = proof = ask(self._program)
        self._renew_at = float("inf")
        if proof.until is not None:
            self._renew_at = proof.until - min(_EARLY, _LEFT * (proof.until - asked))
        return proof


#: Two contexts with the same program share what it says, for as long as this process lives.
_shared = functools.cache(Plugin)


def _told(context: Context) -> dict[str, Any]:
    """What a plugin is told of the cluster, where it wants to know."""
    from rankzero.backends.kubernetes.access import tls

    server: Server = context.server
    said = {
        "server": server.server,
        "tls-server-name": server.tls_server_name,
        "insecure-skip-tls-verify": server.insecure_skip_tls_verify,
        "certificate-authority-data": tls.authority_data(context),
        "proxy-url": server.proxy_url,
    }
    known = {key: value for key, value in said.items() if value}
    for one in server.extensions:
        if one.name == f"{_GROUP}/exec":
            known["config"] = one.extension
    return known
