"""NetworkPolicies are enforced on the lab: translated into rules, and seen to keep pods apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from .lab.kubectl import Kubectl
from .lab.manifests import on_node, pod
from .lab.policies import rules, world
from .lab.selectors import matches
from .lab.target import Cluster
from .lab.watching import holds, phase

#: Answers on two ports.
SERVER = """
import selectors, socket
waiting = selectors.DefaultSelector()
for port in (7000, 7001):
    waiting.register(socket.create_server(("", port)), selectors.EVENT_READ)
while True:
    for key, _ in waiting.select():
        key.fileobj.accept()[0].close()
"""


def policy(name: str, selected: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": selected}, **spec},
    }


def reaches(kubectl: Kubectl, pod: str, address: str, port: int = 7000) -> bool:
    """Whether a pod can connect to an address."""
    try_it = f"import socket; socket.create_connection(({address!r}, {port}), 1)"
    return kubectl.succeeds("exec", pod, "--", "python3", "-c", try_it)


@pytest.fixture
def addresses(kubectl: Kubectl, lab: Cluster) -> dict[str, str]:
    """Three servers: `target` and `near` on node0, `far` on node1; the address of each."""
    for name, node in (("target", 0), ("near", 0), ("far", 1)):
        kubectl.apply(pod(name, lab.python, SERVER, {"app": name}, **on_node(node)))
    found = {n: phase(kubectl, n, "Running") for n in ("target", "near", "far")}
    where = {name: str(item["status"]["podIP"]) for name, item in found.items()}
    for name in ("near", "far"):
        holds(f"{name} to reach target", partial(reaches, kubectl, name, where["target"]))
    return where


def test_only_whom_a_policy_names_comes_in_and_only_by_the_port_it_names(
    kubectl: Kubectl, addresses: dict[str, str]
) -> None:
    far = {"from": [{"podSelector": {"matchLabels": {"app": "far"}}}], "ports": [{"port": 7000}]}
    kubectl.apply(policy("only-far", {"app": "target"}, ingress=[far]))
    holds("near to be kept out", lambda: not reaches(kubectl, "near", addresses["target"]))

    assert reaches(kubectl, "far", addresses["target"], 7000)
    assert not reaches(kubectl, "far", addresses["target"], 7001)
    assert reaches(kubectl, "target", addresses["near"]), "going out is nobody's business"
    kubectl("delete", "networkpolicy", "only-far")
    holds("near to be let in again", lambda: reaches(kubectl, "near", addresses["target"]))


def test_a_pod_that_may_not_go_out_still_answers(
    kubectl: Kubectl, addresses: dict[str, str]
) -> None:
    kubectl.apply(policy("stay", {"app": "target"}, policyTypes=["Egress"]))
    holds("target to stay inside", lambda: not reaches(kubectl, "target", addresses["far"]))

    assert not reaches(kubectl, "target", addresses["near"])
    assert reaches(kubectl, "far", addresses["target"])


def test_a_policy_may_leave_dns_as_it_does_elsewhere(
    kubectl: Kubectl, addresses: dict[str, str]
) -> None:
    dns = {
        "to": [
            {
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
                },
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"port": 53, "protocol": "UDP"}],
    }
    kubectl.apply(policy("dns", {"app": "target"}, policyTypes=["Egress"], egress=[dns]))
    holds("target to stay inside", lambda: not reaches(kubectl, "target", addresses["far"]))

    ask = "import socket; print(socket.gethostbyname('kubernetes.default'))"
    assert kubectl("exec", "target", "--", "python3", "-c", ask).startswith("10.96.")


def running(name: str, address: str, **labels: str) -> dict[str, Any]:
    """A pod as the API server tells of it, on node0."""
    port = {"name": "web", "containerPort": 8080}
    return {
        "metadata": {"name": name, "namespace": "here", "uid": name, "labels": labels},
        "spec": {"nodeName": "node0", "containers": [{"ports": [port]}]},
        "status": {"phase": "Running", "podIP": address},
    }


def translated(node: str, *spec: dict[str, Any]) -> list[str]:
    """The rules of a node for two pods and policies of these specs that select the first."""
    pods = [running("a", "10.0.0.1", app="a"), running("b", "10.0.0.2", app="b")]
    selected = {"matchLabels": {"app": "a"}}
    policies = [
        {"metadata": {"namespace": "here"}, "spec": {"podSelector": selected, **one}}
        for one in spec
    ]
    lines = rules(node, policies, world(pods, [{"metadata": {"name": "here"}}]))[1]
    assert all(line.startswith("-A LAB-") for line in lines)
    return [line.split(" ", 2)[2] for line in lines[1:]]


ANY = "-s 0.0.0.0/0 "


@pytest.mark.parametrize(
    ("ingress", "allowed"),
    [
        ([], []),
        ([{}], [f"{ANY}-j RETURN"]),
        ([{"from": [{"podSelector": {}}]}], ["-s 10.0.0.1 -j RETURN", "-s 10.0.0.2 -j RETURN"]),
        ([{"from": [{"namespaceSelector": {"matchLabels": {"no": "where"}}}]}], []),
        ([{"ports": [{"port": 80}]}], [f"{ANY}-p tcp --dport 80:80 -j RETURN"]),
        ([{"ports": [{"port": 80, "endPort": 90}]}], [f"{ANY}-p tcp --dport 80:90 -j RETURN"]),
        ([{"ports": [{"protocol": "UDP"}]}], [f"{ANY}-p udp -j RETURN"]),
        ([{"ports": [{"port": "web"}]}], [f"{ANY}-p tcp --dport 8080 -j RETURN"]),
        ([{"ports": [{"port": "nothing"}]}], []),
        (
            [{"from": [{"ipBlock": {"cidr": "10.0.0.0/30", "except": ["10.0.0.0/31"]}}]}],
            ["-s 10.0.0.2/31 -j RETURN"],
        ),
        ([{"from": [{"ipBlock": {"cidr": "fd00::/8"}}]}], []),
    ],
)
def test_what_may_come_in_is_said_in_rules(ingress: list[Any], allowed: list[str]) -> None:
    (_jump, *body) = translated("node0", {"ingress": ingress})
    assert body == [*allowed, "-j DROP"]


def test_ports_by_name_going_out_are_those_of_the_pod_that_is_asked() -> None:
    out = {"policyTypes": ["Egress"], "egress": [{"ports": [{"port": "web"}]}]}
    assert translated("node0", out)[1:] == [
        "-d 10.0.0.1 -p tcp --dport 8080 -j RETURN",
        "-d 10.0.0.2 -p tcp --dport 8080 -j RETURN",
        "-j DROP",
    ]


def test_a_node_has_rules_for_its_own_pods_only() -> None:
    assert translated("node1", {"ingress": []}) == []


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, True),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, False),
        ({"key": "b", "operator": "NotIn", "values": ["1"]}, True),
        ({"key": "b", "operator": "Exists"}, False),
        ({"key": "b", "operator": "DoesNotExist"}, True),
    ],
)
def test_selectors_are_kubernetes_own(expression: dict[str, Any], selected: bool) -> None:
    assert matches({"matchExpressions": [expression]}, {"a": "1"}) is selected
