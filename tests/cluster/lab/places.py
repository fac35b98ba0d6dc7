"""Where the lab keeps things, and the addresses that it uses. There is one lab a machine."""

from __future__ import annotations

import os
from pathlib import Path

#: The folder that `python -m tests.cluster.lab` works in.
ROOT = Path(__file__).resolve().parents[3]
#: Sources of what is compiled.
PROGRAMS = Path(__file__).resolve().parent / "programs"

#: What is worth keeping: compiled programs, images. `clean` removes it.
CACHE = Path(os.environ.get("RANKZERO_LAB_CACHE") or Path.home() / ".cache" / "rankzero-lab")
#: What belongs to the lab that is up. `down` removes it.
STATE = Path(os.environ.get("RANKZERO_LAB_STATE") or "/var/tmp/rankzero-lab")

BIN = CACHE / "bin"
REGISTRY_FOLDER = CACHE / "registry"
PKI = STATE / "pki"
LOG = STATE / "log"
PIDS = STATE / "pids"
VOLUMES = STATE / "volumes"
KUBECONFIG = STATE / "admin.kubeconfig"
#: Written last by `up`: without it a lab is a half of one.
UP = STATE / "up.json"

#: In the environment of every process of the lab, so that none can be lost sight of.
MARK = f"RANKZERO_LAB_OF={STATE}"

#: The host's end of the cable, and the control plane's.
HOST, GATE = "10.245.255.1", "10.245.255.2"
LINK = "rz-lab"
#: The control plane's address on the nodes' network.
HUB = "10.245.0.1"
NODES, PODS, SERVICES = "10.245.0.0/24", "10.244.0.0/16", "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
API = f"https://{GATE}:6443"

#: Anybody may pull and push here.
REGISTRY = f"{HUB}:5000"
#: The same images, for those who know the password.
PRIVATE_REGISTRY = f"{HUB}:5001"
PRIVATE_USER, PRIVATE_PASSWORD = "lab", "open-sesame"

#: The cgroup that all nodes are under, in every hierarchy.
CGROUP = STATE.name


def node_name(index: int) -> str:
    return f"node{index}"


def node_home(index: int) -> Path:
    """A node's disk: it outlives a power-off."""
    return STATE / node_name(index)


def node_address(index: int) -> str:
    return f"10.245.0.{10 + index}"


def pod_network(index: int) -> str:
    return f"10.244.{index}.0/24"
