"""What the keys of a job say against each other: each one is fine by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rankzero.spec import pod_shape, strategic, units
from rankzero.spec.model import Job, Role

Path = tuple[object, ...]
#: Stands for the variables without which no agent starts.
_VARIABLE = {"name": "ADDRESS", "value": "of the pod"}
#: What makes a pod a node of its run, whatever is laid over it.
_RANK: dict[str, object] = {"name": "rank", "command": ["agent"], "args": [], "env": [_VARIABLE]}
_NODE: dict[str, object] = {
    "restartPolicy": "Never",
    "hostname": "node",
    "subdomain": "run",
    "setHostnameAsFQDN": False,
    "containers": [_RANK],
}


def check(job: Job) -> Iterator[tuple[Path, str]]:
    """(path in the job, what is wrong), for everything."""
    if job.api and job.service_account is not None:
        yield ("service_account",), "stands beside `api`, which makes an account; keep one of them"
    yield from _kept(job)
    yield from _made(job)
    account = "an account of the run's own" if job.api else job.service_account
    if isinstance(job.self_heal, str) and account not in (None, job.self_heal):
        yield ("self_heal",), f"is not the account that the pods have, {account}; say `true`"
    yield from _overlay(job.pod, ("pod",))
    for name, role in job.roles.items():
        here = ("roles", name)
        yield from _amounts(role, here)
        yield from _mounts(job, role, here)
        yield from _variables(job, role, here)
        yield from _overlay(role.pod, (*here, "pod"))
    yield from _names(job)


def _kept(job: Job) -> Iterator[tuple[Path, str]]:
    """What is kept must outlive its pods, and be found again from any machine."""
    for key, name in (("log_volume", job.log_volume), ("output_volume", job.output_volume)):
        if name is None:
            continue
        declared = job.volumes.get(name)
        owner = next((role for role, one in job.roles.items() if name in one.volumes), None)
        if declared is None and owner is not None:
            yield (key,), f"{name} is a volume of {owner} alone; declare it for the job"
        elif declared is not None and declared.read_only:
            yield (key,), f"must be a volume that can be written; {name} is read_only"
        elif declared is not None and not declared.keep:
            yield (key,), f"must be a volume that stays; {name} has keep: false"
        elif declared is not None and declared.claim is None and declared.nfs is None:
            yield (key,), f"must be a claim or an NFS folder, which stay; {name} is neither"


def _made(job: Job) -> Iterator[tuple[Path, str]]:
    """One claim is made in one way."""
    ways: dict[str, tuple[str, tuple[object, ...]]] = {}
    tables = [
        ((), job.volumes),
        *((("roles", name), one.volumes) for name, one in job.roles.items()),
    ]
    for holder, table in tables:
        for name, volume in table.items():
            if volume.claim is None or not volume.made:
                continue
            way = (volume.size, volume.access, volume.storage_class, volume.keep)
            other, known = ways.setdefault(volume.claim, (name, way))
            if known != way:
                message = f"{volume.claim} would be made in another way by {other}; say it once"
                yield (*holder, "volumes", name), message


def _amounts(role: Role, here: Path) -> Iterator[tuple[Path, str]]:
    nodes = role.nodes.maximum
    if role.place and len(role.place) != nodes:
        message = f"must have the labels of a machine for each of {nodes} nodes"
        yield (*here, "place"), f"{message}; got {len(role.place)}"
    if role.shm and role.memory and units.amount(role.shm) > units.amount(role.memory):
        yield (*here, "shm"), f"must be at most memory, {role.memory}, which it is a part of"
    for name, amount in role.resources.items():
        if "/" in name and not units.amount(amount).is_integer():
            yield (*here, "resources", name), f"must be a whole number; got {amount}"
    if role.gpus and role.gpu_resource in role.resources:
        message = "is what `gpus` asks for already; keep one of them"
        yield (*here, "resources", role.gpu_resource), message


def _mounts(job: Job, role: Role, here: Path) -> Iterator[tuple[Path, str]]:
    taken: dict[str, str] = {}
    for name, volume in {**job.volumes, **role.volumes}.items():
        other = taken.setdefault(volume.path, name)
        if other != name:
            holder = here if name in role.volumes else ()
            message = f"{other} and {name} are both mounted at {volume.path}"
            yield (*holder, "volumes", name, "path"), message


def _variables(job: Job, role: Role, here: Path) -> Iterator[tuple[Path, str]]:
    secrets = {**job.secrets, **role.secrets}
    for name in {**job.env, **role.env}:
        if name in secrets:
            holder = here if name in role.secrets else ()
            message = f"{name} is both in `env` and in `secrets`; keep one of them"
            yield (*holder, "secrets", name), message


def _names(job: Job) -> Iterator[tuple[Path, str]]:
    """A placed role's nodes are Jobs of their own, each with its number behind the role's name."""
    for name in job.roles:
        found = re.fullmatch(r"(.+)-([1-9][0-9]*)", name)
        placed = job.roles.get(found[1]) if found else None
        if found and placed is not None and int(found[2]) < len(placed.place):
            message = f"{name} is also what node {found[2]} of {found[1]} is called; rename it"
            yield ("roles", name), message


def _overlay(pod: dict[str, object], here: Path) -> Iterator[tuple[Path, str]]:
    for key in ("spec", "metadata"):
        if isinstance(pod.get(key), dict):
            keys = "labels and annotations are keys of a role"
            inner = "write what stands below it" if key == "spec" else keys
            yield (*here, key), f"`pod` is a pod's spec itself: {inner}"
            return
    found = [*strategic.faults(pod), *pod_shape.faults(pod)]
    for path, message in found:
        yield (*here, *_steps(path)), f"{path}: {message}"
    if not found:
        merged = strategic.merge(_NODE, pod)
        for key, value in _NODE.items():
            if key != "containers" and merged.get(key) != value:
                yield (*here, key), f"`{key}` makes the pod a node of its run; it stays as it is"
        if not any(map(_is_rank, merged.get("containers") or ())):
            message = "must leave the container `rank` in place, with its command and variables"
            yield (*here, "containers"), message


def _is_rank(container: dict[str, Any]) -> bool:
    """Whether it is still the one that runs the agent; it may have got variables besides."""
    same = all(container.get(key) == _RANK[key] for key in ("name", "command", "args"))
    return same and _VARIABLE in (container.get("env") or ())


def _steps(path: str) -> Path:
    """`containers[0].env` as steps of a tree."""
    return tuple(int(one) if one.isdecimal() else one for one in re.findall(r"[^.\[\]]+", path))
