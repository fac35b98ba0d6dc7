"""The pod of a role's nodes: one container, whose first process is the agent.

It passes Pod Security's `restricted` profile: Kubernetes' documentation, "Pod Security Standards".
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rankzero.agent import exits
from rankzero.agent.pod import ADDRESS, LOSSES
from rankzero.plan.kubernetes import layout, names
from rankzero.spec.model import Job, Role

#: Who a container runs as: any user but root does, and shares nothing with the image's.
USER = 1000
#: Where an image's interpreter may be, most likely first.
PYTHONS = ("python3", "python", "/opt/conda/bin/python3", "/usr/local/bin/python3")
#: After the ranks' grace, what the agent itself needs to leave (seconds).
_LEAVING = 30
#: How long a pod stays on a node that does not answer (seconds).
_UNREACHABLE = 30


def template(job: Job, role: str, run: str, image: str, parts: int) -> dict[str, Any]:
    """The pod template of a role. parts: in how many ConfigMaps the code travels."""
    asked = job.roles[role]
    labels = {**job.labels, **asked.labels, **names.labels(run, **{names.ROLE: role})}
    return {
        "metadata": {"labels": labels, "annotations": dict(asked.annotations)},
        "spec": {
            "restartPolicy": "Never",
            "subdomain": run,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": int(job.grace) + _LEAVING,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "tolerations": [_toleration("not-ready"), _toleration("unreachable")],
            "topologySpreadConstraints": [_spread(run)],
            "containers": [_container(job, asked, role, image, parts)],
            "volumes": _volumes(run, parts),
        },
    }


def _container(job: Job, asked: Role, role: str, image: str, parts: int) -> dict[str, Any]:
    pull = {} if asked.pull is None else {"imagePullPolicy": asked.pull}
    ports = [{"name": name, "containerPort": number} for name, number in asked.ports.items()]
    code = [{"name": "code", "mountPath": layout.CODE, "readOnly": True}] if parts else []
    return {
        "name": names.CONTAINER,
        "image": image,
        **pull,
        "command": command(job.python, layout.config(role)),
        "workingDir": layout.OWN,
        "env": _environment(),
        **({"ports": ports} if ports else {}),
        "resources": resources(asked),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": layout.TERMINATION,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "own", "mountPath": layout.OWN},
            {"name": "memory", "mountPath": "/dev/shm"},  # noqa: S108 - the pod's own
            {"name": "agent", "mountPath": layout.AGENT, "readOnly": True},
            {"name": "token", "mountPath": layout.TOKEN, "readOnly": True},
            *code,
        ],
    }


def command(python: str | None, config: str) -> list[str]:
    """Start the agent with the interpreter that was named, or the first one that is there."""
    agent = [layout.ARCHIVE, "pod", config]
    if python is not None:
        return [python, *agent]
    said = f"there is no Python in this image: none of {', '.join(PYTHONS)}"
    cause = f'{{"kind": "refused", "message": "{said}"}}'
    outcome = f'{{"state": "failed", "exit_code": {exits.REFUSED}, "cause": {cause}}}'
    script = (
        f"{_first_python(agent)} "
        f"echo {shlex.quote(outcome)} >{layout.TERMINATION}; "
        f"echo {shlex.quote('rankzero: ' + said)} >&2; exit {exits.RUN_FAILED}"
    )
    return ["/bin/sh", "-c", script]


def inside(python: str | None, words: list[str]) -> list[str]:
    """A verb of the agent's archive, for `exec` into a pod that runs."""
    agent = [layout.ARCHIVE, *words]
    return [python, *agent] if python else ["/bin/sh", "-c", _first_python(agent)]


def _first_python(words: list[str]) -> str:
    return (
        f'for python in {" ".join(PYTHONS)}; do command -v "$python" >/dev/null 2>&1 && '
        f'exec "$python" {shlex.join(words)}; done;'
    )


def resources(asked: Role) -> dict[str, Any]:
    """Requests and limits: memory and devices are both, processors are asked for only, so that
    a node's idle ones are not kept from anybody."""
    limits: dict[str, str] = dict(asked.resources)
    if asked.memory is not None:
        limits["memory"] = asked.memory
    if asked.gpus:
        limits["nvidia.com/gpu"] = str(asked.gpus)
    requests = dict(limits)
    if asked.cpu is not None:
        requests["cpu"] = f"{round(asked.cpu * 1000)}m"
    found: dict[str, Any] = {"requests": requests, "limits": limits}
    return {key: value for key, value in found.items() if value}


def _environment() -> list[dict[str, Any]]:
    address = _field("status.podIP")
    losses = _field("metadata.annotations['batch.kubernetes.io/job-index-failure-count']")
    fixed = {
        "HOME": layout.HOME,
        "TMPDIR": layout.TMP,
        "XDG_CACHE_HOME": f"{layout.HOME}/.cache",
        # Some libraries ask who they are when they are imported, and this user has no name.
        "USER": "rankzero",
        "LOGNAME": "rankzero",
    }
    return [
        {"name": ADDRESS, "valueFrom": address},
        {"name": LOSSES, "valueFrom": losses},
        *({"name": name, "value": value} for name, value in fixed.items()),
    ]


def _field(path: str) -> Mapping[str, Any]:
    return {"fieldRef": {"fieldPath": path}}


def _volumes(run: str, parts: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "own", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "agent", "configMap": {"name": f"{run}-agent"}},
        {"name": "token", "secret": {"secretName": run, "defaultMode": 0o440}},
    ]
    if parts:
        sources = [{"configMap": {"name": f"{run}-code-{at}"}} for at in range(parts)]
        found.append({"name": "code", "projected": {"sources": sources}})
    return found


def _toleration(what: str) -> dict[str, Any]:
    return {
        "key": f"node.kubernetes.io/{what}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": _UNREACHABLE,
    }


def _spread(run: str) -> dict[str, Any]:
    """Over the machines as evenly as they are free."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {names.RUN: run}},
    }
