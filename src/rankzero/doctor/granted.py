"""What a pod saw that was granted a GPU, judged. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rankzero.agent.checkup.inside import DEVICES, FRAMEWORK, KEY
from rankzero.doctor import frameworks
from rankzero.doctor.inside import AREA, Looked, kept
from rankzero.doctor.machine import counted
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, Finding
from rankzero.why.blocked import listed

_RUNTIME = (
    "The machine hands no device on: its container runtime needs the vendor's hook (NVIDIA: the "
    "container toolkit, as default runtime or by runtimeClassName in the pod: overlay), and its "
    "device plugin a real GPU"
)


def gpus(looked: Sequence[Looked]) -> Iterator[Finding]:
    """Of the pod that was granted a GPU."""
    yield from kept(looked)
    for one in looked:
        devices = one.one(DEVICES)
        if devices is not None:
            yield from _devices(one, devices)
            yield from _computed(one, bool(devices["files"]))


def _devices(one: Looked, said: Mapping[str, Any]) -> Iterator[Finding]:
    if not said["files"]:
        shown = f"; NVIDIA_VISIBLE_DEVICES is {said['visible']}" if said["visible"] else ""
        told = f"granted on {one.machine}, but there is no device file in the pod{shown}"
        yield Finding(AREA, "GPU", FAILURE, told, _RUNTIME)
        return
    yield Finding(AREA, "GPU", FINE, f"granted on {one.machine}: {listed(said['files'], 6)}")
    tool = said["tool"]
    if tool["fault"]:
        remedy = "Driver and container toolkit of that machine do not fit: load the driver anew"
        yield Finding(AREA, "GPU driver", FAILURE, f"nvidia-smi fails: {tool['fault']}", remedy)
    elif tool["lines"]:
        yield Finding(AREA, "GPU driver", FINE, counted(tool["lines"]))
    else:
        yield Finding(AREA, "GPU driver", UNKNOWN, "there is no nvidia-smi in the pod")


def _computed(one: Looked, there: bool) -> Iterator[Finding]:
    """Whether frameworks compute on it. Without a device none can, and that is said already."""
    lines = [line for line in one.saw if line[KEY] == FRAMEWORK]
    if not lines:
        remedy = "Name an image that has one: --image"
        yield Finding(AREA, "computes", UNKNOWN, "no framework is in this image", remedy)
    for line in lines:
        found = frameworks.judged(AREA, line, line.get("late") or 0.0)
        if there and found.verdict == FINE and not line["devices"]:
            remedy = "It is built for other GPUs, or for none: take an image for this one"
            found = found._replace(verdict=FAILURE, remedy=remedy)
        yield found
