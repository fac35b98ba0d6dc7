"""A job as objects of a cluster. Pure: what is known of the cluster comes as `Facts`."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import PurePath
from typing import Any

from rankzero.agent.config import AgentConfig, CodeParts, Command, Limits
from rankzero.plan import agents
from rankzero.plan.kubernetes import access, claims, layout, names, objects
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.notices import notices
from rankzero.plan.kubernetes.objects import APART, LINGER
from rankzero.plan.kubernetes.pod import Wanted
from rankzero.plan.model import Code, Plan
from rankzero.spec import ordered_roles
from rankzero.spec.framework import Found
from rankzero.spec.model import Job, Role
from rankzero.spec.roles import gpus


@dataclass(frozen=True)
class Freight:
    """What travels: the agent's archive, the code's parts, and the code's digest. layers: in the
    place of parts, the folders of the image in which the code lies.

    carrier: whose ConfigMaps hold it, where they are not the run's own.
    """

    agent: bytes
    parts: tuple[bytes, ...] = ()
    digest: str = ""
    carrier: str | None = None
    layers: tuple[str, ...] = ()

    @property
    def code(self) -> CodeParts | None:
        """As an agent is told."""
        if self.layers:
            return CodeParts(layout.LAYERS, self.digest, layers=self.layers)
        return CodeParts(layout.CODE, self.digest) if self.parts else None


def compile_kubernetes(
    job: Job, found: Found, code: Code, facts: Facts, run: str, freight: Freight
) -> Plan:
    """The plan: an Indexed Job a role, and what their pods need, the first Job first.

    Every role must have an image, its own or `facts.image`.
    """
    roles = ordered_roles(job)
    configs = {role: _agent(job, found, run, role, freight) for role in roles}
    blobs = {_digest(blob): blob for blob in (freight.agent, *freight.parts)}
    first, *more = [
        made
        for role in roles
        for made in objects.jobs(
            _wanted(job, role, run, facts, freight, role == roles[0]), role == roles[0]
        )
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
        notices=(*([code.note] if code.note else []), *notices(job, (first, *more))),
        manifests=(first, *_others(job, run, freight, configs), *more),
        blobs=blobs,
    )


def _wanted(job: Job, role: str, run: str, facts: Facts, freight: Freight, first: bool) -> Wanted:
    """first: it is the coordinator's role."""
    image = job.roles[role].image or facts.image
    assert image is not None, "images are chosen before"
    return Wanted(
        job,
        role,
        run,
        image,
        parts=len(freight.parts),
        carrier=freight.carrier,
        account=access.account(job, run),
        healer=access.healer(job, run) if first else None,
        assigns_ids=facts.assigns_ids,
    )


def _others(
    job: Job, run: str, freight: Freight, configs: Mapping[str, AgentConfig]
) -> list[dict[str, Any]]:
    """What pods need, and must be there before them."""
    labels = names.labels(run, job.labels)
    texts = {f"{role}.json": _text(config) for role, config in configs.items()}
    own = freight.carrier is None
    return [
        objects.service(run, labels),
        objects.secret(run, labels),
        objects.config_map(f"{run}-agent", labels, texts, _archive(freight) if own else {}),
        *(code_maps(run, freight, labels) if own else ()),
        *access.objects(job, run, labels),
        *claims.claims(job, run),
    ]


def carried(run: str, freight: Freight, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """What several runs share: see `Freight.carrier`."""
    agent = objects.config_map(f"{run}-agent", labels, {}, _archive(freight))
    return [agent, *code_maps(run, freight, labels)]


def code_maps(run: str, freight: Freight, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        objects.config_map(f"{run}-code-{at}", labels, {}, {f"{at:03d}": _digest(part)})
        for at, part in enumerate(freight.parts)
    ]


def _archive(freight: Freight) -> dict[str, str]:
    return {"agent.zip": _digest(freight.agent)}


def _agent(job: Job, found: Found, run: str, role: str, freight: Freight) -> AgentConfig:
    first = ordered_roles(job)[0]
    asked = job.roles[role]
    port = _port(job)
    return AgentConfig(
        run=run,
        role=role,
        index=0,
        roles=agents.shapes(job),
        settings=agents.settings(job, found, run),
        command=_inside(agents.command(job, role), PurePath(job.workdir)),
        coordinator=f"{names.coordinator(run, first)}:{port}",
        listen=f"0.0.0.0:{port}" if role == first else None,
        token_file=layout.TOKEN_FILE,
        folder=layout.NODE,
        outputs=layout.OUTPUTS if job.output_volume is None else layout.output_folder(run),
        workdir=layout.WORK,
        python=job.python or "",
        nproc=max(1, gpus(asked)) if asked.nproc == "gpu" else asked.nproc,
        devices=_devices(asked),
        events_file=layout.EVENTS if role == first else None,
        cpus=None if asked.cpu is None else max(1, math.ceil(asked.cpu)),
        env={**agents.volumes(_mounted(job, asked)), **job.env, **asked.env},
        ports=dict(asked.ports),
        mpirun=agents.mpirun(job, found),
        spares=job.spares is not False and found.framework != "mpi",
        limits=Limits(
            join_wait=job.wait,
            coordinator_wait=max(job.wait, LINGER),
            grace=job.grace,
            linger=max(job.keep_outputs, LINGER),
            apart=APART,
            **_fetched(job),
            log_keep=job.log_keep,
        ),
        echo=True,
        termination_file=layout.TERMINATION,
        code=freight.code,
        log_folder=None if job.log_volume is None else layout.log_folder(run),
        shared_outputs=job.output_volume is not None,
        account=layout.ACCOUNT if role == first and job.self_heal else None,
    )


def _mounted(job: Job, asked: Role) -> dict[str, str]:
    """Where each volume is for the ranks, by its name."""
    return {name: volume.path for name, volume in {**job.volumes, **asked.volumes}.items()}


def _fetched(job: Job) -> dict[str, float]:
    """Nobody waits for those who fetch what stays on a volume."""
    if job.output_volume is not None:
        return {}
    all_of_them = {"others": max(job.keep_outputs, LINGER)} if job.collect == "all" else {}
    return {**all_of_them, "expect": job.keep_outputs}


def _inside(command: Command, workdir: PurePath) -> Command:
    """A script by its place in the folder, which lies elsewhere in a pod."""
    path = PurePath(command.target)
    if command.kind != "script" or not path.is_relative_to(workdir):
        return command
    return command._replace(target=path.relative_to(workdir).as_posix())


def _port(job: Job) -> int:
    """Where the coordinator listens: not where the job's own programs do."""
    taken = {job.torch.port, *(port for role in job.roles.values() for port in role.ports.values())}
    return next(port for port in count(names.PORT) if port not in taken)


def _devices(asked: Role) -> tuple[str, ...] | None:
    """The GPUs as programs in a pod count them: from 0, those that it was granted. Of parts of
    GPUs, which have other names, only the pod knows them."""
    if asked.gpus is None or not asked.gpu_resource.endswith("/gpu"):
        return None
    return tuple(str(at) for at in range(asked.gpus))


def _text(config: AgentConfig) -> str:
    data: dict[str, Any] = config.to_json()
    return json.dumps(data, indent=1, sort_keys=True)


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()
