"""What a user must be allowed to do in a namespace: exactly what rankzero asks the API server for.

`rankzero doctor --rbac` prints it, preflight asks after it, and every test on a cluster runs with
it and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rankzero.driver.cluster import words
from rankzero.plan.kubernetes.kinds import KINDS


class Right(NamedTuple):
    """One verb on one resource; a subresource stands in its name: `pods/exec`. name: of the one
    object that it is about; empty for all."""

    verb: str
    group: str
    resource: str
    name: str = ""

    def __str__(self) -> str:
        """`create jobs.batch`"""
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{group}" + (f" {self.name}" if self.name else "")


class Rule(NamedTuple):
    """Rights that serve one purpose; why is for the administrator who is asked for them. names: of
    the objects that they are about; empty for all."""

    why: str
    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def rights(self) -> Iterator[Right]:
        for resource in self.resources:
            for verb in self.verbs:
                for name in self.names or ("",):
                    yield Right(verb, self.group, resource, name)

    def to_json(self) -> dict[str, Any]:
        """A rule of a Role."""
        lists = {"resources": list(self.resources), "verbs": list(self.verbs)}
        only = {"resourceNames": list(self.names)} if self.names else {}
        return {"apiGroups": [self.group], **lists, **only}


_SEEN = ("list", "patch", "delete")

#: What every run takes, from its submission until it is deleted.
USUAL = (
    Rule(
        "start a run, follow and stop runs, delete them with all that is theirs; look at volumes",
        "batch",
        ("jobs",),
        ("create", "list", "watch", "patch", "delete"),
    ),
    Rule(
        "what belongs to a run: its code, its token, its names; they are written and never read",
        "",
        ("configmaps", "secrets", "services"),
        ("create",),
    ),
    Rule("follow what becomes of the pods of a run", "", ("pods",), ("list", "watch")),
    Rule("the lines of pods that have ended", "", ("pods/log",), ("get",)),
    # A WebSocket begins as a GET; from Kubernetes 1.35 on it takes `create` as well.
    Rule("lines, state and outputs of a run that goes on", "", ("pods/exec",), ("get", "create")),
)

#: What single commands take; runs go on without.
SOME_VERBS = (
    Rule(
        "what Kubernetes says of pods that wait (why, describe)", "", ("events",), ("list", "watch")
    ),
    Rule("ports of a rank, from here (port-forward)", "", ("pods/portforward",), ("get", "create")),
    Rule(
        "nodes that a dead machine holds (whoever watches, recover)",
        "",
        ("pods",),
        ("patch", "delete"),
    ),
    Rule(
        "volumes that are made where they are not there (jobs with a size, volume)",
        "",
        ("persistentvolumeclaims",),
        ("get", "list", "create", "delete"),
    ),
)


#: Of who runs pipelines, or looks at them.
PIPELINES = (
    Rule("what a pipeline is to do, and has done", "", ("configmaps",), ("list", "watch")),
)

#: Of who is a pipeline's driver.
CLIENTS = (
    *PIPELINES,
    Rule("the book that a client keeps of a pipeline", "", ("configmaps",), ("patch",)),
)

#: What services take, beside what runs do.
SERVING = (
    Rule(
        "services: deploy, follow, scale, update, undo and delete them",
        "apps",
        ("deployments",),
        ("create", "list", "watch", "patch", "delete"),
    ),
    Rule("the versions of a service", "apps", ("replicasets",), ("list", "watch")),
    Rule("where a service is reached; taken away, and changed", "", ("services",), _SEEN),
    Rule("what versions were made of that nobody can go back to", "", ("configmaps",), ("delete",)),
    Rule("which pods a service leads to", "discovery.k8s.io", ("endpointslices",), ("list",)),
    Rule(
        "a service that scales itself (--autoscale)",
        "autoscaling",
        ("horizontalpodautoscalers",),
        ("create", *_SEEN),
    ),
    Rule(
        "moving the pods of a service one by one", "policy", ("poddisruptionbudgets",), ("create",)
    ),
)


def needed(manifests: Iterable[Mapping[str, Any]] = ()) -> tuple[Rule, ...]:
    """What a run of these manifests takes; without any, what all runs take."""
    usual = {right for rule in USUAL for right in rule.rights}
    more: dict[Right, Rule] = {}
    for manifest in manifests:
        looked_at = CLIENTS if is_client(manifest) else PIPELINES if is_driver(manifest) else ()
        for rule in (_create(manifest["kind"]), *_granted(manifest), *looked_at):
            if not usual.issuperset(rule.rights):
                more.update(dict.fromkeys(rule.rights, rule))
    return (*USUAL, *dict.fromkeys(more.values()))


def is_driver(manifest: Mapping[str, Any]) -> bool:
    """Whether it is the Job of a pipeline's driver."""
    return bool(manifest["metadata"].get("labels", {}).get(words.PART) == words.DRIVER)


def is_client(manifest: Mapping[str, Any]) -> bool:
    """Whether it is that of a pipeline which a client drives."""
    return is_driver(manifest) and words.CLIENT in manifest["metadata"]["annotations"]


def to_serve(manifests: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """What it takes to deploy and follow a service of these manifests."""
    kinds = {KINDS[manifest["kind"]].plural for manifest in manifests}
    kinds |= {"replicasets", "pods", "deployments"}
    found = (rule for rule in (*SERVING, *USUAL[1:3]) if kinds.intersection(rule.resources))
    return tuple(
        rule._replace(resources=tuple(one for one in rule.resources if one in kinds))
        for rule in found
    )


def rights(rules: Iterable[Rule]) -> tuple[Right, ...]:
    """All of them, each once, in order."""
    return tuple(dict.fromkeys(right for rule in rules for right in rule.rights))


def _create(name: str) -> Rule:
    kind = KINDS[name]
    # A claim may be there already, and is looked at then.
    verbs = ("get", "create") if name == "PersistentVolumeClaim" else ("create",)
    return Rule(f"this job has a {name} of its own", kind.group, (kind.plural,), verbs)


def _granted(manifest: Mapping[str, Any]) -> Iterator[Rule]:
    """Nobody may grant what they do not have themselves, so who creates a Role needs its rules."""
    if manifest["kind"] != "Role":
        return
    for rule in manifest["rules"]:
        lists = (tuple(rule.get(key) or ()) for key in ("resources", "verbs", "resourceNames"))
        resources, verbs, names = lists
        for group in rule["apiGroups"]:
            yield Rule("this job's pods get these rights from you", group, resources, verbs, names)
