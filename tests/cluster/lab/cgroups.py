"""The control groups that the nodes' kubelets put pods in, in version 1 and version 2."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .places import CGROUP
from .shell import until

TOP = Path("/sys/fs/cgroup")
#: What a kubelet wants to control.
CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids")


def unified() -> bool:
    """Whether the machine has control groups version 2 (and kubelets use that)."""
    return (TOP / "cgroup.controllers").exists()


def make(host: str) -> str:
    """Make a node's group in every hierarchy; returns its path below them."""
    for hierarchy in _controlled():
        lab = hierarchy / CGROUP
        (lab / host).mkdir(parents=True, exist_ok=True)
        if unified():
            available = (TOP / "cgroup.controllers").read_text().split()
            wanted = " ".join(f"+{name}" for name in CONTROLLERS if name in available)
            for group in (hierarchy, lab):
                (group / "cgroup.subtree_control").write_text(wanted)
        elif hierarchy.name == "cpuset":
            for group in (lab, lab / host):
                for key in ("cpuset.cpus", "cpuset.mems"):
                    (group / key).write_text((hierarchy / key).read_text())
    return f"/{CGROUP}/{host}"


def remove() -> None:
    """Remove the groups of all nodes, once the kernel has taken their processes away."""
    for hierarchy in _hierarchies():
        group = hierarchy / CGROUP
        until(f"{group} to be empty", partial(_removed, group), 30)


def left() -> list[Path]:
    """Groups of the lab that are still there."""
    return [h / CGROUP for h in _hierarchies() if (h / CGROUP).exists()]


def _removed(group: Path) -> bool:
    if not group.exists():
        return True
    folders = [path for path in group.rglob("*") if path.is_dir()]
    for folder in [*sorted(folders, key=lambda path: -len(path.parts)), group]:
        try:
            folder.rmdir()
        except OSError:
            return False  # a process in it has not quite ended
    return True


def _hierarchies() -> list[Path]:
    """All of them, also the one that containers are only listed in beside version 1."""
    if unified():
        return [TOP]
    return [path for path in TOP.iterdir() if path.is_dir() and not path.is_symlink()]


def _controlled() -> list[Path]:
    return [path for path in _hierarchies() if path.name != "unified"]
