"""What a pod asks for, all its containers together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from rankzero.backends.kubernetes.preflight.model import Object
from rankzero.backends.kubernetes.preflight.quantities import amounts

Amounts = dict[str, Fraction]


def asked(container: Object) -> tuple[Amounts, Amounts]:
    """A container's requests and limits; what has only a limit requests as much."""
    resources = container.get("resources") or {}
    limits = amounts(resources.get("limits"))
    return {**limits, **amounts(resources.get("requests"))}, limits


def whole(spec: Object, at: int) -> Amounts:
    """A pod's requests (at 0) or limits (at 1): its containers together, or the largest of those
    that run before them, whichever is more."""
    beside: Amounts = {}  # containers that start before the others, and stay
    before: Amounts = {}
    for container in spec.get("initContainers") or ():
        mine = plus(beside, asked(container)[at])
        before = most(before, mine)
        if container.get("restartPolicy") == "Always":
            beside = mine
    together = beside
    for container in spec["containers"]:
        together = plus(together, asked(container)[at])
    return plus(most(together, before), amounts(spec.get("overhead")))


def plus(one: Mapping[str, Fraction], other: Mapping[str, Fraction]) -> Amounts:
    zero = Fraction(0)
    return {name: one.get(name, zero) + other.get(name, zero) for name in one.keys() | other.keys()}


def times(one: Mapping[str, Fraction], count: int) -> Amounts:
    return {name: value * count for name, value in one.items()}


def most(one: Mapping[str, Fraction], other: Mapping[str, Fraction]) -> Amounts:
    zero = Fraction(0)
    names = one.keys() | other.keys()
    return {name: max(one.get(name, zero), other.get(name, zero)) for name in names}
