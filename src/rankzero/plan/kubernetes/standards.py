"""What a pod asks for beyond Pod Security's `restricted` profile.

Kubernetes' documentation, "Pod Security Standards"; a pure look at a pod's spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

_VOLUMES = frozenset(
    (
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
        *("persistentVolumeClaim", "projected", "secret"),
    )
)
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_SECCOMP = ("RuntimeDefault", "Localhost")


def beyond(spec: Object) -> list[str]:
    """Each thing, in words; empty for a pod that passes."""
    return list(dict.fromkeys((*_of_pod(spec), *_of_containers(spec))))


def _of_pod(spec: Object) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key
    for volume in spec.get("volumes") or ():
        for kind in volume.keys() - {"name"} - _VOLUMES:
            yield f"{kind} volume {volume['name']}"
    security = spec.get("securityContext") or {}
    if security.get("sysctls"):
        yield "sysctls"  # some are allowed; which ones depends on the cluster's version
    for key in ("seLinuxOptions", "windowsOptions"):
        if security.get(key):
            yield key


def _of_containers(spec: Object) -> Iterator[str]:
    for kind in _CONTAINERS:
        for container in spec.get(kind) or ():
            for what in _of_container(container, spec.get("securityContext") or {}):
                yield what if container["name"] == "rank" else f"{what} ({container['name']})"


def _of_container(container: Object, pod: Object) -> Iterator[str]:
    own = container.get("securityContext") or {}
    both = {**pod, **own}
    for port in container.get("ports") or ():
        if port.get("hostPort"):
            yield f"host port {port['hostPort']}"
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "privilege escalation"
    capabilities = own.get("capabilities") or {}
    for name in sorted(set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}):
        yield f"capability {name}"
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "capabilities that are not dropped"
    if both.get("runAsUser") == 0:
        yield "root"
    elif both.get("runAsNonRoot") is not True:
        yield "a user that may be root"
    if (both.get("seccompProfile") or {}).get("type") not in _SECCOMP:
        yield "no seccomp profile"
    if own.get("procMount") not in (None, "Default"):
        yield "an unmasked /proc"
