"""The frameworks that are installed, and what each of them sees: asked in a process of its own,
since one that is broken may take its process with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import Any

from rankzero.doctor.machine import AREA
from rankzero.doctor.model import FAILURE, FINE, WARNING, Finding
from rankzero.why.words import count

#: Until one that is imported is given up (seconds).
_PATIENCE = 120.0
_TORCH = """
import json, torch, torch.distributed as d
seen = torch.cuda.is_available()
nccl = ".".join(map(str, torch.cuda.nccl.version())) if seen and d.is_nccl_available() else ""
cuda, hip = torch.version.cuda, torch.version.hip
built = f"CUDA {cuda}" if cuda else f"ROCm {hip}" if hip else "processors alone"
print(json.dumps({
    "version": torch.__version__, "built": built,
    "devices": [torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())],
    "more": {"gloo": d.is_available() and d.is_gloo_available(), "NCCL": nccl},
}))
"""
_TENSORFLOW = """
import json, tensorflow as tf
cuda = tf.sysconfig.get_build_info().get("cuda_version")
print(json.dumps({
    "version": tf.__version__, "built": f"CUDA {cuda}" if cuda else "processors alone",
    "devices": [one.name for one in tf.config.list_physical_devices("GPU")], "more": {},
}))
"""
_JAX = """
import json, jax
print(json.dumps({
    "version": jax.__version__, "built": "",
    "devices": [str(one) for one in jax.devices() if one.platform != "cpu"], "more": {},
}))
"""
#: Packages that a framework may have come as, and what it is asked.
_ASKED = {
    "PyTorch": (("torch",), _TORCH),
    "TensorFlow": (("tensorflow", "tensorflow-cpu"), _TENSORFLOW),
    "JAX": (("jax",), _JAX),
}


def findings() -> Iterator[Finding]:
    """One for each that is installed, or one that says that none is."""
    there = {name: asked for name, (packages, asked) in _ASKED.items() if _installed(packages)}
    if not there:
        yield Finding(AREA, "frameworks", FINE, "none; commands and plain scripts run without")
        return
    with ThreadPoolExecutor(len(there)) as pool:
        yield from pool.map(_asked, there, there.values())


def _installed(packages: tuple[str, ...]) -> bool:
    for package in packages:
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        return True
    return False


def _asked(name: str, program: str) -> Finding:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        said = f"is not imported within {_PATIENCE:g} s"
        return Finding(AREA, name, FAILURE, said, "Is its disk slow, or a driver stuck?")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"it ends with {done.returncode}"])[-1]
        remedy = "Install it anew in this environment"
        return Finding(AREA, name, FAILURE, f"cannot be imported: {last}", remedy)
    return judged(name, json.loads(done.stdout.strip().splitlines()[-1]))


def judged(name: str, said: dict[str, Any]) -> Finding:
    """Of what it says of itself. Pure."""
    devices, built = said["devices"], said["built"]
    parts = [said["version"], *([f"for {built}"] if built else [])]
    more = ", ..." if len(devices) > 1 else ""
    seen = f"sees {count(len(devices), 'GPU')} ({devices[0]}{more})" if devices else "sees no GPU"
    parts.append(seen)
    more = said["more"]
    parts += [f"{key} {one}" for key, one in more.items() if one and isinstance(one, str)]
    without = [key for key, one in more.items() if one is False]
    if without:
        parts.append(f"without {', '.join(without)}")
        remedy = "Ranks on processors cannot talk: install another build"
        return Finding(AREA, name, WARNING, ", ".join(parts), remedy)
    return Finding(AREA, name, FINE, ", ".join(parts))
