"""From a job to its outline: fixed numbers of pods, one rank each, but for torchrun's."""

from __future__ import annotations

import math
from pathlib import PurePath

from rankzero.errors import BadRequest
from rankzero.export import layout
from rankzero.export.model import Code, Outline, Part
from rankzero.export.mpi import in_one_pod
from rankzero.export.terms import TASKS
from rankzero.plan import agents
from rankzero.spec import completes, ordered_roles, units
from rankzero.spec.model import Job, Role
from rankzero.spec.roles import gpus

_MIB = 1024**2


def outline(job: Job, framework: str, code: Code | None, folder: str | None = None) -> Outline:
    """job: with an image for each role, its args and env marked (`Overrides.marked`). code: what
    travels; None where it lies in the image, in `folder`.

    Errors: BadRequest for what no form can say.
    """
    if framework == "mpi":
        job = in_one_pod(job, sum(_ranks(name, role) for name, role in job.roles.items()))
    _check(job, framework)
    parts: list[Part] = []
    for role in ordered_roles(job):
        first = sum(part.pods for part in parts)
        parts.append(_part(job, role, framework, first))
    return Outline(job, framework, tuple(parts), folder or layout.WORK, code)


def _part(job: Job, role: str, framework: str, first: int) -> Part:
    asked = job.roles[role]
    ranks, nodes = _ranks(role, asked), asked.nodes.maximum
    each = ranks if framework == "torch" else 1
    if each != ranks:
        asked = _shared_out(role, asked, ranks)
    command = agents.command(job, role)
    return Part(
        role=role,
        asked=asked,
        pods=nodes * ranks // each,
        each=each,
        first=first,
        image=asked.image or "",
        words=_words(job, command.kind, command.target),
        args=tuple(command.args),
        program=command.kind == "command",
        completes=completes(job, role),
    )


def _words(job: Job, kind: str, target: str) -> tuple[str, ...]:
    if kind == "module":
        return ("-m", target)
    path, workdir = PurePath(target), PurePath(job.workdir)
    if kind == "script" and path.is_relative_to(workdir):
        return (path.relative_to(workdir).as_posix(),)
    return (target,)


def _ranks(role: str, asked: Role) -> int:
    """How many a node of the role has."""
    if asked.nproc == "gpu":
        return max(1, gpus(asked))
    if asked.nproc == "cpu":
        if asked.cpu is None:
            raise BadRequest(
                f"{role}: nproc is cpu, and nobody can know how many the machines have.",
                "Say how many each node gets (--cpu 4), or how many ranks it has (--nproc 4).",
            )
        return max(1, math.ceil(asked.cpu))
    return int(asked.nproc)


def _shared_out(role: str, asked: Role, ranks: int) -> Role:
    """What a node has, for each of its ranks: without torchrun a pod is one rank."""
    if (asked.gpus or 0) % ranks:
        raise BadRequest(
            f"{role}: {asked.gpus} GPUs cannot be divided among {ranks} ranks of a node, and "
            "without rankzero each of them is a pod.",
            "Choose numbers that divide, or one rank a node: --nproc 1",
        )
    memory = asked.memory and f"{math.ceil(units.amount(asked.memory) / ranks / _MIB)}Mi"
    return asked.model_copy(
        update={
            "gpus": asked.gpus and asked.gpus // ranks,
            "cpu": asked.cpu and asked.cpu / ranks,
            "memory": memory,
        }
    )


def _check(job: Job, framework: str) -> None:
    placed = [name for name, role in job.roles.items() if role.place]
    if placed:
        raise BadRequest(
            f"{placed[0]}: `place` gives each node a machine of its own, and a Job has one "
            "template for all of its pods.",
            "Leave it out, and choose machines for all of the role: node_selector",
        )
    if framework == "tensorflow" and len(job.roles) > 1 and not job.roles.keys() & set(TASKS):
        raise BadRequest(
            f"TensorFlow knows none of the roles {', '.join(job.roles)}.",
            f"Call them {', '.join(TASKS)}, as far as they are that.",
        )
    if framework == "torch" and len({_ranks(name, role) for name, role in job.roles.items()}) > 1:
        raise BadRequest(
            "torchrun starts as many ranks in each pod, and the roles differ: "
            + ", ".join(f"{name} {_ranks(name, role)}" for name, role in job.roles.items()),
            "Give all roles the same nproc.",
        )
