"""A framework that does not answer holds nobody up, and is told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rankzero.doctor import frameworks
from rankzero.doctor.model import FAILURE, FINE, WARNING
from support import processes
from support.home import Home


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a package that is a framework's by its name."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)
        about = tmp_path / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")

    return make


def test_one_that_hangs_is_given_up_and_ended_and_another_is_told(
    installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("jax", "import threading; threading.Event().wait()")
    installed("tensorflow", "raise ImportError('libcuda.so.1 is not there')")
    waited: list[list[str]] = []
    with frameworks.Asking(patience=6.0) as asked:
        seen = asked.findings(lambda names: waited.append(sorted({"JAX", "TensorFlow"} & {*names})))
        found = {one.check: one for one in seen}
    assert waited[0] == ["JAX", "TensorFlow"]
    assert ["JAX"] in waited, "the others are not held up by it"
    assert waited[-1] == []
    assert found["JAX"].verdict == WARNING
    assert found["JAX"].said == "did not answer within 6 s"
    assert found["TensorFlow"].verdict == FAILURE
    assert "libcuda.so.1 is not there" in found["TensorFlow"].said
    assert not [one for one in processes.carrying(tmp_path) if "jax" in " ".join(one.arguments)]


def test_all_else_is_on_the_screen_before_frameworks_have_answered(
    installed, home: Home, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    installed("jax", f"open({str(gate)!r}).read(); raise ImportError('it came late')")
    installed("tensorflow", "raise ImportError('the real one would ask for jax, too')")
    path = f"{tmp_path}:{':'.join(sys.path)}"
    going = home.start("doctor", "--on", "local", env={"PYTHONPATH": path})
    going.until_said("extras")
    assert "JAX" not in going.out
    with gate.open("w"):
        pass
    assert "it came late" in going.wait().out


GPU = """
class Device:
    platform = "gpu"
    def __str__(self):
        return "H200"

class Ones:
    def __matmul__(self, other):
        {computes}
    def sum(self):
        return {total}

class numpy:
    ones = staticmethod(lambda shape: Ones())

__version__ = "1.0"
devices = lambda: [Device()]
device_put = lambda ones, device: ones
"""


@pytest.mark.parametrize(
    ("computes", "total", "verdict", "said"),
    [
        ("return self", "64.0**3", FINE, "computes on 1 GPU (H200)"),
        ("raise RuntimeError('no kernel image')", "0", FAILURE, "cannot compute on it: no kernel"),
        ("return self", "7.0", FAILURE, "64 x 64 ones, times themselves, give 7.0"),
    ],
)
def test_a_gpu_that_is_seen_is_also_tried(
    installed, computes: str, total: str, verdict: str, said: str
) -> None:
    """JAX's part in a test without a GPU: the program that is asked is the real one."""
    installed("jax", GPU.format(computes=computes, total=total))
    installed("tensorflow", "raise ImportError('not this one')")
    with frameworks.Asking(patience=60.0) as asked:
        found = {one.check: one for one in asked.findings()}
    assert found["JAX"].verdict == verdict
    assert said in found["JAX"].said
