"""What keeps a pod from a node for good: labels, taints, and what the node could give an only pod.

Pure. What passes (a node that is cordoned, or short of something for the moment) keeps nobody from
it for good, so it counts for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from rankzero.backends.kubernetes.preflight.amounts import Amounts
from rankzero.backends.kubernetes.preflight.model import Object
from rankzero.backends.kubernetes.preflight.quantities import amounts, shown

#: Taints that Kubernetes sets and takes away by itself as a node's state changes.
_PASSING = "node.kubernetes.io/"


class Lack(NamedTuple):
    """Why a pod does not fit. short: how much of what is asked for is missing, from 0 to 1."""

    text: str
    short: float = 1.0


class Wanted(NamedTuple):
    """What a pod asks of its node: amounts, and where it may be."""

    requests: Amounts
    spec: Object

    @classmethod
    def of(cls, spec: Object, requests: Amounts) -> Wanted:
        asked = {name: value for name, value in requests.items() if value > 0}
        return cls({**asked, "pods": Fraction(1)}, spec)


def name(node: Object) -> str:
    return str(node["metadata"]["name"])


def lacks(node: Object, wanted: Wanted) -> list[Lack]:
    """All that a node lacks for a pod; nothing where it could run there."""
    return [*_labels(node, wanted.spec), *_taints(node, wanted.spec), *_amounts(node, wanted)]


def room(node: Object, wanted: Wanted) -> int:
    """How many such pods a node could run at once, if it ran nothing else."""
    has = amounts(node["status"].get("allocatable"))
    return min(int(has.get(one, Fraction(0)) / asks) for one, asks in wanted.requests.items())


def _amounts(node: Object, wanted: Wanted) -> Iterator[Lack]:
    allocatable = amounts(node["status"].get("allocatable"))
    for resource, asks in wanted.requests.items():
        has = allocatable.get(resource, Fraction(0))
        if has < asks:
            said = f"has {shown(resource, has)}" if has else f"has no {resource}"
            yield Lack(said, float((asks - has) / asks))


def _taints(node: Object, spec: Object) -> Iterator[Lack]:
    tolerations = spec.get("tolerations") or ()
    for taint in node.get("spec", {}).get("taints") or ():
        if taint["effect"] == "PreferNoSchedule" or taint["key"].startswith(_PASSING):
            continue
        if not any(_tolerates(one, taint) for one in tolerations):
            value = f"={taint['value']}" if taint.get("value") else ""
            yield Lack(f"has the taint {taint['key']}{value}:{taint['effect']}")


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def _labels(node: Object, spec: Object) -> Iterator[Lack]:
    labels = node["metadata"].get("labels") or {}
    for key, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            yield Lack(_other_label(labels, key, value))
    if spec.get("nodeName") not in (None, "", name(node)):
        yield Lack(f"is not {spec['nodeName']}")
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms")
    if terms is not None and not any(_holds(term, node) for term in terms):
        yield Lack("is outside the node affinity")


def _other_label(labels: Mapping[str, str], key: str, value: str) -> str:
    if key not in labels:
        return f"has no label {key}={value}"
    return f"has the label {key}={labels[key]} and not {value}"


def _holds(term: Object, node: Object) -> bool:
    """One term of a node affinity: all of it; an empty one holds nowhere."""
    labels = node["metadata"].get("labels") or {}
    fields = {"metadata.name": name(node)}
    parts = [
        *((one, labels) for one in term.get("matchExpressions") or ()),
        *((one, fields) for one in term.get("matchFields") or ()),
    ]
    return bool(parts) and all(_matches(one, values) for one, values in parts)


def _matches(expression: Object, labels: Mapping[str, str]) -> bool:
    key, operator = str(expression["key"]), str(expression["operator"])
    values: list[str] = list(expression.get("values") or ())
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    if operator in ("In", "NotIn"):
        return (labels.get(key) in values) == (operator == "In")
    try:
        has, bound = int(labels[key]), int(values[0])
    except (KeyError, ValueError, IndexError):
        return False
    return has > bound if operator == "Gt" else has < bound
