"""What an agent finds out about itself and its node before it says hello."""

import os
import socket
from typing import Dict, List, Optional, Tuple

from rankzero.agent.config import AgentConfig


def incarnation(now: float) -> str:
    """A name for this agent process that sorts by its birth, so that of two the newer shows."""
    return "%020d-%s" % (int(now * 1e9), os.urandom(4).hex())


def cpus(granted: Optional[int]) -> int:
    """Processors that the ranks may use: what was granted, else affinity and cgroup quota."""
    if granted is not None:
        return max(1, granted)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _quota()
    return max(1, min(available or 1, quota) if quota else available or 1)


def _quota() -> Optional[int]:
    """The cgroup's limit in whole processors, rounded up; None for none. v2, then v1."""
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            limit, period = file.read().split()
    except (OSError, ValueError):
        try:
            with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", encoding="ascii") as file:
                limit = file.read().strip()
            with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us", encoding="ascii") as file:
                period = file.read().strip()
        except OSError:
            return None
    if limit in ("max", "-1"):
        return None
    return -(-int(limit) // int(period))


def devices(granted: Optional[Tuple[str, ...]]) -> List[str]:
    """The accelerators of this node: those granted, else the NVIDIA devices that are here.

    Counted by device files, which a container has of exactly those that it may use; a driver
    call would cost a second.
    """
    if granted is not None:
        return list(granted)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [one.strip() for one in visible.split(",") if one.strip() not in ("", "-1")]
    try:
        names = os.listdir("/dev")
    except OSError:
        return []
    found = [name[6:] for name in names if name.startswith("nvidia") and name[6:].isdigit()]
    # In a container the files keep the host's numbers, while CUDA counts from 0.
    return [str(i) for i in range(len(found))]


def nproc(config: AgentConfig) -> int:
    """How many ranks this node runs: as many as it has devices or processors, where so asked."""
    if config.nproc == "gpu":
        return max(1, len(devices(config.devices)))
    if config.nproc == "cpu":
        return cpus(config.cpus)
    return int(config.nproc)


def address(config: AgentConfig, peer: Optional[socket.socket]) -> str:
    """Where others reach this node: as configured, else from where it reaches the coordinator."""
    if config.address is not None:
        return config.address
    return str(peer.getsockname()[0]) if peer is not None else "127.0.0.1"


def named_ports(config: AgentConfig) -> Dict[str, int]:
    """The user's ports; 0 stands for any that is free."""
    return {name: int(port) for name, port in config.ports.items()}
