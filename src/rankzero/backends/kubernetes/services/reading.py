"""The API's objects of a service as what is shown of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rankzero.backends.kubernetes import reading
from rankzero.backends.kubernetes.state import seconds
from rankzero.backends.services.model import (
    Endpoint,
    Instance,
    Reach,
    Scaling,
    Service,
    Version,
)
from rankzero.driver.cluster import deployments
from rankzero.driver.cluster.deployments import CONTAINER
from rankzero.plan.kubernetes import names
from rankzero.why import scaling as why_not
from rankzero.why import service as why
from rankzero.why.seen import ABSENT, Job, Pod, Seen
from rankzero.why.standing import Standing

Object = Mapping[str, Any]


class Things(NamedTuple):
    """What was read of a service. heard: events; seen: what explains pods beyond themselves."""

    deployment: Object
    replicasets: Sequence[Object]
    pods: Sequence[Object]
    heard: reading.Events
    seen: Seen


def service(things: Things, where: str) -> Service:
    """Without what lies beside it: Service, endpoints, scaling."""
    made, status = things.deployment, things.deployment.get("status", {})
    meta, spec = made["metadata"], made["spec"]
    wanted = int(spec.get("replicas", 1))
    newest = _newest(things)
    seen = _seen(things)
    bad = deployments.taken_back(things.replicasets)
    versions = tuple(_version(one, one is newest, bad) for one in _in_order(things.replicasets))
    numbers = {one.replicaset: one.number for one in versions}
    instances = tuple(_instance(one, numbers, things, seen) for one in _oldest_first(things.pods))
    template = spec["template"]["spec"]
    said = request(made)
    return Service(
        name=str(meta["name"]),
        where=where,
        created=seconds(str(meta["creationTimestamp"])),
        labels=said.get("labels", {}),
        request=said,
        state=_state(made, wanted),
        version=0 if newest is None else _number(newest),
        image=_container(template).get("image", ""),
        port=int((_container(template).get("ports") or [{"containerPort": 0}])[0]["containerPort"]),
        wanted=wanted,
        ready=int(status.get("readyReplicas") or 0),
        done=deployments.done(made),
        standing=_standing(things, newest, instances, seen, wanted),
        versions=versions,
        instances=instances,
    )


def request(made: Object) -> dict[str, Any]:
    """What was asked for, of a Deployment or one of its versions."""
    text = (made["metadata"].get("annotations") or {}).get(names.REQUEST)
    found: dict[str, Any] = json.loads(text) if text else {}
    return found


def reach(made: Object, instances: Iterable[Instance]) -> Reach:
    """Of a Service. Which addresses the nodes have is read from the pods on them."""
    spec, port = made["spec"], made["spec"]["ports"][0]
    balancer = (made.get("status") or {}).get("loadBalancer") or {}
    outside = [one.get("hostname") or one.get("ip") for one in balancer.get("ingress") or ()]
    hosts = dict.fromkeys(one.host for one in instances if one.host)
    meta = made["metadata"]
    return Reach(
        str(spec.get("type", "ClusterIP")),
        f"{meta['name']}.{meta['namespace']}",
        str(spec.get("clusterIP") or ""),
        int(port["port"]),
        int(port["nodePort"]) if port.get("nodePort") else None,
        tuple(hosts),
        tuple(map(str, filter(None, outside))),
    )


def endpoints(slices: Iterable[Object]) -> tuple[Endpoint, ...]:
    found = []
    for one in slices:
        ports = [int(port["port"]) for port in one.get("ports") or () if port.get("port")]
        for end in one.get("endpoints") or ():
            state = end.get("conditions") or {}
            found += [
                Endpoint(
                    str(end["addresses"][0]),
                    port,
                    str((end.get("targetRef") or {}).get("name") or ""),
                    str(end.get("nodeName") or ""),
                    bool(state.get("ready")),
                    bool(state.get("serving")),
                )
                for port in ports
            ]
    return tuple(sorted(found, key=lambda one: (one.pod, one.address)))


def scaling(made: Object, called: str) -> Scaling:
    """Of a HorizontalPodAutoscaler. called: what commands call the service."""
    spec, status = made["spec"], made.get("status") or {}
    target = (spec.get("metrics") or [{}])[0].get("resource", {}).get("target", {})
    current = (status.get("currentMetrics") or [{}])[0] or {}
    load = (current.get("resource") or {}).get("current", {}).get("averageUtilization")
    bad = [
        str(one.get("message"))
        for one in status.get("conditions") or ()
        if one.get("type") == "ScalingActive" and one.get("status") == "False"
        if one.get("reason") != "ScalingDisabled"
    ]
    return Scaling(
        int(spec.get("minReplicas") or 1),
        int(spec["maxReplicas"]),
        int(target.get("averageUtilization") or 0),
        None if load is None else int(load),
        why_not.trouble(called, bad[0]) if bad else None,
    )


# -- inside


def _state(made: Object, wanted: int) -> str:
    status = made.get("status", {})
    if deployments.done(made):
        return "ready" if wanted else "idle"
    told = {one["type"]: one for one in status.get("conditions") or ()}
    reason = told.get("Progressing", {}).get("reason")
    if reason == "ProgressDeadlineExceeded":
        return "stuck"
    if reason == "NewReplicaSetAvailable":
        return "degraded"
    old = int(status.get("replicas") or 0) - int(status.get("updatedReplicas") or 0)
    return "updating" if old > 0 else "starting"


def _newest(things: Things) -> Object | None:
    """The ReplicaSet of what is to serve; None while the cluster has not made it yet."""
    made = things.deployment
    status, meta = made.get("status", {}), made["metadata"]
    if int(status.get("observedGeneration") or 0) < int(meta.get("generation") or 0):
        return None
    number = (meta.get("annotations") or {}).get(names.REVISION)
    mine = (one for one in things.replicasets if str(_number(one)) == number)
    return next(mine, None)


def _in_order(replicasets: Iterable[Object]) -> list[Object]:
    return sorted(replicasets, key=_number)


def _number(replicaset: Object) -> int:
    return int((replicaset["metadata"].get("annotations") or {}).get(names.REVISION) or 0)


def _version(made: Object, current: bool, bad: set[int]) -> Version:
    meta, status = made["metadata"], made.get("status") or {}
    notes = meta.get("annotations") or {}
    born = seconds(str(meta["creationTimestamp"]))
    return Version(
        _number(made),
        str(meta["name"]),
        str(_container(made["spec"]["template"]["spec"]).get("image", "")),
        float(notes.get(names.UPDATED) or born),
        str(notes.get(names.CHANGED) or "") + ("; taken back" if _number(made) in bad else ""),
        int(made["spec"].get("replicas") or 0),
        int(status.get("replicas") or 0),
        int(status.get("readyReplicas") or 0),
        current,
        request(made),
    )


def _instance(item: Object, numbers: Mapping[str, int], things: Things, seen: Seen) -> Instance:
    pod = _pod(item, things.heard)
    status, name = item.get("status", {}), str(item["metadata"]["name"])
    return Instance(
        why.place(pod, seen),
        numbers.get(name.rpartition("-")[0], 0),
        str(status.get("podIP") or ""),
        str(status.get("hostIP") or ""),
        pod.ready and not pod.leaving,
        pod.restarts,
        pod.born,
        pod.leaving,
    )


def _pod(item: Object, heard: reading.Events) -> Pod:
    name = str(item["metadata"]["name"])
    return reading.pod(item, heard.get(("Pod", name), ()), name)


def _oldest_first(pods: Iterable[Object]) -> list[Object]:
    return sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"]))


def _seen(things: Things) -> Seen:
    """With the ReplicaSets where the causes look for what makes pods."""
    made = [str(one["metadata"]["name"]) for one in things.replicasets]
    jobs = tuple(Job(name, name, said=things.heard.get(("ReplicaSet", name), ())) for name in made)
    pods = tuple(_pod(one, things.heard) for one in things.pods)
    return things.seen._replace(pods=pods, jobs=jobs)


def _standing(
    things: Things,
    newest: Object | None,
    instances: Sequence[Instance],
    seen: Seen,
    wanted: int,
) -> Standing:
    """Where the newest version's pods are; those that are not there have a place, too."""
    name = str(things.deployment["metadata"]["name"])
    number = 0 if newest is None else _number(newest)
    mine = [one.place for one in instances if one.version == number and not one.leaving]
    made = name if newest is None else str(newest["metadata"]["name"])
    missing = [Pod(f"{made}/{at}", phase=ABSENT) for at in range(len(mine) + 1, wanted + 1)]
    since = float((things.deployment["metadata"].get("annotations") or {}).get(names.UPDATED) or 0)
    return Standing(name, since, (*mine, *(why.place(one, seen) for one in missing)), seen)


def _container(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in spec["containers"] if one["name"] == CONTAINER), {})
