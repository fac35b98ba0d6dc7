"""A role's Job, and its pods: what anybody would write for them, with the fields of the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rankzero.export import code, layout
from rankzero.export.launch import launch
from rankzero.export.text import Page, Short
from rankzero.export.variables import escaped, pair
from rankzero.plan.kubernetes import names, pod, users, volumes
from rankzero.spec import strategic

if TYPE_CHECKING:
    from rankzero.export.model import Outline, Part
    from rankzero.export.terms import Terms
    from rankzero.spec.pods import Volume

Object = dict[str, Any]

APP, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
#: What Kubernetes does without being asked, and nobody writes down (seconds).
_GRACE = 30
_OUTPUTS = "outputs"
_SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": Short(["ALL"])}}
#: What is not plain from a key alone.
_COMMENTS = {
    "subdomain": "The Service of this name gives each pod its own: NAME-ROLE-NUMBER.SERVICE",
    "initContainers": "A ConfigMap cannot be written to: scripts get a copy of it",
}
_NUMBERS = {
    "torch": "A pod's number in its Job makes its rank",
    "plain": "A pod's number in its Job makes its rank",
    "jax": "For a bare jax.distributed.initialize(), which looks for Open MPI's variables first",
    "tensorflow": "A pod's number in its Job is its task's; Kubernetes fills it into TF_CONFIG",
    "mpi": "Open MPI starts as root, and more than there are processors, only where it is told to",
}


def job(outline: Outline, part: Part, terms: Terms, page: Page) -> Object:
    """An Indexed Job: its pods have numbers, and names that are known beforehand."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{terms.name}-{part.role}",
            "labels": {**labels(outline, part, terms), **queue(outline)},
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": terms.pods(part),
            "parallelism": terms.pods(part),
            **_failing(outline, part),
            **({"suspend": True} if outline.job.queue else {}),
            "template": template(outline, part, terms, page),
        },
    }


def labels(outline: Outline, part: Part | None, terms: Terms) -> dict[str, str]:
    """Of the job's objects, or of a role's."""
    found = {APP: terms.name}
    if part is not None:
        found |= {COMPONENT: part.role, **part.asked.labels}
    return {**found, **outline.job.labels}


def template(outline: Outline, part: Part, terms: Terms, page: Page) -> Object:
    """Of a role's pods."""
    metadata: Object = {"labels": labels(outline, part, terms)}
    if part.asked.annotations:
        metadata["annotations"] = dict(part.asked.annotations)
    spec = _spec(outline, part, terms, page)
    for overlay in (outline.job.pod, part.asked.pod):
        spec = strategic.merge(spec, overlay)
    return {"metadata": metadata, "spec": spec}


def restarts(outline: Outline) -> int:
    """How many of its pods a Job may lose: one failure ends the ranks of all."""
    return outline.job.max_restarts * sum(part.pods for part in outline.parts)


def _failing(outline: Outline, part: Part) -> Object:
    return {"backoffLimit": min(restarts(outline), 2**31 - 1)}


def queue(outline: Outline) -> dict[str, str]:
    """The label by which Kueue knows where it waits, if it does."""
    return {} if outline.job.queue is None else {names.QUEUE: outline.job.queue}


def _spec(outline: Outline, part: Part, terms: Terms, page: Page) -> Object:
    asked, said = part.asked, outline.job
    mounted = user_volumes(outline, part, terms)
    optional: Object = {
        "serviceAccountName": terms.name if said.api else said.service_account,
        "priorityClassName": asked.priority_class,
        "imagePullSecrets": [{"name": name} for name in said.pull_secrets],
        "nodeSelector": {**said.node_selector, **asked.node_selector},
        "tolerations": [
            one.model_dump(exclude_none=True) for one in (*said.tolerations, *asked.tolerations)
        ],
        "terminationGracePeriodSeconds": int(said.grace) if said.grace != _GRACE else None,
        "initContainers": [_copying(part)] if outline.code else [],
    }
    made = {
        "subdomain": terms.name,
        "restartPolicy": "OnFailure" if said.max_restarts else "Never",
        "automountServiceAccountToken": bool(optional["serviceAccountName"]),
        "securityContext": users.pod_security(asked.user, False),
        **{key: value for key, value in optional.items() if value},
        "containers": [_container(outline, part, terms, page)],
        "volumes": [*_own(outline, part, terms), *volumes.theirs(mounted)],
    }
    return page.noted(made, _COMMENTS)


def user_volumes(outline: Outline, part: Part, terms: Terms) -> Mapping[str, Volume]:
    """What the job mounts, by its own names for it."""
    said = outline.job
    found = {**said.volumes, **part.asked.volumes}
    if said.output_volume is not None:
        kept = volumes.kept(said)["rankzero-outputs"]
        inner = f"{kept.sub_path}/{said.name}" if kept.sub_path else said.name
        found[_OUTPUTS] = kept.model_copy(update={"path": layout.OUTPUTS, "sub_path": inner})
    return {name: volumes.of_run(one, terms.name) for name, one in found.items()}


def _copying(part: Part) -> Object:
    """A ConfigMap cannot be written, and scripts like to write beside themselves."""
    found = {
        "name": "code",
        "image": part.image,
        "command": Short(["cp", "-rL", f"{layout.CODE}/..data/.", layout.WORK]),
        "resources": pod.resources(part.asked.model_copy(update={"gpus": None, "resources": {}})),
        "securityContext": _SECURITY,
        "volumeMounts": [
            {"name": "code", "mountPath": layout.CODE, "readOnly": True},
            {"name": "work", "mountPath": layout.WORK},
        ],
    }
    return {key: value for key, value in found.items() if value}


def _container(outline: Outline, part: Part, terms: Terms, page: Page) -> Object:
    asked, said = part.asked, outline.job
    started = launch(outline, part, terms, page)
    found: Object = {
        "name": names.CONTAINER,
        "image": part.image,
        "imagePullPolicy": asked.pull,
        "command": started.command,
        "args": started.args,
        "workingDir": outline.folder,
        "ports": [{"name": name, "containerPort": at} for name, at in asked.ports.items()],
        "env": [*started.env, *_environment(outline, part, terms)],
        "envFrom": [pod.source(one) for one in (*said.env_from, *asked.env_from)],
        "resources": pod.resources(asked),
        "securityContext": _SECURITY,
        "volumeMounts": [
            *_own_mounts(outline),
            *volumes.their_mounts(user_volumes(outline, part, terms)),
        ],
    }
    made = {key: value for key, value in found.items() if value}
    return page.noted(made, {"env": _NUMBERS[outline.framework]})


def _environment(outline: Outline, part: Part, terms: Terms) -> list[Object]:
    """What the job says, and what a user without a home and a name needs."""
    said, asked = outline.job, part.asked
    found = {
        "PYTHONUNBUFFERED": "1",
        **({"HOME": "/tmp", "USER": "trainer"} if asked.user != "image" else {}),  # noqa: S108
        **{name: escaped(terms.text(one)) for name, one in {**said.env, **asked.env}.items()},
    }
    secrets = {**said.secrets, **asked.secrets}
    return [
        *(pair(name, value) for name, value in found.items() if name not in secrets),
        *({"name": name, **pod.from_secret(one)} for name, one in secrets.items()),
    ]


def _own(outline: Outline, part: Part, terms: Terms) -> list[Object]:
    """The code, where ranks work and write, and the memory that they share."""
    shm = {"sizeLimit": part.asked.shm} if part.asked.shm else {}
    sources: dict[str, Any] = {
        "code": outline.code and {"configMap": code.source(outline.code, terms.name)},
        "work": outline.code and {"emptyDir": {}},
        _OUTPUTS: writes_outputs(outline) and not outline.job.output_volume and {"emptyDir": {}},
        "shm": {"emptyDir": {"medium": "Memory", **shm}},
    }
    return [{"name": name, **source} for name, source in sources.items() if source]


def writes_outputs(outline: Outline) -> bool:
    """Whether there is a folder for outputs: the code asks for it, or the job does."""
    return outline.uses("RANKZERO_OUTPUTS") or outline.job.output_volume is not None


def _own_mounts(outline: Outline) -> list[Object]:
    paths = {
        "work": outline.code and layout.WORK,
        _OUTPUTS: writes_outputs(outline) and not outline.job.output_volume and layout.OUTPUTS,
        "shm": "/dev/shm",  # noqa: S108 - the pod's own
    }
    return [{"name": name, "mountPath": path} for name, path in paths.items() if path]
