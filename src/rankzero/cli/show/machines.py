"""A cluster and its machines, as people see them."""

from __future__ import annotations

from collections.abc import Sequence

from rankzero.backends.kubernetes.machines.model import Cluster, Devices, Node
from rankzero.cli.show.table import say_table
from rankzero.cli.show.terminal import DIM, Screen
from rankzero.why.amounts import shown

_HEADS = ("NODE", "STATE", "CPU", "MEMORY", "GPUS", "PODS", "TAINTS", "RUNS")


def say_cluster(screen: Screen, found: Cluster) -> None:
    """Line by line, then what there is of machines."""
    screen.say(f"{found.context}  Kubernetes {found.version.removeprefix('v')} · {found.server}")
    facts = {"namespace": found.namespace}
    if found.nodes is not None:
        ready = sum("ready" in node.states for node in found.nodes)
        facts["machines"] = f"{ready}/{len(found.nodes)} ready"
        facts["GPUs"] = _gpus([one for node in found.nodes for one in node.devices]) or "none"
    if found.classes is not None:
        facts["storage"] = ", ".join(found.classes) or "no class"
    facts["installed"] = ", ".join(found.adds) or "nothing that rankzero would use"
    width = max(map(len, facts))
    for name, text in facts.items():
        screen.say(f"  {name:<{width}}  {text}")
    for one in found.not_shown:
        screen.say("  " + screen.paint(f"not shown: {one}", DIM))


def say_nodes(screen: Screen, found: Sequence[Node], *, labels: bool) -> None:
    """A line each; labels: and one for each label below it."""
    if not found:
        screen.say("No machines.")
        return
    say_table(screen, _HEADS, [_row(node) for node in found])
    for node in found if labels else ():
        screen.say(f"\n{node.name}")
        for key, value in sorted(node.labels.items()):
            screen.say(f"  {key}={value}")
    if any(node.pods is None for node in found):
        screen.say(screen.paint("what is free is not known: pods may not be listed", DIM))


def _row(node: Node) -> tuple[str, ...]:
    return (
        node.name,
        ", ".join(node.states),
        _of("cpu", node.cpu_free, node.cpu),
        _of("memory", node.memory_free, node.memory),
        _gpus(node.devices) or "-",
        "?" if node.pods is None else str(node.pods),
        ", ".join(node.taints) or "-",
        ", ".join(node.runs) or "-",
    )


def _of(name: str, free: float | None, total: float) -> str:
    """`1.5 of 4`"""
    return f"{'?' if free is None else shown(name, max(free, 0.0))} of {shown(name, total)}"


def _gpus(devices: Sequence[Devices]) -> str:
    """`3 of 8 free NVIDIA-H200`, one after the other for each kind."""
    kinds: dict[tuple[str, str], list[Devices]] = {}
    for one in devices:
        kinds.setdefault((one.resource, one.model), []).append(one)
    return "; ".join(_kind(resource, model, some) for (resource, model), some in kinds.items())


def _kind(resource: str, model: str, some: Sequence[Devices]) -> str:
    total = sum(one.total for one in some)
    free = None if any(one.free is None for one in some) else sum(one.free or 0 for one in some)
    amount = f"{'?' if free is None else free} of {total} free"
    name = model or resource
    part = f" ({resource.partition('/')[2]})" if some[0].is_part and model else ""
    return f"{amount} {name}{part}"
