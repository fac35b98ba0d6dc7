"""`rankzero doctor` on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from support.home import Home
from support.kubeconfigs import kubeconfig


def findings(home: Home, *argv: str, code: int = 0, **env: str) -> dict[str, dict[str, str]]:
    said = home.start("doctor", "-o", "json", *argv, env=env).wait(200.0)
    assert said.code == code, said
    return {one["check"]: one for one in json.loads(said.out)["findings"]}


def test_this_machine_is_told_and_nothing_keeps_runs_from_working(home: Home) -> None:
    found = findings(home, "--on", "local")
    assert found["Python"]["verdict"] == "ok"
    assert str(home.state) in found["state"]["said"]
    assert {one["area"] for one in found.values()} == {"machine"}


def test_a_home_that_cannot_be_written_is_a_failure(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    found = findings(home, "--on", "local", code=3, XDG_STATE_HOME=str(file))
    assert found["state"]["verdict"] == "failure"
    assert "XDG_STATE_HOME" in found["state"]["remedy"]


def test_a_cluster_that_is_not_reached_is_a_failure_with_the_reason(
    home: Home, tmp_path: Path
) -> None:
    config = kubeconfig(tmp_path / "config", "lab", "https://127.0.0.1:1")
    found = findings(home, code=3, KUBECONFIG=str(config))
    assert found["reached"]["verdict"] == "failure"
    assert "127.0.0.1:1" in found["reached"]["said"]
    assert found["reached"]["said"].endswith(": Connection refused")
    assert "rights" not in found
