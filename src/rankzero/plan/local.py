"""A job as processes on this machine. Pure: what is known of the machine comes as `Facts`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from rankzero.agent.config import AgentConfig, Limits
from rankzero.plan import agents
from rankzero.plan.model import Code, Plan
from rankzero.spec import ordered_roles
from rankzero.spec.framework import Found
from rankzero.spec.model import Job, Role
from rankzero.spec.pods import Volume
from rankzero.spec.strict import Strict

#: Where the agents dial is known only once the run's socket is open.
ANY_PORT = "127.0.0.1:0"
#: On one machine a node is there at once or not at all (seconds).
LONGEST_WAIT = 60.0
#: What only a cluster has a use for, of a job and of a role.
_PODS = ("node_selector", "tolerations", "volumes", "env_from", "pod")
_CLUSTERS = (
    *_PODS,
    *("pull_secrets", "registry", "queue", "service_account", "api", "self_heal"),
    *("isolate", "ttl", "keep_outputs"),
)
_ROLES = (
    *_PODS,
    *("memory", "resources", "shm", "image", "pull", "labels", "annotations"),
    *("place", "user", "priority_class"),
)


@dataclass(frozen=True)
class Facts:
    """This machine. devices: ids of the accelerators that may be used; cpus: processors.
    volumes: the folder of each named volume that is there; new_volume: where others would be, with
    `{}` for the name."""

    cpus: int
    devices: tuple[str, ...]
    python: str
    volumes: Mapping[str, str] = field(default_factory=dict)
    new_volume: str = "volumes/{}"


def compile_local(
    job: Job, found: Found, code: Code, facts: Facts, run: str, folder: PurePath
) -> Plan:
    """The plan: an agent a node, all on this machine, the first role's first one coordinating."""
    roles = ordered_roles(job)
    places = [(name, i) for name in roles for i in range(job.roles[name].nodes.maximum)]
    devices = _divide(job, places, facts)
    cpus = max(1, facts.cpus // max(1, len(places)))
    nodes = tuple(
        _agent(job, found, facts, run, folder, name, index, devices[at], cpus)
        for at, (name, index) in enumerate(places)
    )
    return Plan(
        run=run,
        job=job,
        backend="local",
        where="local",
        framework=found.framework,
        found=found.how,
        code=code,
        agents=(nodes[0]._replace(listen=ANY_PORT), *nodes[1:]),
        notices=(*([code.note] if code.note else []), *_notices(job, facts, nodes, folder)),
    )


def _agent(
    job: Job,
    found: Found,
    facts: Facts,
    run: str,
    folder: PurePath,
    name: str,
    index: int,
    devices: tuple[str, ...] | None,
    cpus: int,
) -> AgentConfig:
    role = job.roles[name]
    alone = role.nodes.maximum == 1
    volumes = folders({**job.volumes, **role.volumes}, facts, folder)
    kept = _kept(job, facts, folder)
    return AgentConfig(
        run=run,
        role=name,
        index=index,
        roles=agents.shapes(job),
        settings=agents.settings(job, found, run),
        command=agents.command(job, name),
        coordinator=ANY_PORT,
        token_file=str(folder / "token"),
        folder=str(folder / "nodes" / f"{name}-{index}"),
        outputs=kept or job.outputs or str(folder / "outputs"),
        workdir=job.workdir,
        python=job.python or facts.python,
        nproc=_nproc(role, devices, facts),
        address="127.0.0.1",
        events_file=str(folder / "events.jsonl"),
        devices=devices,
        cpus=cpus if role.cpu is None else max(1, math.ceil(role.cpu)),
        env={**agents.volumes(volumes), **job.env, **role.env},
        ports={port: number if alone else 0 for port, number in role.ports.items()},
        shared_outputs=kept is not None,
        mpirun=agents.mpirun(job, found),
        spares=bool(job.spares),  # all nodes meet at once here
        limits=Limits(
            join_wait=min(job.wait, LONGEST_WAIT),
            coordinator_wait=LONGEST_WAIT,
            grace=job.grace,
            linger=0.0,
            log_keep=job.log_keep,
        ),
    )


def folders(volumes: Mapping[str, Volume], facts: Facts, run: PurePath) -> dict[str, str]:
    """Where each volume is here, by its name: a claim that is there, or is made. run: the run's
    folder, which holds those that it takes along."""
    found: dict[str, str] = {}
    for name, volume in volumes.items():
        if volume.claim is None:
            continue
        if not volume.keep:
            place = str(run / "volumes" / volume.claim)
        elif volume.made or volume.claim in facts.volumes:
            place = facts.volumes.get(volume.claim) or facts.new_volume.format(volume.claim)
        else:
            continue
        found[name] = str(PurePath(place, volume.sub_path or ""))
    return found


def _kept(job: Job, facts: Facts, run: PurePath) -> str | None:
    """The run's folder on the volume for outputs, as on a cluster; None where there is none."""
    name = job.output_volume
    if name is None:
        return None
    volume = job.volumes.get(name) or Volume.model_validate({"claim": name, "path": "/claim"})
    place = folders({name: volume}, facts, run).get(name)
    return None if place is None else str(PurePath(place, run.name, "outputs"))


def _nproc(role: Role, devices: tuple[str, ...] | None, facts: Facts) -> int:
    """Ranks on a node: counted here, so that the plan shows the number."""
    if role.nproc == "gpu":
        return max(1, len(devices or ()))
    if role.nproc == "cpu":
        return max(1, math.ceil(role.cpu)) if role.cpu else facts.cpus
    return int(role.nproc)


def _divide(job: Job, places: list[tuple[str, int]], facts: Facts) -> list[tuple[str, ...] | None]:
    """Each node's devices. Those that ask get what they ask; else all nodes share evenly.

    None where the machine has no devices at all: there is nothing to hide from anybody.
    """
    if not facts.devices:
        return [None] * len(places)
    asked = [job.roles[name].gpus for name, _ in places]
    if any(count is not None for count in asked):
        counts = [count or 0 for count in asked]
    else:
        each, more = divmod(len(facts.devices), len(places))
        counts = [each + (at < more) for at in range(len(places))]
    starts = [sum(counts[:at]) for at in range(len(counts))]
    return [
        facts.devices[start : start + count] for start, count in zip(starts, counts, strict=True)
    ]


def shortage(job: Job, facts: Facts) -> str | None:
    """Why this machine can't hold the job, or None."""
    asked = sum((role.gpus or 0) * role.nodes.maximum for role in job.roles.values())
    if asked > len(facts.devices):
        return f"the job asks for {_count(asked, 'GPU')}, this machine has {len(facts.devices)}"
    return None


def _notices(
    job: Job, facts: Facts, nodes: tuple[AgentConfig, ...], folder: PurePath
) -> Iterator[str]:
    declared = {name: one for role in job.roles.values() for name, one in role.volumes.items()}
    declared |= job.volumes
    here = folders(declared, facts, folder)
    ignored = {*said(job, _CLUSTERS), *_said_by_roles(job)}
    if declared.keys() <= here.keys():
        ignored -= {"volumes"}
    if ignored:
        yield f"ignored on one machine: {', '.join(sorted(ignored))}"
    for name, place in here.items():
        variable = next(iter(agents.volumes({name: place})))
        yield f"volume {name}: {place}, which ranks find in {variable}; nothing is mounted here"
    kept = [] if _kept(job, facts, folder) else ["output_volume"]
    volumes = list(said(job, ("log_volume", *kept)))
    if volumes:
        yield (
            f"no volumes on one machine, for {' and '.join(volumes)}: what they would keep is here "
            "until the run is deleted"
        )
    variables = sorted(
        {*job.secrets, *(name for role in job.roles.values() for name in role.secrets)}
    )
    if variables:
        yield f"no Secrets on one machine: {', '.join(variables)} are as your environment has them"
    if job.wait > LONGEST_WAIT and [*said(job, ("wait",))]:
        yield f"wait is {LONGEST_WAIT:g} s at most on one machine, where a node is there or is not"
    if not facts.devices and (asking := [n for n, one in job.roles.items() if one.nproc == "gpu"]):
        yield f"this machine has no GPU, so a node of {', '.join(asking)} has one rank"
    for name, role in job.roles.items():
        if role.ports and role.nodes.maximum > 1:
            ports = ", ".join(f"RANKZERO_PORT_{port.upper()}" for port in role.ports)
            yield (
                f"the {role.nodes.maximum} nodes of {name} share this machine, so each gets free "
                f"ports of its own, in {ports}"
            )
    if facts.devices and found_too_few(nodes):
        ranks = sum(int(one.nproc) for one in nodes)
        yield (
            f"{_count(ranks, 'rank')} share {_count(len(facts.devices), 'GPU')}: NCCL refuses two "
            "ranks on one GPU; --backend gloo, or fewer ranks (--nproc gpu)"
        )


def said(part: Strict, fields: Iterable[str]) -> Iterator[str]:
    """Those of the fields that are not as they are by default."""
    for name in fields:
        known = type(part).model_fields[name]
        if getattr(part, name) != known.get_default(call_default_factory=True):
            yield name


def _said_by_roles(job: Job) -> Iterator[str]:
    for role in job.roles.values():
        yield from said(role, _ROLES)


def found_too_few(nodes: tuple[AgentConfig, ...]) -> bool:
    """Whether any node has fewer devices than ranks."""
    return any(one.devices is not None and len(one.devices) < int(one.nproc) for one in nodes)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
