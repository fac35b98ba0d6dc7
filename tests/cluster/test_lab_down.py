"""What `down` leaves, and what `up` makes of a lab that somebody killed.

Done with a second lab, of one node, in a network of its own: the one that tests run on stays up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from .lab import cgroups
from .lab.places import ROOT
from .lab.shell import run, until
from .lab.target import Cluster

pytestmark = pytest.mark.alone

#: Compiled programs and images are there already; the rest takes seconds.
SECONDS = 150


class Spare:
    """Another lab on this machine."""

    def __init__(self) -> None:
        self.name = f"rankzero-lab-{uuid.uuid4().hex[:8]}"
        self.state = Path("/var/tmp") / self.name
        self._network = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        here = os.readlink("/proc/self/ns/net")
        self._inside = ["nsenter", f"--net=/proc/{self._network.pid}/ns/net"]
        until("a network", lambda: self.network() not in ("", here))
        run(*self._inside, "ip", "link", "set", "lo", "up")

    def network(self) -> str:
        return os.readlink(f"/proc/{self._network.pid}/ns/net")

    def start(self, *argv: str) -> subprocess.Popen[str]:
        command = [*self._inside, sys.executable, "-m", "tests.cluster.lab", *argv]
        env = {**os.environ, "RANKZERO_LAB_STATE": str(self.state)}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True)

    def call(self, *argv: str, code: int = 0) -> str:
        process = self.start(*argv)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == code, out + err
        return out

    def pid(self, machine: str) -> int:
        return int((self.state / "pids" / machine).read_text())

    def left(self) -> list[str]:
        """What the kernel still has of it, by its own lists and not by the lab's."""
        found = [str(path) for path in (self.state,) if path.exists()]
        found += [str(path) for path in cgroups.TOP.rglob(self.name)]
        found += [
            line
            for line in Path("/proc/self/mountinfo").read_text().splitlines()
            if self.name in line
        ]
        found += run(*self._inside, "ip", "-o", "link").splitlines()[1:]  # but for loopback
        found += run(*self._inside, "ip", "route").splitlines()
        return found + [str(path) for path in Path("/proc").glob("[0-9]*") if self._owns(path)]

    def _owns(self, process: Path) -> bool:
        try:
            told = (process / "environ").read_bytes() + (process / "cgroup").read_bytes()
        except OSError:
            return False  # it has ended
        return self.name.encode() in told

    def close(self) -> None:
        self.call("down")
        self._network.kill()
        self._network.wait()


@pytest.fixture
def spare(lab: Cluster) -> Iterator[Spare]:
    assert lab.is_lab
    made = Spare()
    yield made
    made.close()


@pytest.mark.timeout(400)
def test_down_leaves_nothing_and_up_mends_what_was_killed(spare: Spare) -> None:
    killed = spare.start("up", "--nodes", "1")
    until("a half of a lab", lambda: (spare.state / "pids" / "control").exists(), SECONDS)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert "left of an earlier lab" in spare.call("status", code=1)

    kubeconfig = spare.call("up", "--nodes", "1").strip()
    assert kubeconfig == str(spare.state / "admin.kubeconfig")
    assert spare.call("up", "--nodes", "1").strip() == kubeconfig, "it is up, and stays up"
    nodes = spare.call("kubectl", "get", "nodes", "-o", "name")
    assert nodes == "node/node0\n"
    assert spare.left()

    control = spare.pid("control")
    ending = spare.start("down")
    until("the control plane to end", lambda: not Path(f"/proc/{control}").exists(), SECONDS)
    ending.send_signal(signal.SIGKILL)
    ending.communicate()
    spare.call("up", "--nodes", "1")
    os.kill(spare.pid("control"), signal.SIGKILL)
    spare.call("up", "--nodes", "1")
    assert "node0       on" in spare.call("status")

    spare.call("down")
    assert spare.left() == []
    spare.call("down")
