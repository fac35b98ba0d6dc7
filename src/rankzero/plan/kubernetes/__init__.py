"""A job as objects of a cluster. Pure: what is known of the cluster comes as `Facts`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from rankzero.agent.config import AgentConfig, CodeParts, Command, Limits
from rankzero.plan import agents
from rankzero.plan.kubernetes import layout, names, objects
from rankzero.plan.model import Code, Plan
from rankzero.spec import ordered_roles
from rankzero.spec.framework import Found
from rankzero.spec.model import Job

#: How long a run's pods stay for whoever fetches what is left (seconds).
LINGER = 600.0


@dataclass(frozen=True)
class Facts:
    """The cluster as this user sees it. image: what runs where the job names none."""

    context: str
    namespace: str
    image: str | None = None


@dataclass(frozen=True)
class Freight:
    """What travels: the agent's archive, the code's parts, and the code's digest."""

    agent: bytes
    parts: tuple[bytes, ...] = ()
    digest: str = ""


def compile_kubernetes(
    job: Job, found: Found, code: Code, facts: Facts, run: str, freight: Freight
) -> Plan:
    """The plan: an Indexed Job a role, and what their pods need, the first Job first.

    Every role must have an image, its own or `facts.image`.
    """
    roles = ordered_roles(job)
    configs = {role: _agent(job, found, run, role, freight) for role in roles}
    blobs = {_digest(blob): blob for blob in (freight.agent, *freight.parts)}
    texts = {f"{role}.json": _text(config) for role, config in configs.items()}
    parts = len(freight.parts)
    jobs = [
        objects.job(job, role, run, _image(job, role, facts), parts, first=role == roles[0])
        for role in roles
    ]
    others = [
        objects.service(run),
        objects.secret(run),
        objects.config_map(f"{run}-agent", run, texts, {"agent.zip": _digest(freight.agent)}),
        *(
            objects.config_map(f"{run}-code-{at}", run, {}, {f"{at:03d}": _digest(part)})
            for at, part in enumerate(freight.parts)
        ),
    ]
    return Plan(
        run=run,
        job=job,
        backend="kubernetes",
        where=f"{facts.context}/{facts.namespace}",
        framework=found.framework,
        found=found.how,
        code=code,
        agents=tuple(
            configs[role]._replace(index=index)
            for role in roles
            for index in range(job.roles[role].nodes.maximum)
        ),
        notices=(*([code.note] if code.note else []), *_notices(job)),
        manifests=(jobs[0], *others, *jobs[1:]),
        blobs=blobs,
    )


def _agent(job: Job, found: Found, run: str, role: str, freight: Freight) -> AgentConfig:
    first = ordered_roles(job)[0]
    asked = job.roles[role]
    return AgentConfig(
        run=run,
        role=role,
        index=0,
        roles=agents.shapes(job),
        settings=agents.settings(job, found, run),
        command=_inside(agents.command(job, role), PurePath(job.workdir)),
        coordinator=f"{names.coordinator(run, first)}:{names.PORT}",
        listen=f"0.0.0.0:{names.PORT}" if role == first else None,
        token_file=layout.TOKEN_FILE,
        folder=layout.NODE,
        outputs=layout.OUTPUTS,
        workdir=layout.WORK,
        python=job.python or "",
        nproc=(asked.gpus or 1) if asked.nproc == "gpu" else asked.nproc,
        events_file=layout.EVENTS if role == first else None,
        env={**job.env, **asked.env},
        ports=dict(asked.ports),
        limits=Limits(
            join_wait=job.wait,
            coordinator_wait=max(job.wait, LINGER),
            grace=job.grace,
            linger=LINGER,
            **({"others": LINGER} if job.collect == "all" else {}),
            expect=LINGER,
            log_keep=job.log_keep,
        ),
        echo=True,
        termination_file=layout.TERMINATION,
        code=CodeParts(layout.CODE, freight.digest) if freight.parts else None,
    )


def _inside(command: Command, workdir: PurePath) -> Command:
    """A script by its place in the folder, which lies elsewhere in a pod."""
    path = PurePath(command.target)
    if command.kind != "script" or not path.is_relative_to(workdir):
        return command
    return command._replace(target=path.relative_to(workdir).as_posix())


def _image(job: Job, role: str, facts: Facts) -> str:
    image = job.roles[role].image or facts.image
    assert image is not None, "preflight sees to it"
    return image


def _notices(job: Job) -> Iterator[str]:
    if job.outputs is not None:
        yield f"outputs: {job.outputs} is a folder here; in the pods it is {layout.OUTPUTS}"


def _text(config: AgentConfig) -> str:
    data: dict[str, Any] = config.to_json()
    return json.dumps(data, indent=1, sort_keys=True)


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()
