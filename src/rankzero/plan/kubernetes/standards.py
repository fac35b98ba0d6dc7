"""Kubernetes' Pod Security Standards: what a level has against a pod. Pure.

After the documentation's page of that name, policy version "latest" of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

BASELINE, RESTRICTED = "baseline", "restricted"

_CAPABILITIES = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
    *("persistentVolumeClaim", "projected", "secret"),
}
_SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}


def against(level: str, pod: Object) -> list[str]:
    """What the level forbids of a pod's spec, in the user's terms; `privileged` forbids nothing."""
    found: list[str] = []
    if level in (BASELINE, RESTRICTED):
        found += _baseline(pod)
    if level == RESTRICTED:
        found += _restricted(pod)
    return list(dict.fromkeys(found))


def _baseline(pod: Object) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield key
    for volume in pod.get("volumes") or ():
        if "hostPath" in volume:
            yield f"the hostPath volume {volume['name']}"
    for sysctl in (pod.get("securityContext") or {}).get("sysctls") or ():
        if sysctl["name"] not in _SYSCTLS:
            yield f"the sysctl {sysctl['name']}"
    for context in _contexts(pod):
        yield from _of_context(context)
    for container in _containers(pod):
        yield from _of_container(container)


def _of_context(context: Object) -> Iterator[str]:
    """Of a pod's or a container's securityContext."""
    if (context.get("seccompProfile") or {}).get("type") == "Unconfined":
        yield "no seccomp profile (Unconfined)"
    if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
        yield "no AppArmor profile (Unconfined)"
    linux = context.get("seLinuxOptions") or {}
    if linux.get("type", "") not in _SELINUX or linux.get("user") or linux.get("role"):
        yield "SELinux options"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"


def _of_container(container: Object) -> Iterator[str]:
    context = container.get("securityContext") or {}
    if context.get("privileged"):
        yield "privileged"
    more = set((context.get("capabilities") or {}).get("add") or ()) - _CAPABILITIES
    if more:
        yield f"the capabilities {', '.join(sorted(more))}"
    if context.get("procMount") not in (None, "", "Default"):
        yield f"procMount {context['procMount']}"
    for port in container.get("ports") or ():
        if port.get("hostPort"):
            yield f"the host port {port['hostPort']}"


def _restricted(pod: Object) -> Iterator[str]:
    shared = pod.get("securityContext") or {}
    for volume in pod.get("volumes") or ():
        kinds = set(volume) - {"name"} - _VOLUMES
        if kinds:
            yield f"the {', '.join(sorted(kinds))} volume {volume['name']}"
    if shared.get("runAsUser") == 0:
        yield "runAsUser 0"
    for container in _containers(pod):
        own = container.get("securityContext") or {}
        yield from _restricted_container(own, shared)


def _restricted_container(own: Object, shared: Object) -> Iterator[str]:
    """What a container does not say itself, the pod says for it."""
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation (it must be false)"
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "capabilities (all must be dropped)"
    more = set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}
    if more:
        yield f"the capabilities {', '.join(sorted(more))}"
    if own.get("runAsUser") == 0:
        yield "runAsUser 0"
    if own.get("runAsNonRoot", shared.get("runAsNonRoot")) is not True:
        yield "a user that may be root (runAsNonRoot must be true)"
    profile = (own.get("seccompProfile") or shared.get("seccompProfile") or {}).get("type")
    if profile not in ("RuntimeDefault", "Localhost"):
        yield "no seccomp profile (RuntimeDefault or Localhost)"


def _containers(pod: Object) -> Iterator[Object]:
    yield from pod.get("initContainers") or ()
    yield from pod.get("containers") or ()


def _contexts(pod: Object) -> Iterator[Object]:
    yield pod.get("securityContext") or {}
    for container in _containers(pod):
        yield container.get("securityContext") or {}
