"""Processes that die with their parent, whichever way they ask for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from rankzero.pipelines.spawning import Spawner
from support.waiting import until

DRIVER = """
import os, sys, time
from rankzero.pipelines.spawning import Spawner
# It tells of itself, for it must have asked before its parent dies.
Spawner().spawn(["sh", "-c", "echo $$; exec sleep 600"], {}, 1)
time.sleep(600)
"""


def hide_setpriv(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A PATH with what the tests need, and no setpriv."""
    folder = os.path.join(str(tmp_path), "bin")
    os.mkdir(folder)
    for name in ("sleep", "sh", "true"):
        program = shutil.which(name)
        assert program is not None
        os.symlink(program, os.path.join(folder, name))
    monkeypatch.setenv("PATH", folder)


@pytest.fixture(params=["setpriv", "python"])
def way(request, monkeypatch: pytest.MonkeyPatch, tmp_path) -> str:
    if request.param == "python":
        hide_setpriv(monkeypatch, tmp_path)
    elif shutil.which("setpriv") is None:
        pytest.skip("this machine has no setpriv")
    return str(request.param)


def test_a_process_dies_with_its_parent(way: str) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    pid = int(driver.stdout.readline())
    os.kill(pid, 0)
    driver.kill()
    driver.wait()
    driver.stdout.close()

    def gone() -> bool:
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    until(gone, f"process {pid} to end")


def test_it_leads_a_group_and_ignores_nothing(way: str) -> None:
    child = Spawner().spawn(["sleep", "600"], {}, 2)
    assert os.getpgid(child.pid) == child.pid
    os.killpg(child.pid, signal.SIGHUP)
    assert child.wait() == -signal.SIGHUP


def test_what_cannot_be_started_is_told(way: str, tmp_path) -> None:
    (tmp_path / "data").write_text("no program")
    with pytest.raises(FileNotFoundError):
        Spawner().spawn(["nothing-of-this-name"], {}, 2)
    with pytest.raises(PermissionError):
        Spawner().spawn([str(tmp_path / "data")], {}, 2)
    with pytest.raises(FileNotFoundError):
        Spawner().spawn(["sleep", "1"], {"PATH": str(tmp_path)}, 2)
