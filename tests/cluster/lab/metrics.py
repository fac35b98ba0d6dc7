"""A metrics-server, for tests of what goes by the load: there for as long as they run.

The API server reaches it by address, so it needs no node; the kubelets are asked as they would be
in any cluster.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from . import certificates, cluster, compile, control, guests
from .kubectl import admin
from .places import HUB, LOG, PKI
from .shell import LabError, until

NAME, NAMESPACE, PORT = "metrics-server", "kube-system", 4443
API = "v1beta1.metrics.k8s.io"


@contextlib.contextmanager
def standing() -> Iterator[None]:
    """Within the block, `kubectl top` knows what nodes take. Errors: LabError."""
    with cluster.alone():
        program = compile.metrics_server()
    _take_away()  # what one left that was killed
    certificates.certificate(
        NAME, f"/O=system:masters/CN={NAME}", [f"{NAME}.{NAMESPACE}.svc"], [HUB]
    )
    answers = partial(control.listens, HUB, PORT)
    with guests.running(NAME, program, *_arguments(), ready=answers):
        try:
            admin.apply(*_objects())
            until("what every node takes", _measures, 90, LOG / f"{NAME}.log")
            yield
        finally:
            _take_away()


def _arguments() -> tuple[str, ...]:
    config = certificates.kubeconfig_of(NAME)
    return (
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--bind-address={HUB}",
        f"--secure-port={PORT}",
        f"--tls-cert-file={PKI}/{NAME}.crt",
        f"--tls-private-key-file={PKI}/{NAME}.key",
        f"--kubelet-certificate-authority={PKI}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        "--metric-resolution=10s",  # the least that it takes, and longer than it waits for a node
        "--kubelet-request-timeout=8s",
    )


def _objects() -> Iterator[dict[str, Any]]:
    """What leads the API server to it."""
    where = {"name": NAME, "namespace": NAMESPACE}
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": where,
        "spec": {"type": "ExternalName", "externalName": HUB, "ports": [{"port": PORT}]},
    }
    yield {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": API},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {**where, "port": PORT},
            "caBundle": base64.b64encode((PKI / "ca.crt").read_bytes()).decode(),
        },
    }


def _measures() -> bool:
    """Whether it has something to tell of every node."""
    try:
        told = json.loads(admin("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"))
        return len(told["items"]) == len(admin.get("nodes")["items"])
    except LabError:
        return False


def _take_away() -> None:
    """What leads to it first: an API that does not answer keeps namespaces from being deleted."""
    admin("delete", "apiservice", API, "--ignore-not-found")
    admin.within(NAMESPACE)("delete", "service", NAME, "--ignore-not-found")
