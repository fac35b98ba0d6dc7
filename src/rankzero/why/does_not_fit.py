"""No machine of the cluster has what the pod asks for: resources, labels, or a missing taint."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.why import fitting, scheduling
from rankzero.why.amounts import number, shown
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_OPTIONS = {"cpu": "--cpu", "memory": "--memory", "nvidia.com/gpu": "--gpus"}


def look(pod: Pod, seen: Seen) -> Trouble | None:
    if not pod.unplaced:
        return None
    refusal = scheduling.read(pod)
    lacks = [f"{lack.many} of {refusal.machines} {lack.text}" for lack in refusal.lacks]
    text = f"no machine fits: {'; '.join(lacks) or refusal.said}"
    remedy = "; ".join(_remedies(pod, seen, {lack.kind for lack in refusal.lacks}))
    return Trouble("does-not-fit", text, remedy, tuple(_evidence(pod, seen)))


def _evidence(pod: Pod, seen: Seen) -> Iterator[str]:
    asks = [scheduling.amount(pod, name) for name in pod.requests]
    asks += [f"label {key}={value}" for key, value in pod.selector.items()]
    if asks:
        yield f"it asks for {', '.join(asks)}"
    nearest = fitting.nearest(pod, seen.machines or ())
    if nearest is not None:
        yield f"nearest: {nearest.machine} {', '.join(nearest.words)}"


def _remedies(pod: Pod, seen: Seen, kinds: set[str]) -> Iterator[str]:
    if "resource" in kinds:
        yield _ask_for_less(pod, seen)
    if "label" in kinds:
        pairs = " ".join(f"{key}={value}" for key, value in pod.selector.items()) or "KEY=VALUE"
        yield f"ask for other labels, or have a machine labelled: kubectl label node NAME {pairs}"
    if "taint" in kinds:
        yield "tolerate the taint in the job, if these machines are meant for it"
    if kinds == {"closed"}:
        yield "wait: its machines are out of service (kubectl get nodes)"


def _ask_for_less(pod: Pod, seen: Seen) -> str:
    asked = {name: number(text) for name, text in pod.requests.items()}
    machines = seen.machines or ()
    never = [name for name, want in asked.items() if want > fitting.largest(name, machines)]
    if machines and never:
        sizes = [f"{_option(name)} {_most(name, seen)}" for name in never]
        return f"ask for no more than the largest machine has: {', '.join(sizes)}"
    options = ", ".join(map(_option, asked)) or "--cpu, --memory, --gpus"
    return f"ask for less ({options}), or wait until others end"


def _option(name: str) -> str:
    return _OPTIONS.get(name, name)


def _most(name: str, seen: Seen) -> str:
    return shown(name, fitting.largest(name, seen.machines or ()))


find = by(look)
