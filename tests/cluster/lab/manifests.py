"""Small objects for tests, as Kubernetes takes them."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

#: What Pod Security `restricted` asks of a pod, and of its containers.
RESTRICTED_POD: Object = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "fsGroup": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_CONTAINER: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
FOREVER = "import time\nwhile True: time.sleep(1000)"


def pod(
    name: str, image: str, script: str = FOREVER, labels: dict[str, str] | None = None, **spec: Any
) -> Object:
    """A pod that runs a Python script once, and that `restricted` admits; spec adds to its own."""
    container = {
        "name": "main",
        "image": image,
        "command": ["python3", "-uc", script],
        "securityContext": RESTRICTED_CONTAINER,
        **spec.pop("container", {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {
            "containers": [container],
            "restartPolicy": "Never",
            # Python as process 1 ignores SIGTERM; no test waits for half a minute.
            "terminationGracePeriodSeconds": 1,
            "securityContext": RESTRICTED_POD,
            "automountServiceAccountToken": False,
            **spec,
        },
    }


def on_node(index: int) -> Object:
    """What places a pod on a node."""
    return {"nodeSelector": {"kubernetes.io/hostname": f"node{index}"}}


def claim(name: str, mode: str = "ReadWriteMany", **spec: Any) -> Object:
    """A claim for a small volume; spec may name its class."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": [mode],
            "resources": {"requests": {"storage": "10Mi"}},
            **spec,
        },
    }


def with_volume(name: str) -> Object:
    """What mounts a claim at /data."""
    return {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
    }
