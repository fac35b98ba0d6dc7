"""The pod of a role's nodes: one container, whose first process is the agent.

It passes Pod Security's `restricted` profile (Kubernetes' documentation, "Pod Security Standards")
unless the job asks for more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rankzero.agent.pod import ADDRESS, INDEX, LOSSES
from rankzero.plan.kubernetes import layout, names, starting, users, volumes
from rankzero.spec import strategic

if TYPE_CHECKING:
    from rankzero.spec.model import Job, Role
    from rankzero.spec.pods import EnvSource, SecretKey, Volume

#: After the ranks' grace, what the agent itself needs to leave (seconds).
_LEAVING = 30
#: How long a pod stays on a node that does not answer (seconds).
_UNREACHABLE = 30
#: For a user who has none of it.
HOME = {
    "HOME": layout.HOME,
    "TMPDIR": layout.TMP,
    "XDG_CACHE_HOME": f"{layout.HOME}/.cache",
    # Some libraries ask who they are when they are imported, and this user has no name.
    "USER": "rankzero",
    "LOGNAME": "rankzero",
}
#: What NVIDIA's container runtime goes by.
_VISIBLE = "NVIDIA_VISIBLE_DEVICES"


class Asking(Protocol):
    """What takes resources of a machine: a role's node, a service's pod."""

    @property
    def cpu(self) -> float | None: ...
    @property
    def memory(self) -> str | None: ...
    @property
    def gpus(self) -> int | None: ...
    @property
    def gpu_resource(self) -> str: ...
    @property
    def resources(self) -> Mapping[str, str]: ...


class Wanted(NamedTuple):
    """What the pods of a role are made from.

    parts: in how many ConfigMaps the code travels; carrier: whose they are, where not the run's
    own. account: the ServiceAccount whose token they
    get; healer: as which the coordinator among them takes nodes from dead machines.
    assigns_ids: the cluster chooses who they run as.
    """

    job: Job
    role: str
    run: str
    image: str
    parts: int = 0
    carrier: str | None = None
    account: str | None = None
    healer: str | None = None
    assigns_ids: bool = False

    @property
    def asked(self) -> Role:
        return self.job.roles[self.role]

    @property
    def volumes(self) -> dict[str, Volume]:
        """The user's, and those for what is kept; a claim that is the run's alone by its name."""
        found = {**self.job.volumes, **self.asked.volumes, **volumes.kept(self.job)}
        return {name: volumes.of_run(one, self.run) for name, one in found.items()}

    @property
    def labels(self) -> dict[str, str]:
        """Of the role's objects: the user's, and those by which they are found."""
        theirs = {**self.job.labels, **self.asked.labels}
        return names.labels(self.run, theirs, **{names.ROLE: self.role})


def template(wanted: Wanted, index: int | None = None) -> dict[str, Any]:
    """The pod template of a role. index: of the only node that it is for, where it is for one."""
    if index:  # it is not the coordinator's
        wanted = wanted._replace(healer=None)
    job, asked = wanted.job, wanted.asked
    # A queue of Jobs may also be one of pods, and these are no work beside their Job.
    labels = {key: value for key, value in wanted.labels.items() if key != names.QUEUE}
    metadata = {"labels": labels, "annotations": dict(asked.annotations)}
    spec = _spec(wanted)
    machine = {**job.node_selector, **asked.node_selector}
    if index is not None:
        machine |= asked.place[index]
    if index:
        _number(metadata, spec, wanted, index)
    if machine:
        spec["nodeSelector"] = machine
    for overlay in (job.pod, asked.pod):
        spec = strategic.merge(spec, overlay)
    hide_devices(rank(spec))
    return {"metadata": metadata, "spec": spec}


def rank(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The container that the agent and the ranks run in, of a pod's spec."""
    found: dict[str, Any] = next(
        one for one in spec["containers"] if one["name"] == names.CONTAINER
    )
    return found


def _spec(wanted: Wanted) -> dict[str, Any]:
    job, asked = wanted.job, wanted.asked
    tolerations = [*job.tolerations, *asked.tolerations]
    optional: dict[str, Any] = {
        "serviceAccountName": wanted.healer or wanted.account,
        "priorityClassName": asked.priority_class,
        "imagePullSecrets": [{"name": name} for name in job.pull_secrets],
    }
    return {
        "restartPolicy": "Never",
        "subdomain": wanted.run,
        "automountServiceAccountToken": wanted.account is not None,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": int(job.grace) + _LEAVING,
        "securityContext": users.pod_security(asked.user, wanted.assigns_ids),
        **{key: value for key, value in optional.items() if value},
        "tolerations": [
            *leave_lost_machines(),
            *(one.model_dump(exclude_none=True) for one in tolerations),
        ],
        "topologySpreadConstraints": [_spread(wanted.run)],
        "containers": [_container(wanted)],
        "volumes": [
            *volumes.own(
                wanted.run,
                wanted.parts,
                asked.shm,
                carrier=wanted.carrier,
                account=wanted.healer is not None,
            ),
            *volumes.theirs(wanted.volumes),
        ],
    }


def _container(wanted: Wanted) -> dict[str, Any]:
    job, asked = wanted.job, wanted.asked
    sources = [source(one) for one in (*job.env_from, *asked.env_from)]
    ports = [{"name": name, "containerPort": number} for name, number in asked.ports.items()]
    optional = {"imagePullPolicy": asked.pull, "ports": ports, "envFrom": sources}
    return {
        "name": names.CONTAINER,
        "image": wanted.image,
        "command": starting.command(job.python, layout.config(wanted.role)),
        "workingDir": layout.OWN,
        "env": _environment(wanted),
        **{key: value for key, value in optional.items() if value},
        "resources": resources(asked),
        "securityContext": users.container_security(),
        "terminationMessagePath": layout.TERMINATION,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            *volumes.own_mounts(wanted.parts, account=wanted.healer is not None),
            *volumes.their_mounts(wanted.volumes),
        ],
    }


def _number(metadata: dict[str, Any], spec: dict[str, Any], wanted: Wanted, index: int) -> None:
    """What Kubernetes gives each pod of an Indexed Job, for a pod that is a Job of its own."""
    metadata["labels"] = {**metadata["labels"], names.INDEX: str(index)}
    spec["hostname"] = names.host(wanted.run, wanted.role, index)
    rank(spec)["env"].append({"name": INDEX, "value": str(index)})


def resources(asked: Asking) -> dict[str, Any]:
    """Requests and limits: memory and devices are both, processors are asked for only, so that
    a node's idle ones are not kept from anybody."""
    limits: dict[str, str] = dict(asked.resources)
    if asked.memory is not None:
        limits["memory"] = asked.memory
    if asked.gpus:
        limits[asked.gpu_resource] = str(asked.gpus)
    requests = dict(limits)
    if asked.cpu is not None:
        requests["cpu"] = f"{round(asked.cpu * 1000)}m"
    found: dict[str, Any] = {"requests": requests, "limits": limits}
    return {key: value for key, value in found.items() if value}


def hide_devices(container: dict[str, Any]) -> None:
    """Let a container that was granted no device see none.

    Images of CUDA say NVIDIA_VISIBLE_DEVICES=all, and where NVIDIA's runtime is a machine's
    default, that alone shows a pod every GPU of it, whoever else was granted them. `void` is its
    word for "as if there were none". Where a device was granted, its plugin sets the variable, and
    what stood here would win over it.
    """
    asked = container.get("resources", {})
    granted = [name for name in asked.get("limits", {}) if "/" in name] or asked.get("claims")
    said = container.get("env", ())
    if not granted and all(one["name"] != _VISIBLE for one in said):
        container["env"] = [*said, {"name": _VISIBLE, "value": "void"}]


def _environment(wanted: Wanted) -> list[dict[str, Any]]:
    """What only the pod knows, a home for a user without one, and the user's secrets."""
    secrets = {**wanted.job.secrets, **wanted.asked.secrets}
    found = {
        ADDRESS: _field("status.podIP"),
        LOSSES: _field("metadata.annotations['batch.kubernetes.io/job-index-failure-count']"),
        **{name: {"value": value} for name, value in HOME.items()},
        **{name: from_secret(one) for name, one in secrets.items()},
    }
    return [{"name": name, **value} for name, value in found.items()]


def source(one: EnvSource) -> dict[str, Any]:
    """A whole object as variables of a container."""
    if one.secret is not None:
        return {"secretRef": {"name": one.secret}}
    return {"configMapRef": {"name": one.config_map}}


def from_secret(one: SecretKey) -> dict[str, Any]:
    """A variable's value."""
    return {"valueFrom": {"secretKeyRef": {"name": one.secret, "key": one.key}}}


def _field(path: str) -> dict[str, Any]:
    return {"valueFrom": {"fieldRef": {"fieldPath": path}}}


def leave_lost_machines() -> list[dict[str, Any]]:
    """Kubernetes itself would leave pods for five minutes on a machine that does not answer."""
    return [_toleration("not-ready"), _toleration("unreachable")]


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
