"""What is said of this machine: where runs are kept, what the driver's tool says, what is there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rankzero.doctor import machine
from rankzero.doctor.model import FAILURE, FINE, WARNING, Finding


def found() -> dict[str, Finding]:
    return {one.check: one for one in machine.findings()}


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where programs are looked for."""
    made = tmp_path / "bin"
    made.mkdir()
    monkeypatch.setenv("PATH", str(made))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return made


def test_each_part_is_told_once_and_in_this_order(bin_: Path) -> None:
    assert list(found()) == ["Python", "state", "name", "GPUs", "extras"]
    assert all(one.area == "machine" for one in found().values())


@pytest.mark.parametrize("home", ["state", "state/not/yet/there"])
def test_runs_are_kept_where_there_is_room_or_will_be(
    bin_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / home))
    monkeypatch.setattr(machine, "_ROOM", 1)
    state = found()["state"]
    assert (state.verdict, state.remedy) == (FINE, "")
    assert state.said.startswith(f"{tmp_path / home}/rankzero, ")
    assert not (tmp_path / "state").exists()


def test_too_little_room_is_told(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_ROOM", 1 << 62)
    state = found()["state"]
    assert state.verdict == WARNING and state.said.endswith(" free")
    assert "rankzero delete --older-than" in state.remedy


@pytest.mark.parametrize("name", ["file", "program", "program/below", "x" * 300])
def test_what_can_be_no_folder_is_told(
    bin_: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "file").touch(0o600)
    (tmp_path / "program").touch(0o700)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))
    state = found()["state"]
    assert (state.verdict, "XDG_STATE_HOME" in state.remedy) == (FAILURE, True)
    assert state.said == f"{tmp_path / name}/rankzero cannot be written"


@pytest.mark.parametrize(
    ("body", "verdict", "said"),
    [
        (
            "echo 'NVIDIA H200, 580.1'; echo 'NVIDIA H200, 580.1'",
            FINE,
            "2 x NVIDIA H200, driver 580.1",
        ),
        ("echo 'A, 1'; echo 'B, 1'; echo 'A, 1'", FINE, "2 x A, driver 1; 1 x B, driver 1"),
        ("echo 'Failed to initialize NVML'; exit 9", FAILURE, "nvidia-smi fails: Failed to init"),
        ("exit 9", FAILURE, "nvidia-smi fails: it says nothing"),
        ("exit 0", FINE, "none of NVIDIA's"),
    ],
)
def test_gpus_are_as_the_driver_s_tool_tells_them(
    bin_: Path, body: str, verdict: str, said: str
) -> None:
    tool = bin_ / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{body}\n")
    tool.chmod(0o755)
    gpus = found()["GPUs"]
    assert (gpus.verdict, bool(gpus.remedy)) == (verdict, verdict != FINE)
    assert gpus.said.startswith(said)


def test_a_name_that_does_not_resolve_is_told(bin_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No real one can be taken from this machine."""
    monkeypatch.setattr(socket, "gethostname", lambda: "no-such-machine.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", _unknown)
    name = found()["name"]
    assert (name.verdict, name.said) == (
        WARNING,
        "no-such-machine.invalid does not resolve: Name or service not known",
    )
    assert name.remedy.endswith("127.0.1.1 no-such-machine.invalid")


def _unknown(*_: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
