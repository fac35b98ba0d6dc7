"""What a user should know of a plan before it is submitted. None of it stops the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rankzero.plan.kubernetes import layout, names, standards
from rankzero.plan.kubernetes.objects import LINGER
from rankzero.spec.model import Job
from rankzero.spec.roles import gpus


def notices(job: Job, made: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """made: the run's Jobs."""
    jobs = list(made)
    if job.outputs is not None and job.output_volume is None:
        yield f"outputs: {job.outputs} is a folder here; in the pods it is {layout.OUTPUTS}"
    if job.outputs is not None and job.output_volume is not None:
        yield (
            f"outputs: they stay on {job.output_volume}; "
            f"`rankzero outputs` brings them to {job.outputs}"
        )
    yield from _without_gpus(job)
    yield from _queued(job, jobs)
    if job.self_heal:
        role = jobs[0]["metadata"]["labels"][names.ROLE]
        account = jobs[0]["spec"]["template"]["spec"]["serviceAccountName"]
        yield (
            f"it heals itself as ServiceAccount {account}, which may do so with any pod of the "
            f"namespace; what the ranks of {role} run can read its token, too"
        )
    yield from _beyond(jobs)


def _without_gpus(job: Job) -> Iterator[str]:
    for name, role in job.roles.items():
        if role.nproc == "gpu" and not gpus(role):
            yield f"{name} asks for no GPU, so each of its nodes has one rank: --gpus N"


def _queued(job: Job, jobs: list[Mapping[str, Any]]) -> Iterator[str]:
    queues = {one["metadata"]["labels"].get(names.QUEUE) for one in jobs} - {None}
    if not queues:
        return
    queue = ", ".join(sorted(queues))
    yield f"it waits in queue {queue}: Kueue starts it, and without Kueue nobody does"
    if len(jobs) > 1:
        yield (
            f"its {len(jobs)} Jobs are admitted one by one; while some are not, the others wait "
            f"{job.wait:g} s (for the first one at least {LINGER:g} s), and then give back what "
            "they have"
        )


def _beyond(jobs: list[Mapping[str, Any]]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for one in jobs:
        role = one["metadata"]["labels"][names.ROLE]
        for what in standards.against(standards.RESTRICTED, one["spec"]["template"]["spec"]):
            roles = found.setdefault(what, [])
            if role not in roles:
                roles.append(role)
    everywhere = {one["metadata"]["labels"][names.ROLE] for one in jobs}
    parts = [
        what if everywhere == set(roles) else f"{what} (of {', '.join(roles)})"
        for what, roles in found.items()
    ]
    if parts:
        yield f"more than Pod Security's restricted profile allows: {', '.join(parts)}"
