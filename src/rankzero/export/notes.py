"""What of a job only rankzero can do, and what stands in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rankzero.export import own
from rankzero.export.model import Note, Outline
from rankzero.spec.model import Job


class Beside(NamedTuple):
    """What a form has beside Kubernetes' own Jobs. again: what it does after a failure, or None;
    together: whether it ends roles with each other; serving: whether those that
    serve others go on after these; ranks: whether pods know their ranks before
    torchrun does; limits: whether values of params that are given later are held to what the job
    says of them."""

    again: str | None = None
    together: bool = False
    ranks: bool = True
    serving: bool = True
    limits: bool = True


def notes(outline: Outline, beside: Beside) -> Iterator[Note]:
    """In the order in which a reader would miss them."""
    yield from _numbers(outline, beside)
    yield from _framework(outline)
    yield from _script(outline, beside)
    if not beside.together:
        yield from _ending(outline, beside)
    if not beside.limits:
        yield from _limits(outline.job)
    yield from _kept(outline.job)


def _numbers(outline: Outline, beside: Beside) -> Iterator[Note]:
    for part in outline.parts:
        asked = outline.job.roles[part.role]
        low, high = asked.nodes.minimum, asked.nodes.maximum
        if low != high:
            yield Note(
                f"{part.role}: nodes: {low}:{high}",
                f"always {high}: they start when all are there, and do not go on with fewer",
            )
        if part.pods != high:
            yield Note(
                f"{part.role}: {part.pods // high} ranks a node",
                f"{part.pods} pods with one rank each, and their share of a node's resources",
            )
    if outline.job.max_restarts:
        yield Note(
            f"max_restarts: {outline.job.max_restarts}, in place",
            beside.again
            or "the containers of all pods start again after a failure, each after a growing wait "
            "(restartPolicy: OnFailure); a pod whose machine dies waits for the machine",
        )


def _framework(outline: Outline) -> Iterator[Note]:
    torch = outline.job.torch
    for key, value in (("backend", torch.backend), ("timeout", torch.timeout)):
        if value is not None and outline.framework == "torch":
            shown = f"{value:g} s" if isinstance(value, float) else value
            yield Note(
                f"torch: {key}: {shown}",
                f"nothing: the script has to say it, init_process_group({key}=...)",
            )


def _script(outline: Outline, beside: Beside) -> Iterator[Note]:
    if outline.code is None:
        return
    if own.PACKAGE in outline.code.uses:
        yield Note(
            "import rankzero",
            "the image needs the package (pip install rankzero); what is reported goes nowhere",
        )
    if lost := own.lost(outline, beside.ranks):
        mpi = outline.framework == "mpi"
        theirs = "MPI_Comm_rank() and its kin" if mpi else "RANK and LOCAL_RANK"
        yield Note(", ".join(lost), f"nothing: read {theirs}")


def _ending(outline: Outline, beside: Beside) -> Iterator[Note]:
    serving = [part.role for part in outline.parts if not part.completes]
    if serving and beside.serving:
        yield Note(
            f"{', '.join(serving)} ended with the others",
            "nothing: they run until they are deleted",
        )
    if len(outline.parts) > 1:
        yield Note(
            "a role that fails ends the others",
            "nothing: the other Jobs go on, or wait, until they are deleted",
        )


def _limits(job: Job) -> Iterator[Note]:
    for name, param in job.params.items():
        said = {"choices": param.choices, "min": param.min, "max": param.max}
        if limits := [key for key, value in said.items() if value is not None]:
            yield Note(f"params: {name}: {', '.join(limits)}", f"any {param.type} is taken")


def _kept(job: Job) -> Iterator[Note]:
    if job.output_volume is not None:
        yield Note("rankzero outputs", f"they lie on {job.output_volume}, in the folder {job.name}")
    else:
        yield Note(
            "outputs that come back",
            "nothing: what a pod writes goes with it. Mount a claim for what is to stay",
        )
    if job.log_volume is not None:
        yield Note(f"log_volume: {job.log_volume}", "kubectl logs, as long as the pods are there")
    if job.self_heal:
        yield Note("self_heal", "kubectl delete pod --force, once a machine is dead for good")
    if job.collect == "all":
        yield Note("collect: all", "nothing: no outputs come back")
    yield Note("rankzero why", "kubectl describe, kubectl logs and kubectl get events")
