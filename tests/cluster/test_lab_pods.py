"""Pods on the lab are as on any cluster: on several nodes, found by name, killed by the kernel."""

from __future__ import annotations

import socket
import subprocess
from functools import partial

from .lab.kubectl import Kubectl
from .lab.manifests import FOREVER, Object, on_node, pod
from .lab.places import node_address
from .lab.target import Cluster
from .lab.watching import holds, phase, succeeded

#: Says hello to whoever connects, until it is ended.
SERVER = """
import socket
server = socket.create_server(("", 7000))
print("listening")
while True:
    connection, _ = server.accept()
    connection.sendall(b"hello")
    connection.close()
"""
CLIENT = """
import socket, time
end = time.monotonic() + 30
while True:
    try:
        with socket.create_connection(("server.all", 7000), 5) as connection:
            print(connection.recv(10).decode())
            break
    except OSError:  # the name is not known yet
        if time.monotonic() > end:
            raise
        time.sleep(0.2)
"""


def test_a_pod_finds_another_on_another_node_by_its_name(kubectl: Kubectl, lab: Cluster) -> None:
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "all"},
            "spec": {
                "clusterIP": "None",
                "selector": {"app": "all"},
                "publishNotReadyAddresses": True,
            },
        },
        pod(
            *("server", lab.python, SERVER, {"app": "all"}),
            **{"hostname": "server", "subdomain": "all", **on_node(0)},
        ),
        pod("client", lab.python, CLIENT, **on_node(1)),
    )

    assert succeeded(kubectl, "client") == "hello\n"
    server, client = kubectl.get("pod", "server"), kubectl.get("pod", "client")
    assert (server["spec"]["nodeName"], client["spec"]["nodeName"]) == ("node0", "node1")


def test_this_machine_reaches_a_pod(kubectl: Kubectl, lab: Cluster) -> None:
    kubectl.apply(pod("server", lab.python, "print('here')\n" + SERVER))
    address = phase(kubectl, "server", "Running")["status"]["podIP"]
    said = kubectl("exec", "server", "--", "python3", "-c", CLIENT.replace("server.all", address))
    assert said == "hello\n"
    assert hears(address, 7000)


def test_the_image_for_torch_has_what_the_digits_example_imports(
    kubectl: Kubectl, lab: Cluster
) -> None:
    assert lab.torch is not None
    imports = "import torch, sklearn.datasets, safetensors.torch as s; s.save({'a': torch.ones(1)})"
    kubectl.apply(pod("torch", lab.torch, f"{imports}; print(torch.distributed.is_available())"))
    assert succeeded(kubectl, "torch", 150).splitlines()[-1] == "True"


def test_a_container_above_its_memory_is_killed_for_it(kubectl: Kubectl, cluster: Cluster) -> None:
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    kubectl.apply(pod("greedy", cluster.python, "b = bytearray(1 << 28)", container=limits))
    status = phase(kubectl, "greedy", "Failed")["status"]
    ended = status["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_a_pod_that_fills_its_folder_is_evicted(kubectl: Kubectl, lab: Cluster) -> None:
    fill = f"open('/data/a', 'wb').write(bytes(1 << 24))\n{FOREVER}"
    small: Object = {
        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "4Mi"}}],
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
    }
    kubectl.apply(pod("full", lab.python, fill, **small))

    status = phase(kubectl, "full", "Failed")["status"]
    assert status["reason"] == "Evicted"
    assert 'EmptyDir volume "data" exceeds the limit' in status["message"]


def test_a_service_answers_at_every_node_and_by_port_forward(
    kubectl: Kubectl, lab: Cluster
) -> None:
    spec = {"type": "NodePort", "selector": {"app": "one"}, "ports": [{"port": 7000}]}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"}, "spec": spec},
        pod("server", lab.python, SERVER, {"app": "one"}, **on_node(0)),
    )
    phase(kubectl, "server", "Running")
    service = kubectl.get("service", "one")["spec"]
    for address in (node_address(0), node_address(1)):
        port = service["ports"][0]["nodePort"]
        holds(f"an answer at {address}:{port}", partial(hears, address, port))
    assert hears(service["clusterIP"], 7000)

    command = kubectl.command("port-forward", "service/one", ":7000")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward:
        assert forward.stdout is not None
        said = forward.stdout.readline()  # Forwarding from 127.0.0.1:40123 -> 7000
        assert hears("127.0.0.1", int(said.split()[2].rpartition(":")[2]))
        forward.terminate()


def hears(address: str, port: int) -> bool:
    """Whether the server's hello is heard at an address."""
    try:
        with socket.create_connection((address, port), 5) as connection:
            return connection.recv(10) == b"hello"
    except OSError:
        return False
