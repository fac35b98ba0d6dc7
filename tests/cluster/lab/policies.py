"""NetworkPolicies as packet filter rules of one node: a pure translation.

Why our own: the enforcers that can be built from Go modules hand packets to a program by nftables'
queue, which many small kernels lack; plain filter rules work on all, and a test wants no more.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .places import HUB
from .selectors import matches

Object = dict[str, Any]

BASE = "LAB-POLICIES"
#: DNS runs beside the nodes here; policies select it as they do on other clusters.
DNS: Object = {
    "metadata": {"name": "dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {},
    "status": {"phase": "Running", "podIP": HUB},
}


class Peer(NamedTuple):
    """A place that traffic may come from or go to; pod is None for a network."""

    network: str
    pod: Object | None = None


class World(NamedTuple):
    """What policies are about: all pods with an address, and the labels of namespaces."""

    pods: list[Object]
    namespaces: dict[str, dict[str, str]]


def world(pods: Iterable[Object], namespaces: Iterable[Object]) -> World:
    """What counts of the cluster's pods and namespaces."""
    labels = {item["metadata"]["name"]: item["metadata"].get("labels", {}) for item in namespaces}
    return World([DNS, *(pod for pod in pods if _has_network(pod))], labels)


def _has_network(pod: Object) -> bool:
    status = pod.get("status", {})
    own = not pod["spec"].get("hostNetwork")
    return bool(own and status.get("podIP") and status["phase"] not in ("Succeeded", "Failed"))


def rules(node: str, policies: list[Object], all_of: World) -> tuple[list[str], list[str]]:
    """The chains and the rules that hold for pods of one node, as iptables-restore reads them."""
    chains, lines = [BASE], [f"-A {BASE} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"]
    for pod in all_of.pods:
        if pod["spec"].get("nodeName") != node:
            continue
        for direction, flag in (("Egress", "-s"), ("Ingress", "-d")):
            applied = [p for p in policies if _selects(p, pod) and direction in _types(p)]
            if applied:
                chain = _chain(direction, pod)
                chains.append(chain)
                lines.append(f"-A {BASE} {flag} {pod['status']['podIP']} -j {chain}")
                lines += (f"-A {chain} {x}" for x in _body(direction, pod, applied, all_of))
    return chains, lines


def _chain(direction: str, pod: Object) -> str:
    return f"LAB-{direction[0]}-{hashlib.sha256(pod['metadata']['uid'].encode()).hexdigest()[:16]}"


def _selects(policy: Object, pod: Object) -> bool:
    meta = pod["metadata"]
    same = policy["metadata"]["namespace"] == meta["namespace"]
    return same and matches(policy["spec"].get("podSelector") or {}, meta.get("labels", {}))


def _types(policy: Object) -> list[str]:
    return list(policy["spec"].get("policyTypes", ["Ingress"]))


def _body(direction: str, pod: Object, applied: list[Object], all_of: World) -> Iterator[str]:
    """What is allowed goes back to the caller; the rest is dropped."""
    to = direction == "Egress"
    for policy in applied:
        for rule in policy["spec"].get(direction.lower()) or []:
            named = any(isinstance(port.get("port"), str) for port in rule.get("ports") or [])
            peers = rule.get("to" if to else "from")
            for peer in _peers(peers, policy, all_of) if peers else _all(to and named, all_of):
                where = f"{'-d' if to else '-s'} {peer.network} "
                for port in _ports(rule.get("ports"), peer.pod if to else pod):
                    yield f"{where}{port}-j RETURN"
    yield "-j DROP"


def _all(one_by_one: bool, all_of: World) -> Iterator[Peer]:
    """Everywhere; and each pod by itself where a port's name means something else for each."""
    yield Peer("0.0.0.0/0")
    if one_by_one:
        yield from (Peer(pod["status"]["podIP"], pod) for pod in all_of.pods)


def _peers(given: list[Object], policy: Object, all_of: World) -> Iterator[Peer]:
    for peer in given:
        if block := peer.get("ipBlock"):
            yield from (Peer(network) for network in _networks(block))
            continue
        spaces, selected = peer.get("namespaceSelector"), peer.get("podSelector") or {}
        for pod in all_of.pods:
            meta = pod["metadata"]
            if spaces is None:
                here = meta["namespace"] == policy["metadata"]["namespace"]
            else:
                here = matches(spaces, all_of.namespaces.get(meta["namespace"], {}))
            if here and matches(selected, meta.get("labels", {})):
                yield Peer(pod["status"]["podIP"], pod)


def _networks(block: Object) -> list[str]:
    """A block without its exceptions. Only IPv4: pods here have no other address."""
    left = [ipaddress.ip_network(block["cidr"])]
    if left[0].version != 4:
        return []
    for text in block.get("except", []):
        out = ipaddress.ip_network(text)
        parts: list[Any] = []
        for network in left:
            if network.subnet_of(out):  # type: ignore[arg-type]
                continue
            inside = out.subnet_of(network)  # type: ignore[arg-type]
            parts += network.address_exclude(out) if inside else [network]  # type: ignore[arg-type]
        left = parts
    return [str(network) for network in left]


def _ports(given: list[Object] | None, target: Object | None) -> Iterator[str]:
    """What to match of a packet's protocol and port, each with a blank behind; target is the pod
    whose port it is."""
    if not given:
        yield ""
        return
    for port in given:
        protocol, number = port.get("protocol", "TCP").lower(), port.get("port")
        if number is None:
            yield f"-p {protocol} "
        elif isinstance(number, int):
            last = port.get("endPort", number)
            yield f"-p {protocol} --dport {number}:{last} "
        else:
            for found in _named(number, protocol, target):
                yield f"-p {protocol} --dport {found} "


def _named(name: str, protocol: str, pod: Object | None) -> Iterator[int]:
    for container in (pod or {}).get("spec", {}).get("containers", []):
        for port in container.get("ports", []):
            if port.get("name") == name and port.get("protocol", "TCP").lower() == protocol:
                yield port["containerPort"]
