"""What kind itself makes of the configurations that `rankzero cluster create` gives it: the real
program, which meets a stand-in for Docker when it has read and checked them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from rankzero.clusters import tools
from rankzero.clusters.tool import Step
from rankzero.clusters.wanted import HostPort, Wanted

from .lab import compile as compiling
from .lab.target import Cluster

#: Whoever is first waits for kind to be compiled.
pytestmark = pytest.mark.timeout(600)

#: It has every image and kind's network, and starts what it is told to; then it has no nodes.
DOCKER = """#!/bin/sh
printf '%s\\n' "$*" >>"$LOG"
case "$1 $2" in
"-v ") echo "Docker version 29.0.0, build 1" ;;
"info "*) echo '{"CgroupVersion": "2", "Driver": "overlay2"}' ;;
"network ls") echo 0123456789ab ;;
"network inspect") echo '[{"Id": "0123456789ab", "Containers": {}}]' ;;
"logs "*) echo "Reached target Multi-User System." ;;
esac
"""
#: What kind does next when all its nodes have been started.
STARTED = "Writing configuration"
GOLDEN = sorted((Path(__file__).parents[1] / "unit" / "clusters" / "golden").glob("kind*.txt"))
WANTED = {
    "ports-registry": Wanted(nodes=3, host_ports=(HostPort(8080, 30080), HostPort(8081, 30081))),
    "three-rule": Wanted("team", 2, 3, registry=None, version="v1.34.0"),
    "one": Wanted("a", 0, registry=None),
}


class Made(NamedTuple):
    """nodes: what Docker was told to start them with, by their names. said: by kind."""

    nodes: dict[str, list[str]]
    said: str


@pytest.fixture
def kind(lab: Cluster, tmp_path: Path) -> Callable[..., Made]:
    """Calls it: kind(step, ...what is changed in the configuration...)."""
    program = compiling.kind()
    docker, log = tmp_path / "bin" / "docker", tmp_path / "log"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)

    def call(step: Step, change: Callable[[str], str] = lambda text: text) -> Made:
        log.write_text("")
        env = {
            "PATH": f"{docker.parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "LOG": str(log),
            "KIND_EXPERIMENTAL_PROVIDER": "docker",
        }
        done = subprocess.run(
            [program, *step.words[1:]],
            input=change(step.stdin),
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode != 0
        runs = [line.split() for line in log.read_text().splitlines() if line[:4] == "run "]
        return Made({words[words.index("--name") + 1]: words for words in runs}, done.stderr)

    return call


@pytest.mark.parametrize("name", WANTED)
def test_a_configuration_is_taken_and_its_nodes_are_started(
    kind: Callable[..., Made], name: str
) -> None:
    wanted = WANTED[name]
    created, *others = tools.TOOLS["kind"].create(wanted)
    made = kind(created)
    assert STARTED in made.said, made.said
    first = made.nodes[f"{wanted.name}-control-plane"]
    balancer = {f"{wanted.name}-external-load-balancer"} if wanted.control_planes > 1 else set()
    machines = made.nodes.keys() - balancer
    assert balancer <= made.nodes.keys()
    assert len(machines) == wanted.nodes + wanted.control_planes
    for one in wanted.host_ports:
        assert f"--publish=0.0.0.0:{one.host}:{one.node}/TCP" in first
    if wanted.version:
        assert {made.nodes[name][-1] for name in machines} == {f"kindest/node:{wanted.version}"}
    # The steps that come next call the nodes by these names.
    told = {step.words[3] for step in others if step.words[:2] == ["docker", "exec"]}
    assert told == (machines if wanted.registry else set())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_golden_configuration_is_taken(kind: Callable[..., Made], path: Path) -> None:
    command, _, rest = path.read_text(encoding="utf-8").partition("\n")
    config, _, _ = re.split(r"^(\$ |# )", rest, maxsplit=1, flags=re.MULTILINE)
    made = kind(Step(shlex.split(command)[1:], config))
    assert STARTED in made.said, made.said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hostPort: 8080", "hostPortt: 8080", "hostPortt"),
        ("hostPort: 8080", "hostPort: 80800", "invalid hostPort"),
        ("role: worker", "role: boss", "boss"),
        ("v1alpha4", "v1alpha9", "v1alpha9"),
        ("name: rankzero", "name: Rank_Zero", "not a valid cluster name"),
    ],
)
def test_kind_is_strict(kind: Callable[..., Made], old: str, new: str, said: str) -> None:
    created, *_ = tools.TOOLS["kind"].create(WANTED["ports-registry"])
    made = kind(created, lambda text: text.replace(old, new, 1))
    assert said in made.said
    assert not made.nodes and STARTED not in made.said
