"""Pods at the edges of Kubernetes' Pod Security Standards, for the judgement and for the judge."""

from __future__ import annotations

from typing import Any

GOOD_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
GOOD = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def pod(own: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """One that `restricted` admits, changed."""
    container = {"name": "rank", "securityContext": {**GOOD, **(own or {})}}
    container |= spec.pop("container", {})
    shared = {**GOOD_POD, **spec.pop("shared", {})}
    return {"containers": [container], "securityContext": shared, **spec}


#: A pod, what `baseline` has against it, and what `restricted` has beyond that.
PODS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "as rankzero makes it": (pod(), [], []),
    "host network": (pod(hostNetwork=True), ["hostNetwork"], []),
    "host processes": (pod(hostPID=True, hostIPC=True), ["hostPID", "hostIPC"], []),
    "a folder of the machine": (
        pod(volumes=[{"name": "data", "hostPath": {"path": "/"}}]),
        ["the hostPath volume data"],
        ["the hostPath volume data"],
    ),
    "a file server": (
        pod(volumes=[{"name": "data", "nfs": {"server": "a", "path": "/"}}]),
        [],
        ["the nfs volume data"],
    ),
    "a claim": (pod(volumes=[{"name": "a", "persistentVolumeClaim": {"claimName": "a"}}]), [], []),
    "privileged": (
        pod({"privileged": True, "allowPrivilegeEscalation": True}),
        ["privileged"],
        ["allowPrivilegeEscalation (it must be false)"],
    ),
    "a port of the machine": (
        pod(container={"ports": [{"hostPort": 80, "containerPort": 80}, {"containerPort": 81}]}),
        ["the host port 80"],
        [],
    ),
    "a capability": (
        pod({"capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK"]}}),
        ["the capabilities IPC_LOCK"],
        ["the capabilities IPC_LOCK"],
    ),
    "a small capability": (
        pod({"capabilities": {"drop": ["ALL"], "add": ["CHOWN", "NET_BIND_SERVICE"]}}),
        [],
        ["the capabilities CHOWN"],
    ),
    "capabilities kept": (pod({"capabilities": {}}), [], ["capabilities (all must be dropped)"]),
    "escalation": (
        pod({"allowPrivilegeEscalation": True}),
        [],
        ["allowPrivilegeEscalation (it must be false)"],
    ),
    "root": (pod(shared={"runAsUser": 0}), [], ["runAsUser 0"]),
    "root in a container": (pod({"runAsUser": 0}), [], ["runAsUser 0"]),
    "the image's user": (
        pod(shared={"runAsNonRoot": None}),
        [],
        ["a user that may be root (runAsNonRoot must be true)"],
    ),
    "the image's user in a container": (
        pod({"runAsNonRoot": False}),
        [],
        ["a user that may be root (runAsNonRoot must be true)"],
    ),
    "a container that says it itself": (
        pod({"runAsNonRoot": True}, shared={"runAsNonRoot": None}),
        [],
        [],
    ),
    "no profile": (
        pod(shared={"seccompProfile": None}),
        [],
        ["no seccomp profile (RuntimeDefault or Localhost)"],
    ),
    "profile taken away": (
        pod(shared={"seccompProfile": {"type": "Unconfined"}}),
        ["no seccomp profile (Unconfined)"],
        ["no seccomp profile (RuntimeDefault or Localhost)"],
    ),
    "AppArmor taken away": (
        pod({"appArmorProfile": {"type": "Unconfined"}}),
        ["no AppArmor profile (Unconfined)"],
        [],
    ),
    "SELinux": (pod(shared={"seLinuxOptions": {"type": "spc_t"}}), ["SELinux options"], []),
    "SELinux as allowed": (pod(shared={"seLinuxOptions": {"type": "container_t"}}), [], []),
    "a sysctl": (
        pod(shared={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
        ["the sysctl kernel.msgmax"],
        [],
    ),
    "a harmless sysctl": (
        pod(shared={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}),
        [],
        [],
    ),
    "all of /proc": (pod({"procMount": "Unmasked"}, hostUsers=False), ["procMount Unmasked"], []),
    "a container before": (
        pod(initContainers=[{"name": "a", "securityContext": {**GOOD, "runAsUser": 0}}]),
        [],
        ["runAsUser 0"],
    ),
}
