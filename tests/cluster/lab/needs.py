"""Whether a machine can host the lab, and the Debian packages that it needs."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import cgroups
from .places import CACHE, PROGRAMS, STATE
from .registry import ARCHITECTURES
from .shell import LabError, run, say, tried_again

#: Program -> the Debian package that has it.
PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "etcd": "etcd-server",
    "docker-registry": "docker-registry",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "debootstrap": "debootstrap",
    "openssl": "openssl",
    "mount": "mount",
    "sysctl": "procps",
}
GIBIBYTE = 1 << 30


def obstacle() -> str | None:
    """Why this machine cannot host the lab, in one line; None where it can."""
    if sys.platform != "linux":
        return f"it needs Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "it needs root: it makes namespaces, network links and control groups"
    if platform.machine() not in ARCHITECTURES:
        return f"it knows no images for {platform.machine()}"
    if not (shutil.which("apt-get") or not _missing()):
        return f"{', '.join(_missing())} is missing, and there is no apt-get to install it with"
    if not any(cgroups.TOP.glob("*")):
        return f"there are no control groups under {cgroups.TOP}"
    if not os.access(cgroups.TOP, os.W_OK):
        return f"{cgroups.TOP} cannot be written: this is a container without the right"
    if "overlay" not in Path("/proc/filesystems").read_text():
        return "the kernel has no overlay file system"
    return _go_obstacle() or _disk_obstacle()


def _go_obstacle() -> str | None:
    modules = (PROGRAMS / "kube" / "go.mod").read_text()
    wanted = re.search(r"^go (\d+)\.(\d+)", modules, re.MULTILINE)
    assert wanted is not None
    need = (int(wanted[1]), int(wanted[2]))
    text = f"Go {wanted[1]}.{wanted[2]} or newer, to compile Kubernetes"
    try:
        found = re.search(r"go(\d+)\.(\d+)", run("go", "env", "GOVERSION"))
    except LabError:
        return f"it needs {text}, and there is no `go` on PATH"
    if found is None or (int(found[1]), int(found[2])) < need:
        return f"it needs {text}, and `go` is {found[0] if found else 'unknown'}"
    return None


def _disk_obstacle() -> str | None:
    """Room for sources, objects and images the first time, later for what pods write."""
    compiled = (CACHE / "bin" / "kube.made-from").exists()
    for folder, need in ((CACHE, 2 if compiled else 12), (STATE, 6)):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(there).free / GIBIBYTE
        if free < need:
            return f"it needs {need} GiB free for {folder}, and there are {free:.1f}"
    return None


def _missing() -> list[str]:
    return [package for program, package in PACKAGES.items() if not shutil.which(program)]


def install() -> None:
    """Install the Debian packages that are missing. Errors: LabError where they cannot be had."""
    missing = _missing()
    if not missing:
        return
    say(f"installing from Debian: {', '.join(missing)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = ("-qq", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=5")

    def fetch() -> None:
        run("apt-get", *quiet, "update", env=env, seconds=300)
        wanted = ("install", "--yes", "--no-install-recommends", *missing)
        run("apt-get", *quiet, *wanted, env=env, seconds=900)

    with _nothing_started():
        tried_again("installing packages", fetch)


@contextmanager
def _nothing_started() -> Iterator[None]:
    """Packages of servers start them: not here, where the lab starts its own."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
