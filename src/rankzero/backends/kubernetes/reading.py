"""The API's objects as what causes look at. Pure; what is missing in an object is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.state import seconds
from rankzero.backends.kubernetes.turns.judging import Turn
from rankzero.driver.cluster import deployments
from rankzero.plan.kubernetes import names
from rankzero.why.amounts import number
from rankzero.why.seen import (
    ABSENT,
    Claim,
    Ended,
    Job,
    Machine,
    Pod,
    Said,
    Toleration,
)

Object = Mapping[str, Any]
#: The container of a run's pods, and of a service's.
_MAIN = (names.CONTAINER, deployments.CONTAINER)
#: What an event is about, and what was said of it.
Events = Mapping[tuple[str, str], tuple[Said, ...]]


def events(items: Iterable[Object]) -> dict[tuple[str, str], tuple[Said, ...]]:
    """Events by what they are about (kind, name), oldest first."""
    found: dict[tuple[str, str], list[Said]] = {}
    for item in items:
        about = item.get("involvedObject") or {}
        key = (str(about.get("kind")), str(about.get("name")))
        said = Said(str(item.get("reason")), str(item.get("message") or "").strip(), _when(item))
        found.setdefault(key, []).append(said)
    return {key: tuple(sorted(said, key=lambda one: one.time)) for key, said in found.items()}


def pods(items: Iterable[Object], heard: Events, jobs: Iterable[Object] = ()) -> tuple[Pod, ...]:
    """All pods, oldest first; a node of these Jobs that has none is there as ABSENT."""
    found = [pod(item, heard.get(("Pod", item["metadata"]["name"]), ())) for item in items]
    there = {one.node for one in found}
    absent = [
        _gone(node, f"{job['metadata']['name']}-{at}", heard)
        for job in jobs
        for at in range(job["spec"].get("completions", 0))
        if (node := f"{_role(job)}/{at}") not in there
    ]
    return tuple(absent + sorted(found, key=lambda one: one.born))


def pod(item: Object, said: tuple[Said, ...] = (), node: str | None = None) -> Pod:
    """node: what it is called where it is no node of a run."""
    spec, status, meta = item.get("spec", {}), item.get("status", {}), item["metadata"]
    container = _container(status)
    now, before = container.get("state") or {}, container.get("lastState") or {}
    waiting = now.get("waiting") or {}
    scheduled = _condition(status, "PodScheduled")
    disruption = _condition(status, "DisruptionTarget")
    why = str(scheduled.get("reason", "")) if scheduled.get("status") == "False" else ""
    message = str(scheduled.get("message") or why)
    disrupted = disruption.get("status") == "True"
    return Pod(
        node=state.node(item) if node is None else node,
        name=str(meta["name"]),
        phase=str(status.get("phase", "Pending")),
        born=seconds(str(meta["creationTimestamp"])),
        machine=str(spec.get("nodeName") or ""),
        reason=str(status.get("reason") or ""),
        message=str(status.get("message") or "").strip(),
        leaving="deletionTimestamp" in meta,
        until=_time(meta.get("deletionTimestamp")),
        unplaced=message if why and why != "SchedulingGated" else "",
        gated=message if why == "SchedulingGated" else "",
        waiting=str(waiting.get("reason") or ""),
        detail=str(waiting.get("message") or "").strip(),
        began=_time(_started(now)),
        ended=_ended(now.get("terminated") or before.get("terminated")),
        disrupted=f"{disruption.get('reason')}: {disruption.get('message')}" if disrupted else "",
        image=_image(spec),
        requests=_resources(spec, "requests"),
        limits=_resources(spec, "limits"),
        selector=dict(spec.get("nodeSelector") or {}),
        tolerations=tuple(map(_toleration, spec.get("tolerations") or ())),
        claims=tuple(_claims(spec)),
        keys=_keys(spec),
        said=said,
        ready=_condition(status, "Ready").get("status") == "True",
        restarts=int(container.get("restartCount") or 0),
    )


def of_job(name: str, heard: Events) -> tuple[Said, ...]:
    """What was said of a Job, oldest first, and of the Workload that Kueue makes of it."""
    mine = [
        one
        for (kind, about), said in heard.items()
        if (kind, about) == ("Job", name) or (kind == "Workload" and workload_of(about) == name)
        for one in said
    ]
    return tuple(sorted(mine, key=lambda one: one.time))


def workload_of(name: str) -> str:
    """The Job that a Workload is of: Kueue calls it `job-NAME-HASH`."""
    return name.removeprefix("job-").rpartition("-")[0]


def job(item: Object, said: tuple[Said, ...] = ()) -> Job:
    meta, status = item["metadata"], item.get("status", {})
    failed = _condition(status, "Failed") or _condition(status, "FailureTarget")
    bad = failed.get("status") == "True"
    return Job(
        role=_role(item),
        name=str(meta["name"]),
        held=bool(item["spec"].get("suspend")),
        queue=str((meta.get("labels") or {}).get(names.QUEUE) or ""),
        after=Turn.read(turn).after if (turn := state.annotation(item, names.TURN)) else (),
        failed=Ended(str(failed.get("reason")), None, str(failed.get("message"))) if bad else None,
        said=said,
    )


def machines(items: Iterable[Object], running: Sequence[Object] | None) -> tuple[Machine, ...]:
    """The cluster's nodes. running: all pods of the cluster, None where they may not be read."""
    taken: dict[str, dict[str, float]] = {}
    for one in running or ():
        if one.get("status", {}).get("phase") in ("Pending", "Running"):
            sums = taken.setdefault(str(one["spec"].get("nodeName")), {"pods": 0.0})
            sums["pods"] += 1
            for name, text in _resources(one["spec"], "requests").items():
                sums[name] = sums.get(name, 0.0) + number(text)
    return tuple(_machine(item, taken if running is not None else None) for item in items)


def claims(items: Iterable[Object], heard: Events) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            str(item["metadata"]["name"]),
            str(item.get("status", {}).get("phase") or ""),
            str(item["spec"].get("storageClassName") or ""),
            heard.get(("PersistentVolumeClaim", str(item["metadata"]["name"])), ()),
        )
        for item in items
    )


def policies(items: Iterable[Object], run: str) -> tuple[str, ...]:
    """The NetworkPolicies that select a run's pods."""
    labels = {names.RUN: run, names.MANAGED_BY: "rankzero"}
    return tuple(
        str(item["metadata"]["name"])
        for item in items
        if _selects(item["spec"].get("podSelector") or {}, labels)
    )


# -- inside


def _gone(node: str, names_begin: str, heard: Events) -> Pod:
    """A node without a pod; what was said of those it had is what is left of them."""
    mine = [
        one
        for (kind, name), said in heard.items()
        if kind == "Pod" and name.rpartition("-")[0] == names_begin
        for one in said
    ]
    return Pod(node, phase=ABSENT, said=tuple(sorted(mine, key=lambda one: one.time)))


def _machine(item: Object, taken: Mapping[str, Mapping[str, float]] | None) -> Machine:
    name, status = str(item["metadata"]["name"]), item.get("status", {})
    has = dict(status.get("allocatable") or {})
    free = None
    if taken is not None:
        sums = taken.get(name, {})
        free = {key: number(text) - sums.get(key, 0.0) for key, text in has.items()}
    return Machine(
        name,
        _condition(status, "Ready").get("status") == "True",
        dict(item["metadata"].get("labels") or {}),
        tuple(
            (str(one["key"]), str(one.get("value") or ""), str(one.get("effect")))
            for one in item.get("spec", {}).get("taints") or ()
        ),
        has,
        free,
    )


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a policy is for pods of which only these labels are known; where it asks for more,
    it may be for some of them."""
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key, value) == value for key, value in wanted.items())


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next((one for one in status.get("conditions") or () if one.get("type") == kind), {})


def _container(status: Mapping[str, Any]) -> Object:
    """The status of the rank's container; of the first one where none has its name."""
    known: Sequence[Object] = status.get("containerStatuses") or ()
    named = [one for one in known if one.get("name") in _MAIN]
    return next(iter([*named, *known]), {})


def _image(spec: Mapping[str, Any]) -> str:
    containers: Sequence[Object] = spec.get("containers") or ()
    named = [one for one in containers if one.get("name") in _MAIN]
    return str(next(iter([*named, *containers]), {}).get("image") or "")


def _started(state: Mapping[str, Any]) -> object:
    """A container that never ran began at the epoch, says the API."""
    words: Mapping[str, Any] = state.get("running") or state.get("terminated") or {}
    stamp = str(words.get("startedAt") or "")
    return "" if stamp.startswith("1970") else stamp


def _ended(words: Mapping[str, Any] | None) -> Ended | None:
    if not words:
        return None
    code = words.get("exitCode")
    return Ended(
        str(words.get("reason") or ""),
        None if code is None else int(code),
        str(words.get("message") or "").strip(),
        _time(words.get("finishedAt")),
    )


def _resources(spec: Mapping[str, Any], kind: str) -> dict[str, str]:
    """What all containers ask for together, as the one says it that alone asks."""
    asked: dict[str, list[str]] = {}
    for container in spec.get("containers") or ():
        for name, text in ((container.get("resources") or {}).get(kind) or {}).items():
            asked.setdefault(name, []).append(str(text))
    return {
        name: texts[0] if len(texts) == 1 else f"{sum(map(number, texts)):g}"
        for name, texts in asked.items()
    }


def _toleration(item: Mapping[str, Any]) -> Toleration:
    exists = item.get("operator") == "Exists"
    value = None if exists else str(item.get("value") or "")
    return Toleration(str(item.get("key") or ""), value, str(item.get("effect") or ""))


def _claims(spec: Mapping[str, Any]) -> Iterable[str]:
    for volume in spec.get("volumes") or ():
        named = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if named:
            yield str(named)


def _keys(spec: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The keys that variables want, by their Secret or ConfigMap."""
    found: dict[str, tuple[str, ...]] = {}
    for container in spec.get("containers") or ():
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            wanted = source.get("secretKeyRef") or source.get("configMapKeyRef") or {}
            if wanted.get("name"):
                name, key = str(wanted["name"]), str(wanted.get("key"))
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), key)))
    return found


def _role(item: Object) -> str:
    return str((item["metadata"].get("labels") or {}).get(names.ROLE))


def _when(item: Object) -> float:
    series = (item.get("series") or {}).get("lastObservedTime")
    stamp = series or item.get("lastTimestamp") or item.get("eventTime")
    return _time(stamp) or _time(item.get("firstTimestamp")) or 0.0


def _time(stamp: object) -> float | None:
    return seconds(str(stamp)) if stamp else None
