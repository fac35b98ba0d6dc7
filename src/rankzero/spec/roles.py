"""Roles: which comes first, whose end is the run's, and what a node of one asks for."""

from __future__ import annotations

import re

from rankzero.spec import units
from rankzero.spec.model import Job, Role

#: Places in the order; every other role stands between `chief` and `ps`, as it was written.
_ORDER = {"chief": 0, "ps": 2, "evaluator": 3}


def ordered_roles(job: Job) -> tuple[str, ...]:
    """The roles' names in rank order: rank 0 is the first role's node 0.

    A chief comes first, parameter servers and evaluators last: those that hold rank 0 and
    coordinate are those that see the run through. All others stay as written.
    """
    return tuple(sorted(job.roles, key=lambda role: _ORDER.get(role, 1)))


def completes(job: Job, role: str) -> bool:
    """Whether the run is done only when this role's ranks have succeeded.

    Where the user did not say: not for `ps` and `evaluator`, which serve until they are told to
    end, and not for `worker` beside both `ps` and `chief`: those workers are driven by the chief
    and never exit by themselves.
    """
    said = job.roles[role].completes
    if said is not None:
        return said
    if role == "worker":
        return not {"ps", "chief"} <= job.roles.keys()
    return role not in ("ps", "evaluator")


def gpus(role: Role) -> int:
    """How many a node asks for: by their number, or as resources by their names, MIG's parts of
    one among them."""
    kinds = (name for name in role.resources if re.search(r"/(gpu|mig-)", name))
    return (role.gpus or 0) + sum(int(units.amount(role.resources[kind])) for kind in kinds)
