"""The control plane: what process 1 of its namespaces starts."""

from __future__ import annotations

import json
import socket
from functools import partial
from typing import NoReturn

from . import namespaces, network
from .certificates import FRONT, FRONT_NAME, kubeconfig_of
from .kubectl import ready
from .places import (
    BIN,
    HUB,
    KUBECONFIG,
    LOG,
    PKI,
    PRIVATE_USER,
    REGISTRY_FOLDER,
    SERVICES,
    STATE,
)
from .services import Services
from .shell import until

HOST = "control"
ETCD = "http://127.0.0.1:2379"
#: Touched when everything answers.
STARTED = STATE / "control.started"
#: bcrypt of places.PRIVATE_PASSWORD.
PASSWORD_HASH = "$2b$04$LkfoefXghk8XsSU9rydqBOkJMUwwaeL1TFNWiAqy1KpXO7cD5f57S"

#: Who asked the API server for what, one JSON line a request: tests count writes by it.
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": [f"system:kube-{name}" for name in ("scheduler", "proxy")]},
        {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
        {"level": "None", "users": ["system:apiserver", "system:kube-controller-manager"]},
        {"level": "Metadata"},
    ],
}

COREFILE = f"""\
cluster.local in-addr.arpa {{
  bind {HUB}
  errors
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {KUBECONFIG}
    ttl 1
    pods insecure
  }}
}}
. {{
  bind {HUB}
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
"""


def main() -> NoReturn:
    """Process 1 of the control plane."""
    namespaces.become_machine(HOST)
    network.build_hub()
    services = Services(HOST)
    _api_server(services)
    log = LOG / f"{HOST}-apiserver.log"
    until("the API server", ready, 90, log)
    _controllers(services)
    _dns(services)
    _registries(services)
    services.start("storage", *namespaces.python("_storage"))
    for what, port in (("DNS", 53), ("the registry", 5000), ("the private registry", 5001)):
        until(what, partial(listens, HUB, port), 60)
    STARTED.touch()
    services.keep()


def _api_server(services: Services) -> None:
    services.start(
        "etcd",
        *("etcd", "--data-dir", STATE / "etcd", "--unsafe-no-fsync"),
        *("--listen-client-urls", ETCD, "--advertise-client-urls", ETCD),
        *("--listen-peer-urls", "http://127.0.0.1:2380"),
    )
    policy = STATE / "audit.json"
    policy.write_text(json.dumps(AUDIT))
    services.start(
        "apiserver",
        BIN / "kube-apiserver",
        f"--etcd-servers={ETCD}",
        f"--service-cluster-ip-range={SERVICES}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={HUB}",
        f"--tls-cert-file={PKI}/apiserver.crt",
        f"--tls-private-key-file={PKI}/apiserver.key",
        f"--client-ca-file={PKI}/ca.crt",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={PKI}/sa.key",
        f"--service-account-signing-key-file={PKI}/sa.key",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--kubelet-client-certificate={PKI}/apiserver-kubelet.crt",
        f"--kubelet-client-key={PKI}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        *_behind(),
        f"--audit-policy-file={policy}",
        f"--audit-log-path={LOG}/audit.jsonl",
        "--feature-gates=SizeBasedListCostEstimate=false",  # it asks more of etcd than Debian's has
    )


def _behind() -> tuple[str, ...]:
    """How the API server tells servers behind it, such as one of metrics, for whom it asks."""
    return (
        f"--proxy-client-cert-file={PKI}/front.crt",
        f"--proxy-client-key-file={PKI}/front.key",
        f"--requestheader-client-ca-file={PKI}/{FRONT}.crt",
        f"--requestheader-allowed-names={FRONT_NAME}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    )


def _controllers(services: Services) -> None:
    without = ("node-ipam", "cloud-node-lifecycle", "node-route", "service-lb")
    services.start(
        "controller-manager",
        BIN / "kube-controller-manager",
        f"--kubeconfig={kubeconfig_of('controller-manager')}",
        f"--service-account-private-key-file={PKI}/sa.key",
        f"--root-ca-file={PKI}/ca.crt",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--node-monitor-period=1s",
        "--node-monitor-grace-period=10s",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--controllers=" + ",".join(["*", *(f"-{name}-controller" for name in without)]),
    )
    services.start(
        "scheduler",
        BIN / "kube-scheduler",
        f"--kubeconfig={kubeconfig_of('scheduler')}",
        "--leader-elect=false",
    )


def _dns(services: Services) -> None:
    corefile = STATE / "Corefile"
    corefile.write_text(COREFILE)
    services.start("dns", BIN / "coredns", "-conf", corefile)


def _registries(services: Services) -> None:
    """Two doors to one folder of images: an open one, and one with a password."""
    passwords = STATE / "htpasswd"
    passwords.write_text(f"{PRIVATE_USER}:{PASSWORD_HASH}\n")
    storage = {"filesystem": {"rootdirectory": str(REGISTRY_FOLDER)}, "delete": {"enabled": True}}
    auth = {"htpasswd": {"realm": "lab", "path": str(passwords)}}
    for name, port, more in (("registry", 5000, {}), ("private-registry", 5001, {"auth": auth})):
        settings = {"version": 0.1, "storage": storage, "http": {"addr": f"{HUB}:{port}"}, **more}
        path = STATE / f"{name}.json"
        path.write_text(json.dumps(settings))
        services.start(name, "docker-registry", "serve", path)


def listens(address: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True
