"""This machine: its Python, its room, its GPUs, and where rankzero keeps what it knows."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from rankzero.agent.checkup import gpus
from rankzero.agent.worded import in_words
from rankzero.backends.home import state_home
from rankzero.doctor.model import FAILURE, FINE, WARNING, Finding
from rankzero.why.words import size

AREA = "machine"
#: Below it a run's lines and outputs may not find room (bytes).
_ROOM = 1 << 30
#: Of an extra, what tells that it is installed.
_EXTRAS = {"serve": "uvicorn", "image": "installer"}


def findings() -> Iterator[Finding]:
    """In the order in which they are told."""
    yield _python()
    yield _state()
    yield _name()
    yield _gpus()
    yield _extras()


def _python() -> Finding:
    mine, system = metadata.version("rankzero"), f"{platform.system()} {platform.machine()}"
    said = f"{platform.python_version()} ({sys.executable}), rankzero {mine}, {system}"
    return Finding(AREA, "Python", FINE, said)


def _state() -> Finding:
    """Whether runs can be kept, and have room."""
    home = state_home()
    there = _there(home)
    if there is None or not os.access(there, os.W_OK | os.X_OK):
        remedy = "Point XDG_STATE_HOME at a folder that you may write to"
        return Finding(AREA, "state", FAILURE, f"{home} cannot be written", remedy)
    free = shutil.disk_usage(there).free
    if free < _ROOM:
        remedy = "Make room: rankzero delete --older-than 7d; or point XDG_STATE_HOME elsewhere"
        return Finding(AREA, "state", WARNING, f"{home} has {size(free)} free", remedy)
    return Finding(AREA, "state", FINE, f"{home}, {size(free)} free")


def _there(home: Path) -> Path | None:
    """The folder in which it is, or could be made; None where nobody gets there."""
    for one in (home, *home.parents):
        try:
            return one if stat.S_ISDIR(one.stat().st_mode) else None
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _name() -> Finding:
    """Frameworks look their own machine up by its name."""
    name = socket.gethostname()
    try:
        socket.getaddrinfo(name, None)
    except OSError as error:
        remedy = f"Add a line to /etc/hosts: 127.0.1.1 {name}"
        return Finding(AREA, "name", WARNING, f"{name} does not resolve: {in_words(error)}", remedy)
    return Finding(AREA, "name", FINE, f"{name} resolves")


def _gpus() -> Finding:
    """As the driver's own tool tells them, whatever a framework sees."""
    said = gpus.told()
    if said["fault"]:
        remedy = "The driver and its tools do not fit: load the driver anew, or restart the machine"
        return Finding(AREA, "GPUs", FAILURE, f"nvidia-smi fails: {said['fault']}", remedy)
    if not said["there"] and Path("/dev/nvidia0").exists():
        told = "there is /dev/nvidia0 and no nvidia-smi"
        return Finding(AREA, "GPUs", WARNING, told, "Install the driver's own tools")
    return Finding(AREA, "GPUs", FINE, counted(said["lines"]) or "none of NVIDIA's")


def counted(lines: Sequence[str]) -> str:
    """`2 x NVIDIA H200, driver 580.1`: GPUs as nvidia-smi lists them. Pure."""
    return "; ".join(
        f"{lines.count(one)} x {one.replace(', ', ', driver ')}" for one in dict.fromkeys(lines)
    )


def _extras() -> Finding:
    there = [name for name, package in _EXTRAS.items() if _installed(package)]
    missing = [name for name in _EXTRAS if name not in there]
    said = f"installed: {', '.join(there) or 'none'}"
    if missing:
        words = ",".join(missing)
        said += f"; not: {', '.join(missing)} (pip install 'rankzero[{words}]')"
    return Finding(AREA, "extras", FINE, said)


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
