"""The machines that `mpirun` is told, and how its processes come to stand on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from rankzero.importing.findings import Findings
from rankzero.importing.options import Said
from rankzero.spec import units
from rankzero.spec.problems import Place

_ROOM = "a cluster chooses machines with room; `place` names them by their labels"


class Hosts(NamedTuple):
    """slots: how many processes each machine takes, by its name."""

    slots: dict[str, int]
    place: Place

    @classmethod
    def read(cls, said: Iterable[Said], findings: Findings) -> Hosts:
        """`a:4,b:4`, or `a,a,b`, in which a machine's name stands for a process each time."""
        slots: dict[str, int] = {}
        place = Place()
        for one in said:
            place = one.place
            for part in one.value.split(","):
                name, colon, text = part.strip().rpartition(":")
                number = units.whole(text) if colon else 0
                if not colon:
                    name = text
                if not name or number is None or number < bool(colon):
                    findings.problem(place, f'must be such as a:4,b:4; got "{one.value}"')
                    continue
                slots[name] = slots.get(name, 0) + (number or 1)
        if set(slots) - {"localhost", "127.0.0.1"}:
            findings.note(place, f"{', '.join(slots)}: machines are not named", _ROOM)
        return cls(slots, place)


def spread(
    count: Said | None, each: Said | None, hosts: Hosts, findings: Findings
) -> dict[str, Any]:
    """Keys of a role with as many nodes and ranks. count: of all; each: of one node."""
    total = None if count is None else int(count.value)
    machines = len(hosts.slots)
    if each is not None:
        return _by_node(total, each, hosts, findings)
    if total is None:
        return _by_slots(hosts, findings)
    assert count is not None
    if machines > 1 and total % machines:
        message = f"{total} processes do not come out even on {machines} machines"
        findings.problem(count.place, f"{message}; nodes of one role have as many ranks")
        return {}
    return _keys(max(machines, 1), total // max(machines, 1))


def _by_node(total: int | None, each: Said, hosts: Hosts, findings: Findings) -> dict[str, Any]:
    number, machines = int(each.value), len(hosts.slots)
    if total is None:
        return _keys(max(machines, 1), number)
    if total % number:
        findings.problem(each.place, f"{total} processes are no multiple of {number} for each node")
        return {}
    if machines and total // number > machines:
        message = f"{total} processes, {number} on each, need {total // number} machines"
        findings.problem(hosts.place, f"{message}; {machines} are named")
        return {}
    return _keys(total // number, number)


def _by_slots(hosts: Hosts, findings: Findings) -> dict[str, Any]:
    """As many as the machines take, where nobody says how many."""
    slots = set(hosts.slots.values())
    if len(slots) > 1:
        message = "have different numbers of slots; nodes of one role have as many ranks"
        findings.problem(hosts.place, message)
        return {}
    if slots:
        return _keys(len(hosts.slots), slots.pop())
    findings.note(
        Place(option="mpirun"), "is not told how many", "nproc: cpu is a rank for each processor"
    )
    return {"nproc": "cpu"}


def _keys(nodes: int, nproc: int) -> dict[str, Any]:
    return {"nodes": nodes, "nproc": nproc}
