"""`rankzero cluster create` with stand-ins for kind and docker, which note what they are told: a
cluster of theirs cannot be had in every test's machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.home import Home, Said
from support.kubeconfigs import kubeconfig

STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$(dirname "$0")/told"
cat >> "$(dirname "$0")/read"
[ ! -e "$(dirname "$0")/$(basename "$0")-fails" ]
"""


class Tools:
    """A folder with programs that stand in for real ones."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder = home, folder
        folder.mkdir()

    def add(self, *names: str) -> None:
        for name in names:
            (self.folder / name).write_text(STAND_IN)
            (self.folder / name).chmod(0o755)

    def call(self, *argv: str) -> Said:
        path = f"{self.folder}:{os.environ['PATH']}"
        kubeconfig = str(self.home.work / "kubeconfig")
        return self.home.call("cluster", *argv, env={"PATH": path, "KUBECONFIG": kubeconfig})

    @property
    def told(self) -> list[str]:
        return (self.folder / "told").read_text().splitlines()


def know(tools: Tools, context: str) -> None:
    """Let the kubeconfig have it."""
    kubeconfig(tools.home.work / "kubeconfig", context)


@pytest.fixture
def tools(home: Home, tmp_path: Path) -> Tools:
    return Tools(home, tmp_path / "tools")


def test_a_cluster_is_made_and_deleted(tools: Tools) -> None:
    tools.add("kind", "docker")
    said = tools.call("create", "--nodes", "2", "--name", "team", "--host-port", "8080:30080")
    assert said.code == 0, said
    assert said.out == "kind-team\n"
    assert "--context kind-team" in said.err
    assert tools.told[0] == "kind create cluster --config - --wait 5m"
    assert tools.told[1].startswith("docker run --detach")
    assert [line.split()[:4] for line in tools.told[2:]] == [
        ["docker", "exec", "-i", f"team-{node}"] for node in ("control-plane", "worker", "worker2")
    ]
    assert "hostPort: 8080" in (tools.folder / "read").read_text()

    unknown = tools.call("delete", "team")
    assert unknown.code == 2
    assert "knows of no cluster team" in unknown.err
    know(tools, "kind-team")
    assert tools.call("delete", "team").code == 0
    assert tools.told[-2:] == [
        "kind delete cluster --name team",
        "docker ps --all --quiet --filter label=rankzero.cluster=team",
    ]


def test_a_step_that_fails_ends_it_with_what_takes_away_the_rest(tools: Tools) -> None:
    tools.add("kind", "docker")
    (tools.folder / "docker-fails").touch()
    said = tools.call("create")
    assert said.code == 3
    assert "docker run --detach ended with 1" in said.err
    assert "rankzero cluster delete rankzero --tool kind" in said.err
    # What may fail on the way out does not keep the rest.
    assert tools.call("delete", "--tool", "kind").code == 0


def test_a_cluster_that_is_the_machine_s_own_is_deleted_only_by_its_name(tools: Tools) -> None:
    tools.add("microk8s")
    know(tools, "microk8s")
    said = tools.call("delete")
    assert said.code == 2
    assert not (tools.folder / "told").exists()
    assert tools.call("delete", "../x", "--tool", "microk8s").code == 2
    assert tools.call("delete", "--tool", "microk8s").code == 0
    assert tools.told[0] == "microk8s reset --destroy-storage"


def test_a_name_in_use_is_told(tools: Tools) -> None:
    tools.add("kind", "docker")
    know(tools, "kind-team")
    said = tools.call("create", "--name", "team")
    assert said.code == 2
    assert "a context kind-team already" in said.err
    assert not (tools.folder / "told").exists()


def test_nothing_is_run_of_a_dry_run(tools: Tools) -> None:
    said = tools.call("create", "--tool", "k3d", "--dry-run")
    assert said.code == 0, said
    assert said.out.startswith("k3d cluster create --config - --wait\n  apiVersion: k3d.io/")
    assert tools.call("delete", "--tool", "minikube", "--dry-run").out.startswith("minikube delete")
    assert not (tools.folder / "told").exists()
