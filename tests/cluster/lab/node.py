"""A node: what process 1 of its namespaces starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from . import cgroups, namespaces, network
from .certificates import kubeconfig_of
from .places import (
    BIN,
    HUB,
    PKI,
    PODS,
    PRIVATE_REGISTRY,
    REGISTRY,
    node_address,
    node_home,
    node_name,
    pod_network,
)
from .services import Services
from .shell import run, succeeds, until

SOCKET = "/run/containerd.sock"


def main(index: int) -> NoReturn:
    """Process 1 of a node."""
    name, home = node_name(index), node_home(index)
    namespaces.become_machine(name)
    network.use_cable(index)
    succeeds("modprobe", "br_netfilter")  # often built in
    # Traffic between pods of one node passes the bridge: iptables must see it, too.
    run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")
    for folder in ("cni", "kubelet", "containerd", "logs"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    services = Services(name)
    (home / "cni" / "10-lab.conflist").write_text(json.dumps(_pod_network(index)))
    (home / "containerd.toml").write_text(_containerd(home))
    log = services.start("containerd", "containerd", "-c", home / "containerd.toml")
    until("containerd", lambda: succeeds("ctr", "-a", SOCKET, "version"), 60, log)
    _write(home / "kubelet.json", _kubelet(index, cgroups.make(name)))
    services.start(
        "kubelet",
        *(BIN / "kubelet", "--config", home / "kubelet.json"),
        *("--kubeconfig", kubeconfig_of(name), "--hostname-override", name),
        *("--node-ip", node_address(index)),
        *("--root-dir", home / "kubelet", "--cert-dir", home / "certs"),
    )
    _write(home / "proxy.json", _proxy(name))
    services.start("proxy", BIN / "kube-proxy", "--config", home / "proxy.json")
    services.start("policies", *namespaces.python("_policies", index))
    services.keep()


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(json.dumps(settings, indent=1))


def _pod_network(index: int) -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "dataDir": "/run/ipam",
        "ranges": [[{"subnet": pod_network(index)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins = [{**bridge, "ipam": addresses}, ports]
    return {"cniVersion": "0.4.0", "name": "lab", "plugins": plugins}


def _containerd(home: Path) -> str:
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    mirrors = "".join(
        f'[{cri}.registry.mirrors."{name}"]\nendpoint = ["http://{name}"]\n'
        for name in (REGISTRY, PRIVATE_REGISTRY)
    )
    return f"""\
version = 2
root = "{home}/containerd"
state = "/run/containerd"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "{home}/opt"
[{cri}]
sandbox_image = "{REGISTRY}/pause:1"
restrict_oom_score_adj = true
[{cri}.cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{home}/cni"
{mirrors}"""


def _kubelet(index: int, group: str) -> dict[str, Any]:
    name, home = node_name(index), node_home(index)
    # Pods' names are the lab's own: nothing of the host's resolver reaches them.
    (home / "resolv.conf").write_text(f"nameserver {HUB}\n")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/{name}.crt",
        "tlsPrivateKeyFile": f"{PKI}/{name}.key",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": group,
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "clusterDNS": [HUB],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{home}/resolv.conf",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "podLogsDir": f"{home}/logs",
        "makeIPTablesUtilChains": False,
        # A pod that fills its folder is evicted after seconds, not after a minute.
        "volumeStatsAggPeriod": "5s",
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        # A lost node is noticed after 10 s (see the control plane), not after 40.
        "nodeStatusUpdateFrequency": "2s",
        "nodeLeaseDurationSeconds": 8,
        "maxPods": 250,
        "registryPullQPS": 0,
        "serializeImagePulls": False,
    }


def _proxy(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(kubeconfig_of("proxy"))},
        "clusterCIDR": PODS,
        "hostnameOverride": name,
        "conntrack": {"maxPerCore": 0, "min": 0},
    }
