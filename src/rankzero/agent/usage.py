"""What a node uses of its memory and processors, as its control group counts it.

An agent in a pod has a group of its own; on a laptop the group is that of whoever started it, and
only what it counts of the kernel's kills is of use.
"""

import os
from typing import Any, Dict, NamedTuple, Optional

#: The mount points of version 2, and of the controllers of version 1.
ROOT = "/sys/fs/cgroup"
#: A limit beyond this is none (bytes): version 1 says it by the largest number of pages.
_NO_LIMIT = 1 << 60
#: The peak is told again when it has grown by this share of the limit, or else of itself.
_STEP, _GROWTH = 0.05, 0.25


class Usage(NamedTuple):
    """used: bytes that could not be given up at once; peak: the most that the group ever had;
    limit: None for none; killed: processes that the kernel ended for want of memory.
    cpu: seconds of processor time so far, None where nobody counts them."""

    used: int
    peak: int
    limit: Optional[int]
    killed: int
    cpu: Optional[float]


class Group:
    """A process's control group, of either version."""

    def __init__(self, root: str = ROOT, membership: str = "/proc/self/cgroup") -> None:
        paths = _paths(membership)
        unified = os.path.join(root, "cgroup.controllers")
        self._two = os.path.exists(unified)
        memory = "" if self._two else "memory"
        self._memory = _folder(os.path.join(root, memory), paths.get(memory, "/"))
        cpu = "" if self._two else "cpuacct"
        self._cpu = _folder(os.path.join(root, cpu), paths.get(cpu, "/"))

    def usage(self) -> Optional[Usage]:
        """None where there is no such group, or nobody may read it."""
        two = self._two
        taken = _number(self._memory, "memory.current" if two else "memory.usage_in_bytes")
        if taken is None:
            return None
        idle = _keyed(self._memory, "memory.stat").get(
            "inactive_file" if two else "total_inactive_file", 0
        )
        peak = _number(self._memory, "memory.peak" if two else "memory.max_usage_in_bytes")
        limit = _number(self._memory, "memory.max" if two else "memory.limit_in_bytes")
        return Usage(
            used=max(0, taken - idle),
            peak=taken if peak is None else peak,
            limit=None if limit is None or limit >= _NO_LIMIT else limit,
            killed=self.killed(),
            cpu=self._processor_time(),
        )

    def killed(self) -> int:
        """How many processes of the group the kernel has ended for want of memory."""
        name = "memory.events" if self._two else "memory.oom_control"
        return _keyed(self._memory, name).get("oom_kill", 0)

    def _processor_time(self) -> Optional[float]:
        if self._two:
            micro = _keyed(self._cpu, "cpu.stat").get("usage_usec")
            return None if micro is None else micro / 1e6
        nano = _number(self._cpu, "cpuacct.usage")
        return None if nano is None else nano / 1e9


class Gauge:
    """A node's use as its heartbeats tell it; and what of it belongs into the history, since the
    peak of a node that dies with its agent can be asked of nobody any more."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._told = 0.0
        self._killed = 0
        self._before: Optional[Dict[str, float]] = None

    def read(self, now: float) -> Dict[str, Any]:
        """`used`, `peak`, `limit` (where there is one), `killed`; `cpu`: processors in use since
        the last reading. Empty where nothing can be read."""
        usage = self._group.usage()
        if usage is None:
            return {}
        said: Dict[str, Any] = {"used": usage.used, "peak": usage.peak, "killed": usage.killed}
        if usage.limit is not None:
            said["limit"] = usage.limit
        if usage.cpu is not None:
            before, self._before = self._before, {"at": now, "cpu": usage.cpu}
            if before is not None and now > before["at"]:
                said["cpu"] = round((usage.cpu - before["cpu"]) / (now - before["at"]), 3)
        return said

    def mark(self) -> None:
        """From now on the kernel's kills count."""
        self._killed = self._group.killed()

    def starved(self, now: float) -> Dict[str, Any]:
        """What a failure says where the kernel has ended processes for want of memory: `memory`."""
        killed = self._group.killed() - self._killed
        if killed <= 0:
            return {}
        said = self.read(now)
        said.pop("cpu", None)
        return {"memory": dict(said, killed=killed)}

    def room(self, size: int) -> bool:
        """Whether the group may have this many bytes more; also where nobody can tell."""
        usage = self._group.usage()
        return usage is None or usage.limit is None or usage.used + size <= usage.limit

    def news(self, said: Dict[str, Any]) -> bool:
        """Whether the peak has grown by enough for the history: some twenty times at most where
        there is a limit, and ever more rarely where there is none."""
        peak = float(said.get("peak", 0))
        step = _STEP * said["limit"] if "limit" in said else _GROWTH * self._told
        if peak <= self._told or peak < self._told + step:
            return False
        self._told = peak
        return True


def _paths(membership: str) -> Dict[str, str]:
    """Controller -> the group's path below the mount; version 2 is the empty controller."""
    found: Dict[str, str] = {}
    try:
        with open(membership, encoding="utf-8", errors="replace") as file:
            for line in file:
                _, controllers, path = line.rstrip("\n").split(":", 2)
                found.update(dict.fromkeys(controllers.split(","), path))
    except (OSError, ValueError):
        return {}
    return found


def _folder(mount: str, path: str) -> str:
    """Where the group's files are: in a container the mount often shows the group itself."""
    whole = os.path.normpath(mount + "/" + path)
    return whole if os.path.isdir(whole) else mount


def _number(folder: str, name: str) -> Optional[int]:
    try:
        with open(os.path.join(folder, name), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):  # `max` is no number: no limit
        return None


def _keyed(folder: str, name: str) -> Dict[str, int]:
    found: Dict[str, int] = {}
    try:
        with open(os.path.join(folder, name), encoding="ascii") as file:
            for line in file:
                key, _, value = line.partition(" ")
                if value.strip().isdigit():
                    found[key] = int(value)
    except (OSError, ValueError):
        return {}
    return found
