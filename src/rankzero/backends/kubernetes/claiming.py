"""Whether somebody gives a claim its volume, before it is made, and when."""

from __future__ import annotations

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.preflight import asking, claims, storage_classes, volumes
from rankzero.backends.kubernetes.preflight.model import Answers, Object, Request, why_not
from rankzero.errors import Refused

_CHECKS = (volumes, storage_classes)
_LATER = "see it: rankzero volume list"


def outlook(cluster: Cluster, wanted: Object) -> str:
    """When a claim that is not there yet would have its volume, in words; empty for one that is
    there. Errors: Refused where it never would."""
    request = Request(cluster.namespace, (), (wanted,), {})
    answers = asking.answers_to(cluster, request, _CHECKS)
    if claims.brought(claims.without_those_there(request, answers)) == []:
        return ""
    for check in _CHECKS:
        for one in check.judge(request, answers).refusals:
            raise Refused(f"{one.text}; nothing was made.", one.remedy)
    return when(wanted, answers)


def when(wanted: Object, answers: Answers) -> str:
    """As its class has it. Pure."""
    kind = wanted["spec"].get("storageClassName")
    if kind == "":
        return f"pending until somebody makes a volume that fits; {_LATER}"
    answer = answers[storage_classes.CLASSES]
    if not answer.ok:
        unknown = f"whether its class is there is not known ({why_not(answer, _RIGHT)})"
        return f"pending; {unknown}; {_LATER}"
    mine = next(one for one in answer.items if _is(one, kind))
    name = mine["metadata"]["name"]
    if mine.get("volumeBindingMode") == "WaitForFirstConsumer":
        return (
            f"pending until a pod mounts it: class {name} makes its volume then, where that pod is"
        )
    return f"pending until class {name} has made its volume; {_LATER}"


_RIGHT = storage_classes.CLASSES.right


def _is(one: Object, kind: str | None) -> bool:
    return storage_classes.is_default(one) if kind is None else one["metadata"]["name"] == kind
