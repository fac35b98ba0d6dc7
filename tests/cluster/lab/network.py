"""Cables, addresses and routes between the host, the control plane and the nodes."""

from __future__ import annotations

from . import namespaces
from .places import (
    GATE,
    HOST,
    HUB,
    LINK,
    NODES,
    PODS,
    SERVICES,
    node_address,
    node_name,
    pod_network,
)
from .shell import LabError, run, succeeds, until

CONTROL = "control"
BRIDGE = "02:00:0a:f5:00:01"


def connect_host(control: int) -> None:
    """Lay the cable from the host to the control plane; control is its process 1."""
    taken = [net for net in (NODES, PODS, SERVICES) if run("ip", "route", "show", "exact", net)]
    if taken:
        raise LabError(f"the host has routes to {', '.join(taken)} already, which the lab uses")
    run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "uplink", "netns", control)
    run("ip", "addr", "add", f"{HOST}/30", "dev", LINK)
    run("ip", "link", "set", LINK, "up")
    for net in (NODES, PODS, SERVICES):
        run("ip", "route", "add", net, "via", GATE)


def disconnect_host() -> None:
    """Take the host's cable away, and its routes with it."""
    if namespaces.has_link(LINK):
        succeeds("ip", "link", "del", LINK)
        until(f"the link {LINK} to go", lambda: not namespaces.has_link(LINK), 20)


def build_hub() -> None:
    """In the control plane: the bridge that nodes are plugged into, and the way to the host."""
    # A bridge without an address of its own takes one of its ports': it would change with every
    # node that comes or goes, and the others would go on talking to the old one.
    run("ip", "link", "add", "nodes", "address", BRIDGE, "type", "bridge")
    run("ip", "addr", "add", f"{HUB}/24", "dev", "nodes")
    run("ip", "link", "set", "nodes", "up")
    until("the cable to the host", lambda: namespaces.has_link("uplink"))
    run("ip", "addr", "add", f"{GATE}/30", "dev", "uplink")
    run("ip", "link", "set", "uplink", "up")
    # Services are answered by node 0: it has the rules, the control plane has none.
    run("ip", "route", "add", SERVICES, "via", node_address(0), "onlink", "dev", "nodes")


def plug_in(index: int, pid: int) -> None:
    """Lay the cable from a node to the bridge, and the route to its pods; pid is its process 1."""
    control = namespaces.pid_of(CONTROL)
    inside = ("nsenter", "-t", control, "-n")
    port = node_name(index)
    # After a power-off the kernel takes a moment to take the old cable away by itself.
    succeeds(*inside, "ip", "link", "del", port)
    made = ("type", "veth", "peer", "name", "eth0", "netns", pid)
    until(
        f"the cable of {port}",
        lambda: succeeds(*inside, "ip", "link", "add", port, *made),
        20,
    )
    run(*inside, "ip", "link", "set", port, "master", "nodes", "up")
    way = ("via", node_address(index), "onlink", "dev", "nodes")
    run(*inside, "ip", "route", "replace", pod_network(index), *way)


def cut(index: int) -> None:
    """Take a node's cable out of the bridge, and leave it there: everything on the node goes on."""
    _set_port(index, "down")


def mend(index: int) -> None:
    """Plug it in again."""
    _set_port(index, "up")


def _set_port(index: int, state: str) -> None:
    inside = ("nsenter", "-t", namespaces.pid_of(CONTROL), "-n")
    run(*inside, "ip", "link", "set", node_name(index), state)


def use_cable(index: int) -> None:
    """In a node: wait for the cable, and take the node's address."""
    until("the node's cable", lambda: namespaces.has_link("eth0"))
    run("ip", "addr", "add", f"{node_address(index)}/24", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    run("ip", "route", "add", "default", "via", HUB)
