"""A request against nodes: labels, taints, amounts; how many pods at once; who may bring more."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import limits, nodes
from rankzero.backends.kubernetes.preflight.autoscalers import QUESTIONS
from rankzero.backends.kubernetes.preflight.model import Answer, Question, Request, Verdict
from rankzero.plan.kubernetes.rights import Right

from .given import NAMESPACE, found, judged, listed, pods, request, texts

STATUS, GROUPS = QUESTIONS
NO_AUTOSCALER = {STATUS: Answer(404), GROUPS: found(groups=[{"name": "apps"}])}
NO_RANGES = {limits.ranges(NAMESPACE): listed()}


def page(after: str = "") -> Question:
    more = (("continue", after),) if after else ()
    return Question("/api/v1/nodes", Right("list", "", "nodes"), (("limit", "500"), *more))


def node(
    name: str = "node0",
    labels: dict[str, str] | None = None,
    taints: tuple[dict[str, str], ...] = (),
    **amounts: str,
) -> dict[str, Any]:
    allocatable = {"cpu": "4", "memory": "8Gi", "pods": "110", **amounts}
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}
    spec = {"taints": list(taints)}
    return {"metadata": metadata, "spec": spec, "status": {"allocatable": allocatable}}


def verdict(wanted: Request, *some: dict[str, Any], **known: Any) -> Verdict:
    answers = {page(): listed(*some), **NO_RANGES, **NO_AUTOSCALER, **known.get("answers", {})}
    return judged(nodes, wanted, answers)


GPU = {"nvidia.com/gpu": "2"}
TAINT = {"key": "gpu", "value": "only", "effect": "NoSchedule"}


def affinity(**expression: Any) -> dict[str, Any]:
    terms = [{"matchExpressions": [{"key": "zone", **expression}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def tolerating(**toleration: str) -> dict[str, Any]:
    return {"tolerations": [toleration]}


FITS: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing asked": (pods(), node()),
    "all of a node": (pods(most=1, requests={"cpu": "4", "memory": "8Gi"}), node()),
    "devices": (pods(most=1, limits=GPU), node(**GPU)),
    "a label": (pods(nodeSelector={"zone": "a"}), node(labels={"zone": "a"})),
    "a name": (pods(nodeName="node0"), node()),
    "a taint that is tolerated": (
        pods(**tolerating(key="gpu", value="only", effect="NoSchedule")),
        node(taints=(TAINT,)),
    ),
    "any value": (pods(**tolerating(key="gpu", operator="Exists")), node(taints=(TAINT,))),
    "any taint": (pods(**tolerating(operator="Exists")), node(taints=(TAINT,))),
    "a taint that only prefers": (pods(), node(taints=({**TAINT, "effect": "PreferNoSchedule"},))),
    "a node that is cordoned for now": (
        pods(),
        node(taints=({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},)),
    ),
    "In": (pods(**affinity(operator="In", values=["a", "b"])), node(labels={"zone": "a"})),
    "NotIn": (pods(**affinity(operator="NotIn", values=["b"])), node()),
    "Exists": (pods(**affinity(operator="Exists")), node(labels={"zone": "a"})),
    "DoesNotExist": (pods(**affinity(operator="DoesNotExist")), node()),
    "Gt": (pods(**affinity(operator="Gt", values=["3"])), node(labels={"zone": "4"})),
    "Lt": (pods(**affinity(operator="Lt", values=["3"])), node(labels={"zone": "2"})),
}


@pytest.mark.parametrize("case", FITS)
def test_a_node_that_fits(case: str) -> None:
    some, one = FITS[case]

    assert verdict(request(some), one) == Verdict(said="1 node could run worker")


LACKS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "an amount": (pods(requests={"memory": "9Gi"}), node(), "it has 8 GiB memory"),
    "a device": (pods(limits=GPU), node(), "it has no nvidia.com/gpu"),
    "fewer devices": (pods(limits=GPU), node(**{"nvidia.com/gpu": "1"}), "has 1 nvidia.com/gpu"),
    "a label": (pods(nodeSelector={"zone": "a"}), node(), "it has no label zone=a"),
    "another label": (
        pods(nodeSelector={"zone": "a"}),
        node(labels={"zone": "b"}),
        "it has the label zone=b and not a",
    ),
    "another name": (pods(nodeName="node7"), node(), "it is not node7"),
    "a taint": (pods(), node(taints=(TAINT,)), "it has the taint gpu=only:NoSchedule"),
    "another effect": (
        pods(**tolerating(key="gpu", value="only", effect="NoExecute")),
        node(taints=(TAINT,)),
        "has the taint gpu",
    ),
    "another value": (
        pods(**tolerating(key="gpu", value="some")),
        node(taints=(TAINT,)),
        "has the taint gpu",
    ),
    "In": (pods(**affinity(operator="In", values=["a"])), node(), "outside the node affinity"),
    "NotIn": (
        pods(**affinity(operator="NotIn", values=["a"])),
        node(labels={"zone": "a"}),
        "outside the node affinity",
    ),
    "Gt": (
        pods(**affinity(operator="Gt", values=["3"])),
        node(labels={"zone": "high"}),
        "outside the node affinity",
    ),
    "all of it": (
        pods(requests={"cpu": "5"}, nodeSelector={"zone": "a"}),
        node(),
        "it has no label zone=a and has 4 cpu",
    ),
}


@pytest.mark.parametrize("case", LACKS)
def test_what_the_nearest_node_lacks(case: str) -> None:
    some, one, said = LACKS[case]
    found = verdict(request(some), one)
    (text,) = texts(found)

    assert text.startswith("no node can run worker, which")
    assert said in text
    assert "--wait-for-nodes" in found.refusals[0].remedy


def test_fields_of_a_node_may_be_matched_too() -> None:
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node1"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    some = pods(affinity={"nodeAffinity": required})

    assert texts(verdict(request(some), node(), node("node1"))) == []
    assert len(texts(verdict(request(some), node()))) == 1


def test_the_nearest_of_several_is_named_and_the_others_are_counted() -> None:
    some = pods(limits={"nvidia.com/gpu": "4"})
    nodes_ = [
        node("cpu-1"),
        node("gpu-1", **{"nvidia.com/gpu": "1"}),
        node("gpu-3", **{"nvidia.com/gpu": "3"}),
        node("cpu-2"),
    ]
    (text,) = texts(verdict(request(some), *nodes_))

    assert text == (
        "no node can run worker, which asks for 4 nvidia.com/gpu; nearest is gpu-3: it has "
        "3 nvidia.com/gpu; of 3 others: has no nvidia.com/gpu (2), has 1 nvidia.com/gpu (1)"
    )


def test_nodes_that_lack_the_same_are_told_together() -> None:
    some = pods(limits={"nvidia.com/gpu": "4"})
    alike = [node(f"gpu-{at}", **{"nvidia.com/gpu": "1"}) for at in range(2)]
    (text,) = texts(verdict(request(some), *alike))

    assert text.endswith("4 nvidia.com/gpu; each of the 2 nodes has 1 nvidia.com/gpu")


def test_several_pods_share_what_the_nodes_have() -> None:
    some = pods(most=3, limits=GPU)
    three = [node(f"gpu-{at}", **{"nvidia.com/gpu": "3"}) for at in range(3)]
    (text,) = texts(verdict(request(some), *three[:2]))

    assert "worker takes 3 pods at one time, which asks for 2 nvidia.com/gpu" in text
    assert "2 nodes have room for 2, used by nobody else (gpu-0, gpu-1)" in text
    assert texts(verdict(request(some), *three)) == []


def test_a_run_that_can_begin_with_fewer_needs_fewer() -> None:
    some = pods(most=3, least=1, limits=GPU)

    assert texts(verdict(request(some), node(**GPU))) == []


def test_roles_share_nodes_too() -> None:
    wanted = request(pods(most=1, limits=GPU), pods("ps", most=1, limits=GPU))
    (text,) = texts(verdict(wanted, node(**GPU)))

    assert text.startswith("all roles together take 4 nvidia.com/gpu at one time; the nodes")
    assert texts(verdict(wanted, node(**GPU), node("node1", **GPU))) == []


def test_jobs_of_one_role_that_ask_for_the_same_share_nodes_too() -> None:
    one = pods(most=1, limits=GPU, nodeSelector={"zone": "a"})
    gpu = node(labels={"zone": "a"}, **GPU)
    (text,) = texts(verdict(request(one, one), gpu))

    assert "worker takes 2 pods at one time" in text
    assert texts(verdict(request(one), gpu)) == []


def test_a_role_that_no_node_could_run_is_told_beside_one_that_some_could() -> None:
    (text,) = texts(verdict(request(pods(limits=GPU), pods("ps")), node()))

    assert text.startswith("no node can run worker")


def test_what_a_limit_range_gives_is_asked_of_nodes() -> None:
    given = {"type": "Container", "defaultRequest": {"cpu": "9"}}
    ranges = listed({"metadata": {"name": "r"}, "spec": {"limits": [given]}})
    (text,) = texts(verdict(request(), node(), answers={limits.ranges(NAMESPACE): ranges}))

    assert "which asks for 9 cpu" in text


def test_a_cluster_without_nodes() -> None:
    (text,) = texts(verdict(request()))

    assert text.endswith("the cluster has no nodes")


def test_nodes_that_may_not_be_read_are_not_checked() -> None:
    assert judged(nodes, request()) == Verdict(unchecked=("may not list nodes",))


SEEN: dict[str, tuple[dict[Question, Answer], dict[str, Any], str]] = {
    "its state": ({STATUS: Answer(200)}, node(), "Cluster Autoscaler (ConfigMap"),
    "its API": (
        {GROUPS: found(groups=[{"name": "karpenter.sh"}])},
        node(),
        "Karpenter (API karpenter.sh)",
    ),
    "requests of its kind": (
        {GROUPS: found(groups=[{"name": "autoscaling.x-k8s.io"}])},
        node(),
        "Cluster Autoscaler (API autoscaling.x-k8s.io)",
    ),
    "a node it made": ({}, node(labels={"karpenter.sh/nodepool": "a"}), "Karpenter (label"),
    "a node it will remove": (
        {},
        node(taints=({"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"},)),
        "Cluster Autoscaler (taint",
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_an_autoscaler_that_is_seen_may_bring_nodes(case: str) -> None:
    answers, one, said = SEEN[case]
    found_ = verdict(request(pods(limits=GPU)), one, answers=answers)

    assert found_.refusals == ()
    (note,) = found_.notes
    assert note.startswith("no node can run worker")
    assert f"; {said}" in note
    assert note.endswith("may bring some")


def test_nodes_may_be_waited_for() -> None:
    found_ = verdict(request(pods(limits=GPU), wait_for_nodes=True), node())

    assert found_.refusals == ()
    assert found_.notes[0].endswith("the run waits for some")


def asked(wanted: Request, answers: dict[Question, Answer]) -> list[Question]:
    return [one for one in nodes.ask(wanted, answers) if one not in answers]


def first_of_two(*some: dict[str, Any]) -> dict[Question, Answer]:
    return {**NO_RANGES, page(): found(items=list(some), metadata={"continue": "more"})}


def test_no_more_nodes_are_asked_for_than_it_takes() -> None:
    assert asked(request(pods(limits=GPU)), first_of_two(node(**GPU), node(**GPU))) == []
    assert asked(request(pods(limits=GPU)), first_of_two(node(**GPU))) == [page("more")]


def test_all_nodes_are_asked_for_before_none_is_said_to_fit() -> None:
    answers = {**first_of_two(node()), page("more"): listed(node(**GPU), node(**GPU))}
    wanted = request(pods(limits=GPU))

    assert asked(wanted, answers) == []
    assert judged(nodes, wanted, answers).said == "2 nodes could run worker"
    assert asked(wanted, {**answers, page("more"): listed(node())}) == list(QUESTIONS)
