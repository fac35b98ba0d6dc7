"""A run, one of its nodes, or a machine, as a description. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rankzero.backends.description import Condition, Description, Place, ranks_of
from rankzero.backends.kubernetes import state, things
from rankzero.backends.kubernetes.happenings import instant, together
from rankzero.backends.kubernetes.state import Object
from rankzero.backends.kubernetes.things import RunObjects
from rankzero.plan.kubernetes import names
from rankzero.why.words import count

#: Which conditions of a pod are worth a line where there are many pods.
_BAD = {"PodScheduled": "False", "DisruptionTarget": "True", "ContainersReady": "False"}


def run(seen: RunObjects) -> Description:
    """All of a run."""
    plan = seen.found.plan
    bad = [
        one
        for pod in seen.pods
        for one in conditions(pod)
        if _BAD.get(one.type) == one.status and state.phase(pod) not in ("Succeeded", "Failed")
    ]
    return Description(
        kind="run",
        name=seen.found.run,
        where=str(plan.get("where", "kubernetes")),
        state=state.told(seen.found).state,
        facts=_facts(seen),
        objects=(*things.jobs(seen.jobs), *things.others(seen)),
        nodes=tuple(place(pod) for pod in sorted(seen.pods, key=_order)),
        ranks=ranks_of(seen.roster, stable(seen.pods)),
        services=tuple(things.services(seen)),
        conditions=(*(one for job in seen.jobs for one in conditions(job)), *bad),
        events=together(seen.events or (), lambda name: _about(seen, name)),
        not_shown=seen.not_shown,
    )


def node(seen: RunObjects, name: str) -> Description:
    """One node of it: its pods, the newest last."""
    whole = run(seen)
    pods = [pod for pod in sorted(seen.pods, key=_order) if state.node(pod) == name]
    mine = {str(pod["metadata"]["name"]) for pod in pods}
    newest = pods[-1] if pods else None
    return whole._replace(
        kind="node",
        name=f"{seen.found.run} {name}",
        state=state.phase(newest) if newest else "absent",
        facts=_pod_facts(newest) if newest else {},
        objects=(),
        nodes=tuple(place(pod) for pod in pods),
        ranks=tuple(rank for rank in whole.ranks if rank.node == name),
        conditions=tuple(one for pod in pods for one in conditions(pod)),
        events=together(seen.events or (), lambda about: about in mine),
    )


def machine(
    found: Object, pods: Iterable[Object], where: str, not_shown: tuple[str, ...]
) -> Description:
    """A machine of the cluster, with the nodes of all runs that are on it."""
    spec, status = found.get("spec", {}), found.get("status", {})
    told = conditions(found)
    ready = any(one.type == "Ready" and one.status == "True" for one in told)
    taints = [f"{one['key']}={one.get('value', '')}:{one['effect']}" for one in _taints(spec)]
    facts = {
        f"allocatable {key}": str(value) for key, value in status.get("allocatable", {}).items()
    }
    facts |= {f"label {key}": str(value) for key, value in _labels(found).items()}
    if taints:
        facts["taints"] = ", ".join(taints)
    return Description(
        kind="machine",
        name=str(found["metadata"]["name"]),
        where=where,
        state="ready" if ready else "not ready",
        facts=facts,
        nodes=tuple(
            place(pod)._replace(node=f"{_labels(pod)[names.RUN]} {state.node(pod)}")
            for pod in sorted(pods, key=_order)
        ),
        conditions=tuple(told),
        not_shown=not_shown,
    )


def stable(pods: Iterable[Object]) -> dict[str, str]:
    """Each node's name in the namespace's DNS, which its next pod has as well."""
    found = {}
    for pod in pods:
        spec = pod.get("spec", {})
        if spec.get("hostname") and spec.get("subdomain"):
            found[state.node(pod)] = f"{spec['hostname']}.{spec['subdomain']}"
    return found


def place(pod: Object) -> Place:
    meta, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    ending = f"terminating since {meta['deletionTimestamp']}" if "deletionTimestamp" in meta else ""
    return Place(
        node=state.node(pod),
        name=str(meta["name"]),
        state=state.phase(pod),
        machine=str(spec.get("nodeName", "")),
        address=str(status.get("podIP", "")),
        created=state.seconds(meta["creationTimestamp"]),
        note=", ".join(filter(None, (*_reasons(status), ending))),
    )


def conditions(thing: Object) -> list[Condition]:
    return [
        Condition(
            str(thing["metadata"]["name"]),
            str(one["type"]),
            str(one["status"]),
            str(one.get("reason") or ""),
            str(one.get("message") or ""),
            instant(one.get("lastTransitionTime")),
        )
        for one in thing.get("status", {}).get("conditions", ())
    ]


# -- inside


def _facts(seen: RunObjects) -> dict[str, str]:
    plan = seen.found.plan
    code = plan.get("code", {})
    layers = code.get("layers") or {}
    images = {
        "image": str(plan.get("image") or ""),
        "image with the code": ", ".join(one["image"] for one in layers.get("images", ())),
    }
    facts = {
        "framework": str(plan.get("framework", "")),
        **{key: said for key, said in images.items() if said},
        "code": f"{count(code.get('files', 0), 'file')}, {code.get('size', 0)} bytes",
        "code digest": str(code.get("digest", "")),
    }
    if seen.roster is not None:
        topology = seen.roster.topology
        facts["generation"] = str(topology.generation)
        facts["master"] = f"{topology.nodes[0].address}:{topology.master_port}"
    return facts


def _pod_facts(pod: Object) -> dict[str, str]:
    (container,) = pod["spec"]["containers"][:1]
    facts = {"image": str(container.get("image", ""))}
    for kind, amounts in container.get("resources", {}).items():
        if isinstance(amounts, Mapping):
            facts[kind] = ", ".join(f"{key} {value}" for key, value in amounts.items())
    return facts


def _about(seen: RunObjects, name: str) -> bool:
    """Whether an object of this name is, or was, the run's."""
    roles = {str(one.get("role")) for one in seen.found.plan.get("nodes", ())}
    run = seen.found.run
    jobs = {names.job(run, role) for role in roles}
    return name == run or name in jobs or any(name.startswith(f"{job}-") for job in jobs)


def _reasons(status: Mapping[str, Any]) -> Iterator[str]:
    """What Kubernetes says of a container that does not run."""
    if status.get("reason"):
        yield str(status["reason"])
    for one in status.get("containerStatuses", ()):
        for kind in ("waiting", "terminated"):
            told = one.get("state", {}).get(kind)
            if told:
                code = f" (code {told['exitCode']})" if "exitCode" in told else ""
                yield f"{told.get('reason', kind)}{code}"


def _taints(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(spec.get("taints") or ())


def _labels(thing: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = thing["metadata"].get("labels", {})
    return found


def _order(pod: Object) -> tuple[str, int, str]:
    index = str(_labels(pod).get(names.INDEX, "0"))
    created = str(pod["metadata"]["creationTimestamp"])
    return (str(_labels(pod).get(names.ROLE)), int(index) if index.isdecimal() else 0, created)
