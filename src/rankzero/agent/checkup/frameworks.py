"""The frameworks that are installed, and what each of them sees: asked in a process of its own,
since one that is broken may take its process with it, and since several then answer at one time."""

import json
import subprocess
import sys
from importlib import metadata
from typing import Any, Dict, List

#: On the first GPU that is seen: whether it also computes. Of `multiply` a framework's own.
_TRIED = """
def tried():
    try:
        total = multiply()
        return "" if total == 64.0 ** 3 else "64 x 64 ones, times themselves, give %r" % total
    except Exception as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
"""
_TORCH = """
import json, torch, torch.distributed as d
def multiply():
    ones = torch.ones(64, 64, device="cuda")
    return float((ones @ ones).sum())
seen = torch.cuda.is_available()
nccl = ".".join(map(str, torch.cuda.nccl.version())) if seen and d.is_nccl_available() else ""
cuda, hip = torch.version.cuda, torch.version.hip
print(json.dumps({
    "version": torch.__version__,
    "built": "CUDA %s" % cuda if cuda else "ROCm %s" % hip if hip else "processors alone",
    "devices": [torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())],
    "fault": tried() if seen else "",
    "more": {"gloo": d.is_available() and d.is_gloo_available(), "NCCL": nccl},
}))
"""
_TENSORFLOW = """
import json, tensorflow as tf
def multiply():
    with tf.device("/GPU:0"):
        ones = tf.ones((64, 64))
        return float(tf.reduce_sum(ones @ ones))
cuda = tf.sysconfig.get_build_info().get("cuda_version")
devices = [one.name for one in tf.config.list_physical_devices("GPU")]
print(json.dumps({
    "version": tf.__version__, "built": "CUDA %s" % cuda if cuda else "processors alone",
    "devices": devices, "fault": tried() if devices else "", "more": {},
}))
"""
_JAX = """
import json, jax
def multiply():
    ones = jax.device_put(jax.numpy.ones((64, 64)), devices[0])
    return float((ones @ ones).sum())
devices = [one for one in jax.devices() if one.platform != "cpu"]
print(json.dumps({
    "version": jax.__version__, "built": "", "devices": [str(one) for one in devices],
    "fault": tried() if devices else "", "more": {},
}))
"""
#: It starts no MPI, which might wait for others.
_MPI = """
import json, mpi4py, os, shutil, sys
mpi4py.rc.initialize = False
from mpi4py import MPI
beside = shutil.which("mpirun", path=os.path.dirname(sys.executable))
print(json.dumps({
    "version": mpi4py.__version__, "devices": None, "fault": "",
    "built": MPI.Get_library_version().splitlines()[0].partition(",")[0],
    "more": {"mpirun": beside or shutil.which("mpirun") or ""},
}))
"""
#: Packages that a framework may have come as, and what it is asked.
_ASKED = {
    "PyTorch": (("torch",), _TORCH),
    "TensorFlow": (("tensorflow", "tensorflow-cpu"), _TENSORFLOW),
    "JAX": (("jax",), _JAX),
    "mpi4py": (("mpi4py",), _MPI),
}


def installed() -> List[str]:
    """Those beside this interpreter; nothing is imported."""
    return [name for name, (packages, _) in _ASKED.items() if any(map(_there, packages))]


def _there(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


class Asked:
    """One framework, from now on until it has answered, or `close`. Nothing waits for it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TRIED + _ASKED[name][1]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def answer(self, patience: float) -> Dict[str, Any]:
        """`version`, `built`, `devices` (None where it has nothing to do with them), `fault` (of a
        multiplication on the first of them), and `more`; or `broken`, with the last that it wrote;
        or `late`, after so many seconds."""
        try:
            out, err = self._process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            return {"name": self.name, "late": patience}
        try:
            said = json.loads(out.splitlines()[-1])
        except (ValueError, IndexError):
            lines = err.decode("utf-8", "replace").strip().splitlines()
            code = self._process.returncode
            return {"name": self.name, "broken": (lines or ["it ends with %d" % code])[-1]}
        return dict(said, name=self.name)

    def close(self) -> None:
        """End it. Whoever waits for its answer has one then."""
        self._process.kill()
        self._process.wait()
