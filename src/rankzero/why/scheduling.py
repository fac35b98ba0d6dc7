"""What the scheduler says of a pod that it cannot place, in plain words. Pure.

Its sentence is in the pod itself, so that it can be read by whoever may read pods.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from rankzero.why.amounts import number, shown
from rankzero.why.seen import Pod

_SENTENCE = re.compile(r"0/(\d+) nodes are available: (.*)", re.DOTALL)
_END = re.compile(r"\. (?:preemption:|no new claims|not found).*|\.?$", re.DOTALL)
_PART = re.compile(r"(\d+) (.*?)(?=, \d+ |$)")


class Lack(NamedTuple):
    """Why `many` machines are no place for a pod. kind: `resource`, `label`, `taint`, `closed`,
    `volume` or `other`; text: what stands behind `2 of 3 `."""

    many: int
    kind: str
    text: str


class Refusal(NamedTuple):
    """machines: how many there are. said: what is no machine's fault, or not understood."""

    machines: int
    lacks: tuple[Lack, ...]
    said: str


def read(pod: Pod) -> Refusal:
    found = _SENTENCE.match(pod.unplaced)
    if not found:
        return Refusal(0, (), pod.unplaced)
    body = _END.sub("", found.group(2), count=1).strip()
    parts = _PART.findall(body)
    if not parts:
        return Refusal(int(found.group(1)), (), body)
    lacks = tuple(_lack(int(count), text.strip(), pod) for count, text in parts)
    return Refusal(int(found.group(1)), lacks, body)


def _lack(count: int, said: str, pod: Pod) -> Lack:
    for pattern, tell in _TELLERS:
        found = re.match(pattern, said)
        if found:
            kind, text = tell(found, pod, count == 1)
            return Lack(count, kind, text)
    return Lack(count, "other", f'{"is" if count == 1 else "are"} refused: "{said}"')


def asked(pod: Pod, name: str) -> str:
    """`64 cpu`, `2 nvidia.com/gpu`."""
    return amount(pod, name) if name in pod.requests else f"more {name}"


def amount(pod: Pod, name: str) -> str:
    """As people say it: the API server writes 4000 as 4k."""
    return f"{shown(name, number(pod.requests[name]))} {name}"


def taint(key: str, value: str) -> tuple[str, str]:
    """(kind, what the machine is) for a taint that a pod does not put up with."""
    short = key.removeprefix("node.kubernetes.io/")
    if short in ("unreachable", "not-ready", "network-unavailable"):
        return "closed", "not ready"
    if short == "unschedulable":
        return "closed", "closed to new pods"
    if short.endswith("-pressure"):
        return "closed", f"short of {short.removesuffix('-pressure')}"
    return "taint", f"tainted {key}={value}" if value else f"tainted {key}"


_Told = tuple[str, str]


def _resource(found: re.Match[str], pod: Pod, one: bool) -> _Told:
    return "resource", f"{'lacks' if one else 'lack'} {asked(pod, found.group(1))}"


def _label(found: re.Match[str], pod: Pod, one: bool) -> _Told:
    wanted = ", ".join(f"{key}={value}" for key, value in pod.selector.items())
    text = f"label {wanted}" if wanted else "what the pod's affinity asks for"
    return "label", f"{'lacks' if one else 'lack'} {text}"


def _taint(found: re.Match[str], pod: Pod, one: bool) -> _Told:
    kind, text = taint(found.group(1), found.group(2).strip())
    return kind, f"{'is' if one else 'are'} {text}"


def _plain(kind: str, singular: str, plural: str) -> Callable[[re.Match[str], Pod, bool], _Told]:
    return lambda found, pod, one: (kind, singular if one else plural)


_TELLERS: tuple[tuple[str, Callable[[re.Match[str], Pod, bool], _Told]], ...] = (
    (r"Insufficient (\S+)", _resource),
    (r"Too many pods", _plain("resource", "has no room for another pod", "have no room for pods")),
    (r"node\(s\) didn't match Pod's node (?:affinity|selector)", _label),
    (r"node\(s\) had untolerated taint(?:\(s\))? \{([^:}]+):([^}]*)\}", _taint),
    (r"node\(s\) had untolerated taint", _plain("taint", "is tainted", "are tainted")),
    (
        r"node\(s\) were unschedulable",
        _plain("closed", "is closed to new pods", "are closed to new pods"),
    ),
    (
        r"node\(s\) (?:had volume node affinity conflict|had no available volume zone)",
        _plain("volume", "cannot reach its volume", "cannot reach its volume"),
    ),
    (
        r"node\(s\) didn't find available persistent volumes",
        _plain("volume", "has no volume for its claim", "have no volume for its claim"),
    ),
    (
        r"node\(s\) didn't have free ports",
        _plain("port", "has its port in use", "have its port in use"),
    ),
    (
        r"node\(s\) didn't (?:match|satisfy).*(?:anti-affinity|topology spread)",
        _plain("spread", "may hold no second pod of it", "may hold no second pod of it"),
    ),
)
