"""Clusters made and deleted: the tools are scripts of a test's own, the kubeconfig is a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.clusters import making, tools
from rankzero.clusters.tool import Step, Tool
from rankzero.clusters.wanted import Wanted
from rankzero.errors import BadRequest, Refused
from support.kubeconfigs import kubeconfig


class Machine:
    """One with tools that note what they were told, and a kubeconfig."""

    def __init__(self, root: Path) -> None:
        self.bin, self.config, self.log = root / "bin", root / "config", root / "told"
        self.bin.mkdir()
        self.steps = list[Step]()

    def has(self, name: str, body: str = "") -> None:
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $1 $2" >> "{self.log}"\n{body}\n')
        path.chmod(0o755)

    def knows(self, contexts: str) -> None:
        kubeconfig(self.config, contexts)

    @property
    def told(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def create(self, by: Tool, **wanted: object) -> str:
        return making.create(by, Wanted(**{"registry": None, **wanted}), self.steps.append)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{made.bin}:/usr/bin:/bin")
    monkeypatch.setenv("KUBECONFIG", str(made.config))
    return made


KIND, K3D, MICROK8S = (tools.TOOLS[name] for name in ("kind", "k3d", "microk8s"))


def test_steps_are_told_before_they_are_done_and_the_context_is_known(machine: Machine) -> None:
    machine.has("kind", 'echo "reads $(grep -c role:)" >> ' + str(machine.log))
    assert machine.create(KIND, name="team", nodes=2) == "kind-team"
    assert machine.told == ["kind create cluster", "reads 3"]
    assert [step.words[:3] for step in machine.steps] == [["kind", "create", "cluster"]]


def test_a_step_that_fails_is_the_last_and_says_how_to_clean_up(machine: Machine) -> None:
    machine.has("kind", "exit 4")
    machine.has("docker")
    with pytest.raises(Refused, match="kind create cluster ended with 4") as told:
        machine.create(KIND, registry=5001)
    assert "rankzero cluster delete rankzero --tool kind" in str(told.value.hint)
    assert machine.told == ["kind create cluster"]


def test_what_a_step_takes_and_is_not_there_is_told(machine: Machine) -> None:
    with pytest.raises(Refused, match="k3d is not installed, which this takes") as told:
        machine.create(K3D)
    assert "rankzero cluster delete rankzero --tool k3d" in str(told.value.hint)


@pytest.mark.parametrize("body", [None, "exit 1"])
def test_what_may_fail_keeps_nothing_from_its_end(machine: Machine, body: str | None) -> None:
    if body is not None:
        machine.has("tries", body)
    machine.has("does")
    steps = [Step(["tries"], may_fail=True), Step(["does", "it"])]
    by = KIND._replace(create=lambda _: steps, delete=lambda _: steps)
    machine.create(by)
    making.delete(by, "rankzero", machine.steps.append)
    assert [one for one in machine.told if "does" in one] == ["does it "] * 2
    assert machine.steps == steps * 2


def test_nothing_is_made_where_the_name_is_taken_or_the_tool_cannot(machine: Machine) -> None:
    machine.has("kind")
    machine.knows("other kind-team")
    with pytest.raises(BadRequest, match="a context kind-team already") as told:
        machine.create(KIND, name="team")
    assert "rankzero cluster delete team --tool kind" in str(told.value.hint)
    with pytest.raises(BadRequest, match="minikube and microk8s do"):
        machine.create(KIND, gpus=True)
    assert machine.told == [] and machine.steps == []


@pytest.mark.parametrize("text", ["{", "users: 3"])
def test_a_kubeconfig_that_cannot_be_read_knows_of_no_cluster(machine: Machine, text: str) -> None:
    machine.config.write_text(text)
    with pytest.raises(BadRequest, match="knows of no cluster team") as told:
        making.owner(None, "team")
    assert "--tool" in str(told.value.hint)


def test_a_cluster_is_its_tool_s(machine: Machine) -> None:
    for name in ("kind", "k3d", "microk8s"):
        machine.has(name)
    machine.knows("k3d-team kind-other microk8s")
    assert making.owner(None, "team") is K3D
    assert making.owner(None, "other") is KIND
    assert making.owner("kind", "team") is KIND


def test_a_cluster_of_two_tools_or_of_one_that_has_gone_is_told(machine: Machine) -> None:
    machine.knows("k3d-team kind-team kind-lab")
    with pytest.raises(BadRequest, match="have a cluster team each") as told:
        making.owner(None, "team")
    assert "kind" in str(told.value) and "k3d" in str(told.value)
    with pytest.raises(BadRequest, match="kind is not installed"):
        making.owner(None, "lab")


def test_a_whole_machine_is_taken_away_only_by_its_name(machine: Machine) -> None:
    machine.has("microk8s")
    machine.knows("microk8s")
    assert making.tool(None) is MICROK8S
    with pytest.raises(BadRequest, match="knows of no cluster rankzero"):
        making.owner(None, "rankzero")
    assert making.owner("microk8s", "rankzero") is MICROK8S


@pytest.mark.parametrize("name", ["", "-x", "A", "a/b", "x" * 41])
def test_what_no_cluster_is_called_is_told_before_anything_else(
    machine: Machine, name: str
) -> None:
    with pytest.raises(BadRequest, match="is no name: at most 40"):
        making.owner("kind", name)
