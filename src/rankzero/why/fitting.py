"""Which machine comes nearest to what a pod asks for, and what that one lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rankzero.why.amounts import number, shown
from rankzero.why.scheduling import taint
from rankzero.why.seen import Machine, Pod


class Lacking(NamedTuple):
    """What keeps a pod from a machine, in words; share: how much of the amounts is missing."""

    machine: str
    words: tuple[str, ...]
    share: float


def nearest(pod: Pod, machines: Iterable[Machine]) -> Lacking | None:
    """The machine that lacks least; None where there is none, or one lacks nothing."""
    found = sorted(
        (lacking(pod, one) for one in machines), key=lambda one: (len(one.words), one.share)
    )
    return found[0] if found and found[0].words else None


def lacking(pod: Pod, machine: Machine) -> Lacking:
    words = [] if machine.ready else ["is not ready"]
    for key, value in pod.selector.items():
        if machine.labels.get(key) != value:
            words.append(f"lacks label {key}={value}")
    for key, value, effect in machine.taints:
        if (
            machine.ready
            and effect != "PreferNoSchedule"
            and not _tolerated(pod, key, value, effect)
        ):
            words.append(f"is {taint(key, value)[1]}")
    share = 0.0
    for name, text in pod.requests.items():
        wanted, has = number(text), number(machine.has.get(name, "0"))
        free = has if machine.free is None else machine.free.get(name, 0.0)
        if free < wanted:
            part = shown(name, max(free, 0.0))
            left = "" if free == has else f" free of {shown(name, has)}"
            words.append(f"has {part}{left} {name}, {shown(name, wanted)} asked")
            share += 1 - max(free, 0.0) / wanted
    return Lacking(machine.name, tuple(words), share)


def largest(name: str, machines: Iterable[Machine]) -> float:
    """The most of a resource that one machine has."""
    return max((number(one.has.get(name, "0")) for one in machines), default=0.0)


def _tolerated(pod: Pod, key: str, value: str, effect: str) -> bool:
    return any(
        one.key in ("", key) and one.effect in ("", effect) and one.value in (None, value)
        for one in pod.tolerations
    )
