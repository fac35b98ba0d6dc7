"""A pipeline's driver as objects: its Job, who it is for the API server, what it reads."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rankzero.driver.cluster import words
from rankzero.plan.kubernetes import access, layout, names, pod, starting, users, volumes
from rankzero.plan.kubernetes.objects import config_map, head
from rankzero.plan.kubernetes.rights import Rule, needed

#: Exactly what the driver asks of the API server.
RIGHTS: tuple[dict[str, Any], ...] = (
    {
        "apiGroups": ["batch"],
        "resources": ["jobs"],
        "verbs": ["create", "list", "watch", "patch"],
    },
    access.HEALING,  # it follows the pods of its parts as well
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "list", "patch"]},
    {"apiGroups": [""], "resources": ["secrets", "services"], "verbs": ["create"]},
)
#: Where OwnerReferencesPermissionEnforcement is on, as on OpenShift, who gives an object an owner
#: must be allowed to delete it.
_OWNING = Rule(
    "that what travels for a service goes when the service does", "", ("configmaps",), ("delete",)
)
#: What it asks for, too, where a step is a service.
SERVING: tuple[Rule, ...] = (
    _OWNING,
    Rule(
        "services that are steps of a pipeline: made, and brought to a new version",
        "apps",
        ("deployments",),
        ("create", "list", "watch", "patch"),
    ),
    Rule("the version of a service that is gone back to", "apps", ("replicasets",), ("list",)),
    Rule("where such a service is reached", "", ("services",), ("create", "patch")),
    Rule(
        "moving the pods of a service one by one", "policy", ("poddisruptionbudgets",), ("create",)
    ),
    Rule(
        "services that scale themselves",
        "autoscaling",
        ("horizontalpodautoscalers",),
        ("create", "patch"),
    ),
)
#: So often a driver may die before Kubernetes gives it up; each waits longer for its turn.
_DEATHS = 1000
#: What a driver takes of a machine.
_RESOURCES = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}
#: What it needs to leave (seconds): it writes nothing at its end.
_LEAVING = 5


class Wanted(NamedTuple):
    """What a driver is made from.

    name: of the pipeline. image: has Python. about: what those who look want to know of the
    pipeline. plans: `sha256:...` of the parts that its plan travels in. account: a ServiceAccount
    that is there; None makes one. client: what drives it where no pod does, see
    `driver.cluster.seat`. pull_secrets: names of Secrets. ttl: how long all of it stays
    when it is over (seconds). more: what objects of its steps take beyond what all steps have.
    """

    run: str
    name: str
    image: str
    about: Mapping[str, Any]
    plans: Sequence[str] = ()
    account: str | None = None
    client: str | None = None
    pull_secrets: Sequence[str] = ()
    user: int | str | None = None
    python: str | None = None
    ttl: int = 0
    more: tuple[Rule, ...] = ()

    def labels(self, part: str) -> dict[str, str]:
        return {
            names.MANAGED_BY: "rankzero",
            words.PIPELINE: self.run,
            words.PART: part,
            names.NAME: self.name,
        }


def rules() -> tuple[Rule, ...]:
    """What its account may do, for an administrator who makes one (`--service-account`)."""
    why = "what the driver of a pipeline does: its steps, and the book that it keeps of them"
    steps = (
        Rule(why, group, tuple(one["resources"]), tuple(one["verbs"]))
        for one in RIGHTS
        for group in one["apiGroups"]
    )
    return (*steps, *SERVING)


def serving(
    kinds: Container[str], services: tuple[str, ...], carried: tuple[str, ...]
) -> Iterator[Rule]:
    """What it asks for where steps are these services, whose objects are of these kinds. carried:
    the ConfigMaps that they are to own. Only what has these names may be changed; what is to be
    made, or listed, cannot be named in a Role."""
    for rule in SERVING:
        if rule is _OWNING:
            if carried:
                yield rule._replace(names=carried)
        elif rule.group != "autoscaling" or "HorizontalPodAutoscaler" in kinds:
            yield rule._replace(verbs=tuple(verb for verb in rule.verbs if verb != "patch"))
            if "patch" in rule.verbs:
                yield rule._replace(verbs=("patch",), names=services)


def for_users(client: str | None = None) -> tuple[Rule, ...]:
    """What a user takes to run pipelines with an account of their own, or with clients: see
    `rights.needed`."""
    more = () if client else SERVING
    wanted = Wanted("any", "any", "any", {}, [""], client=client, more=more)
    return needed([job(wanted), *others(wanted)])


def job(wanted: Wanted) -> dict[str, Any]:
    """The first object, which owns all others, suspended."""
    labels = wanted.labels(words.DRIVER)
    made = head("batch/v1", "Job", words.job(wanted.run), labels)
    made["metadata"]["annotations"] = {names.PLAN: json.dumps(dict(wanted.about))}
    if wanted.client is not None:
        made["metadata"]["annotations"][words.CLIENT] = wanted.client
    # Not the driver's own watch on Jobs and pods: it would hear of itself.
    inner = {key: value for key, value in labels.items() if key != words.PIPELINE}
    inner[names.ROLE] = words.DRIVER
    made["spec"] = {
        "suspend": True,
        "backoffLimit": _DEATHS,
        "ttlSecondsAfterFinished": wanted.ttl,
        "template": {"metadata": {"labels": inner}, "spec": _spec(wanted)},
    }
    if wanted.client is not None:
        made["spec"]["parallelism"] = 0  # whoever resumes it, no pod comes of it
    return made


def others(wanted: Wanted) -> list[dict[str, Any]]:
    """What its pod needs."""
    labels = wanted.labels(words.PLAN)
    maps = [
        config_map(f"{wanted.run}-plan-{at}", labels, {}, {f"{at:03d}": digest})
        for at, digest in enumerate(wanted.plans)
    ]
    if wanted.account is not None or wanted.client is not None:
        return maps
    given = [*map(dict, RIGHTS), *(rule.to_json() for rule in wanted.more)]
    return [*maps, *access.account_with(wanted.run, given, labels)]


def _spec(wanted: Wanted) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "restartPolicy": "OnFailure",
        "serviceAccountName": wanted.account or wanted.run,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _LEAVING,
        "securityContext": users.pod_security(wanted.user, assigns_ids=False),
        "tolerations": pod.leave_lost_machines(),
        "containers": [_container(wanted)],
        "volumes": [
            {"name": "agent", "configMap": {"name": f"{wanted.run}-agent"}},
            {"name": "plan", "projected": {"sources": _plans(wanted)}},
            {"name": "account", "projected": {"sources": volumes.account_sources()}},
        ],
    }
    if wanted.client is not None:  # nobody made the account
        del spec["serviceAccountName"]
    if wanted.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in wanted.pull_secrets]
    return spec


def _container(wanted: Wanted) -> dict[str, Any]:
    mounts = {"agent": layout.AGENT, "plan": words.PLAN_FOLDER, "account": words.ACCOUNT}
    container = {
        "name": names.CONTAINER,
        "image": wanted.image,
        "command": starting.drive(wanted.python),
        "env": [{"name": "PYTHONUNBUFFERED", "value": "1"}],
        "resources": _RESOURCES,
        "securityContext": users.container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": name, "mountPath": path, "readOnly": True} for name, path in mounts.items()
        ],
    }
    pod.hide_devices(container)
    return container


def _plans(wanted: Wanted) -> list[dict[str, Any]]:
    return [{"configMap": {"name": f"{wanted.run}-plan-{at}"}} for at in range(len(wanted.plans))]
