"""The cluster's keys and certificates, and the kubeconfigs made of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from .places import API, API_SERVICE, GATE, HUB, KUBECONFIG, PKI, node_address, node_name
from .shell import run

DAYS = 365
#: Who signs what the API server shows to servers behind it, and the name that it has there.
FRONT, FRONT_NAME = "front-ca", "front-proxy"


def make(nodes: int) -> None:
    """Make what is missing, for a control plane and so many nodes."""
    PKI.mkdir(parents=True, exist_ok=True)
    PKI.chmod(0o700)
    if not (PKI / "ca.crt").exists():
        _authority("ca", "lab")
        # With this one the API server shows servers behind it for whom it asks.
        _authority(FRONT, "lab-front")
        _key("sa")
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"]
    addresses = ["127.0.0.1", API_SERVICE, HUB, GATE]
    certificate("apiserver", "/CN=kube-apiserver", names, addresses)
    certificate("apiserver-kubelet", "/O=system:masters/CN=apiserver-kubelet")
    certificate("admin", "/O=system:masters/CN=admin")
    certificate("front", f"/CN={FRONT_NAME}", by=FRONT)
    for name in ("controller-manager", "scheduler", "proxy"):
        certificate(name, f"/CN=system:kube-{name}" if name != "proxy" else "/CN=system:kube-proxy")
    for index in range(nodes):
        name = node_name(index)
        subject = f"/O=system:nodes/CN=system:node:{name}"
        certificate(name, subject, [name], [node_address(index)])
    KUBECONFIG.write_bytes(kubeconfig_of("admin").read_bytes())
    KUBECONFIG.chmod(0o600)


def kubeconfig_of(name: str) -> Path:
    return PKI / f"{name}.kubeconfig"


def kubeconfig(user: dict[str, str], namespace: str = "default") -> str:
    """A kubeconfig for the lab that needs no other file; user is its `user:` part."""
    ca = base64.b64encode((PKI / "ca.crt").read_bytes()).decode()
    cluster = {"server": API, "certificate-authority-data": ca}
    context = {"cluster": "lab", "user": "user", "namespace": namespace}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "lab", "context": context}],
        }
    )


def certificate(
    name: str,
    subject: str,
    names: list[str] | None = None,
    addresses: list[str] | None = None,
    by: str = "ca",
) -> None:
    """A key and a certificate `name.key` and `name.crt` in PKI, and the kubeconfig of their owner,
    where they are not there yet. by: who signs it."""
    if kubeconfig_of(name).exists():
        return
    _key(name)
    _ssl("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
    wanted = [f"DNS:{x}" for x in names or ()] + [f"IP:{x}" for x in addresses or ()]
    extension = PKI / f"{name}.ext"
    extension.write_text(f"subjectAltName={','.join(wanted)}\n" if wanted else "")
    signed_by = ("-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-CAcreateserial")
    _ssl(
        *("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signed_by),
        *("-days", str(DAYS), "-extfile", extension.name),
    )
    parts = {"client-certificate-data": f"{name}.crt", "client-key-data": f"{name}.key"}
    user = {k: base64.b64encode((PKI / v).read_bytes()).decode() for k, v in parts.items()}
    kubeconfig_of(name).write_text(kubeconfig(user))


def _authority(name: str, called: str) -> None:
    _key(name)
    _ssl(
        "req",
        "-x509",
        "-new",
        "-key",
        f"{name}.key",
        "-out",
        f"{name}.crt",
        "-subj",
        f"/CN={called}",
    )


def _key(name: str) -> None:
    _ssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")


def _ssl(*argv: str) -> None:
    run("openssl", *argv, cwd=PKI)
