"""Machines that die under runs: whoever watches, or the run itself, replaces what they held.

Nobody types anything, and no machine comes back to help.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.home import Command
from support.waiting import until

from .dying import JOB, NODE, OFF, READS_PODS, machines, submitted
from .lab import namespaces, network, power
from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import ROLE, Team

#: It takes machines away from everybody.
pytestmark = pytest.mark.alone

#: NotReady after 10 s, 30 s of toleration, of a coordinator also its grace period and more, and
#: what a busy machine adds.
GIVEN_UP = 240.0
READER = {"rules": [*without("pods")["rules"], READS_PODS]}
LINES = 200
SCRIPT = f"""
import os, time
generation = os.environ["RANKZERO_GENERATION"]
print("up", generation, flush=True)
if generation == "1":
    time.sleep(3000)
for number in range({LINES}):
    print("line", number, flush=True)
"""
Start = Callable[[Team], str]


@pytest.fixture
def place(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(lab, tmp_path_factory.mktemp("healing")) as made:
        yield made


@contextlib.contextmanager
def switched_off() -> Iterator[None]:
    """For the length of a `with`, whatever happens in it."""
    power.off(OFF)
    try:
        yield
    finally:
        if not namespaces.runs(NODE):
            power.on(OFF)


@contextlib.contextmanager
def unplugged() -> Iterator[None]:
    network.cut(OFF)
    try:
        yield
    finally:
        network.mend(OFF)


def status(team: Team, run: str) -> Mapping[str, Any]:
    return dict(json.loads(team.call("status", run, "-o", "json").out)["runs"][0])


def whole(text: str) -> bool:
    """Whether both ranks' lines are all there, once each and in order."""
    wanted = [f"line {at}" for at in range(LINES)]
    lines = text.splitlines()
    return all(
        [line.removeprefix(f"[{rank}] ") for line in lines if line.startswith(f"[{rank}] line")]
        == wanted
        for rank in (0, 1)
    )


def went_on(watching: Command) -> str:
    """What a command said that watched a run to its good end, on stderr."""
    said = watching.wait(GIVEN_UP)
    assert said.code == 0, said
    assert whole(said.out), said
    return said.err


@pytest.mark.timeout(900)
def test_runs_outlive_a_machine_and_nobody_types_a_command(place: Shared) -> None:
    team, reader = place.member(), place.member(READER)
    healing = JOB + "self_heal: true\n"
    granted = place.member(rights_for(team, healing))

    watched = submitted(team, SCRIPT)
    itself = submitted(granted, SCRIPT, healing)
    helpless = submitted(team, SCRIPT)
    headless = submitted(team, SCRIPT, held=0)
    attached = team.start("attach", watched)
    looked_at = reader.start("attach", itself)
    bound = reader.start("attach", helpless)
    led = team.start("attach", headless)
    for command in (attached, looked_at, bound, led):
        command.until_said("up 1")

    with switched_off():
        said = went_on(attached)
        assert said.count("machine node1 is dead") == 1, said
        assert "note: machine node1 is dead: took worker/1 from it, to start elsewhere" in said

        said = went_on(looked_at)
        assert said.count("machine node1 is dead") == 1, said
        assert "note: machine node1 is dead: took worker/1 from it, so that it starts" in said
        assert "rankzero recover" not in said

        typed = f"rankzero recover {helpless}"
        bound.until_said(f"Who has them: {typed}", GIVEN_UP)
        assert typed in reader.call("why", helpless).out
        assert team.call("recover", helpless).code == 0
        said = went_on(bound)
        assert said.count(f"Who has them: {typed}") == 1, said

        said = went_on(led)
        assert "note: machine node1 is dead: took worker/0 from it, to start elsewhere" in said

        for run in (watched, itself, helpless, headless):
            found = status(team, run)
            assert (found["state"], found["generation"], found["restarts"]) == ("succeeded", 2, 1)


def rights_for(team: Team, job: str) -> dict[str, Any]:
    """As an administrator is told for this job."""
    team.script(SCRIPT)
    printed = team.call("doctor", "--rbac", team.script(job, "healing.yaml"))
    assert printed.code == 0, printed
    role: dict[str, Any] = yaml.safe_load(printed.out)
    assert len(role["rules"]) > len(ROLE["rules"])
    return role


@pytest.mark.timeout(600)
def test_an_agent_that_was_only_cut_off_is_fenced(place: Shared) -> None:
    team = place.member()
    run = submitted(team)
    agents = agents_of(run, 1)
    assert len(agents) == 1
    watching = team.start("attach", run)

    with unplugged():
        watching.until_said("took worker/1 from it", GIVEN_UP)
        until(lambda: watching.out.count("up 2\n") == 2, "both ranks again", GIVEN_UP)
        assert agents <= agents_of(run, 1), "it lives, and knows nothing of all this"

    until(lambda: not agents & agents_of(run, 1), "the old agent to end", GIVEN_UP)
    found = status(team, run)
    assert (found["state"], found["generation"], found["restarts"]) == ("running", 2, 1)
    assert machines(team, run) == {0: "node0", 1: "node0"}
    power.until_ready(OFF, 0)


def agents_of(run: str, index: int) -> set[int]:
    """The processes of a node's agents, as this machine, which hosts the lab, has them."""
    found = set()
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            host = f"HOSTNAME={run}-worker-{index}".encode()
            if b"pod" in words and host in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found
