"""A run on a cluster that is watched while things go wrong around it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from rankzero.backends.base import LogBlock, LogQuery
from rankzero.backends.kubernetes import KubernetesBackend, shapes, trouble
from rankzero.backends.kubernetes.cluster import Cluster as Reached
from rankzero.backends.kubernetes.observing import Observed
from support.gate import Gate
from support.home import Command
from support.waiting import until

from .lab import servers
from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import ROLE, Team

#: Prints numbers until the file that it names exists, then a few more.
_COUNTS = """
import os, time
rank, number = int(os.environ["RANKZERO_RANK"]), 0
def say():
    global number
    print(rank, number, flush=True)
    number += 1
while not os.path.exists("go-on"):
    say()
    time.sleep(0.05)
for _ in range(20):
    say()
"""
_WRITES = """
import os, rankzero
if os.environ["RANKZERO_RANK"] == "0":
    for name in "ab":
        with open(os.path.join(rankzero.outputs(), name), "wb") as file:
            file.write(name.encode() * 4_000_000)
"""


def _go_on(team: Team) -> None:
    for pod in team.admin("get", "pods", "-l", "rankzero/run", "-o", "name").split():
        team.admin("exec", pod, "--", "touch", "/rankzero/run/work/go-on")


def _astray(text: str, rank: int) -> list[str]:
    """Where a rank's numbered lines are not all there, once each and in order: what comes there."""
    lines = [line for line in text.splitlines() if line.startswith(f"[{rank}]")]
    for at, line in enumerate(lines):
        if line.split()[2:] != [str(at)]:
            return [f"line {at} is:", *lines[max(0, at - 2) : at + 3]]
    return []


def _counted(command: Command, least: int) -> None:
    until(lambda: command.out.count("\n") >= least, f"{least} lines in {command.out[-200:]!r}")


@pytest.mark.alone
def test_the_api_server_restarts_and_no_line_is_lost_or_repeated(lab: Cluster, team: Team) -> None:
    command = team.start("run", team.script(_COUNTS), "--nodes", "2")
    _counted(command, 20)

    servers.restart_api_server()
    seen = command.out.count("\n")
    _counted(command, seen + 40)
    _go_on(team)
    said = command.wait()

    assert said.code == 0, said
    assert _astray(said.out, 0) == []
    assert _astray(said.out, 1) == []


def test_a_way_that_is_cut_again_and_again_loses_and_repeats_nothing(
    lab: Cluster, team: Team
) -> None:
    with _gate(team) as gate:
        command = team.start("run", team.script(_COUNTS), "--nodes", "2")
        for _ in range(5):
            _counted(command, command.out.count("\n") + 20)
            with gate.away():
                pass
        with gate.away():
            command.until_said("trying again")
        _counted(command, command.out.count("\n") + 20)
        _go_on(team)
        said = command.wait()

    assert said.code == 0, said
    assert _astray(said.out, 0) == []
    assert _astray(said.out, 1) == []
    assert (said.err).count("trying again") <= 6


def test_outputs_go_on_where_a_cut_way_left_them(lab: Cluster, team: Team) -> None:
    run = team.call("run", team.script(_WRITES), "--detach").out.strip()
    until(lambda: _state(team, run) == ev.SUCCEEDED, f"{run} to end")
    with _gate(team) as gate:
        command = team.start("outputs", run, "--to", "back")
        part = team.work / "back" / ".a.rankzero-part"
        until(lambda: part.exists() or command.process.poll() is not None, "a part")
        with gate.away():
            pass
        said = command.wait()

    assert said.code == 0, said
    for name in "ab":
        assert (team.work / "back" / name).read_bytes() == name.encode() * 4_000_000


def test_a_run_that_was_seen_to_end_is_listed_as_ended_at_once(team: Team) -> None:
    run = team.call("run", team.script("pass"), "--detach").out.strip()
    assert team.call("attach", run).code == 0

    (listed,) = json.loads(team.call("list", "--output", "json").out)["runs"]

    assert (listed["run"], listed["state"]) == (run, ev.SUCCEEDED)
    assert listed["finished"] >= listed["submitted"]


def test_a_run_that_goes_on_is_listed_with_what_its_coordinator_knows(team: Team) -> None:
    command = team.start("run", team.script(_COUNTS), "--nodes", "2")
    _counted(command, 4)

    (listed,) = json.loads(team.call("list", "--output", "json").out)["runs"]

    assert listed["state"] == "running"
    assert {node["node"] for node in listed["nodes"]} == {"worker/0", "worker/1"}
    _go_on(team)
    assert command.wait().code == 0


def test_outputs_wait_for_whoever_fetches_them_later(team: Team) -> None:
    run = team.call("run", team.script(_WRITES), "--nodes", "2", "--detach").out.strip()
    until(lambda: _state(team, run) == ev.SUCCEEDED, f"{run} to end")

    said = team.call("outputs", run, "--to", "back")

    assert said.code == 0, said
    for name in "ab":
        assert (team.work / "back" / name).read_bytes() == name.encode() * 4_000_000


def test_outputs_of_every_node_come_back_where_they_are_asked_for(team: Team) -> None:
    script = (
        "import os, rankzero\n"
        "rank = os.environ['RANKZERO_RANK']\n"
        "for name in (rank, 'same'):\n"
        "    open(os.path.join(rankzero.outputs(), name), 'w').write(rank)\n"
    )
    said = team.call(
        "run", team.script(script), "--nodes", "2", "--collect", "all", "--outputs", "back"
    )

    assert said.code == 0, said
    back = team.work / "back"
    found = {
        str(path.relative_to(back)): path.read_text() for path in back.rglob("*") if path.is_file()
    }
    assert found == {"0": "0", "1": "1", "same": "0", "worker-1/same": "1"}


def test_a_disk_here_that_refuses_does_not_hide_how_the_run_ended(team: Team) -> None:
    (team.work / "outputs").write_text("a file")

    said = team.call("run", team.script(_WRITES))

    assert said.code == 3, said
    assert "succeeded" in said.err
    assert "cannot write to" in said.err
    assert "rankzero outputs" in said.err


def test_lines_that_were_not_seen_come_from_the_pods_logs(team: Team) -> None:
    """The viewer has come half way when the coordinator's pod goes: no line twice, none missing."""
    backend = _backend(team)
    run = team.call("run", team.script(_COUNTS), "--nodes", "2", "--detach").out.strip()
    watched = backend.watch(run, LogQuery())
    seen = [b"", b""]
    for item in watched:
        if not isinstance(item, LogBlock):
            continue
        seen[item.rank] += item.data
        if all(part.count(b"\n") > 5 for part in seen):
            break
    _go_on(team)
    other = team.call("attach", run)
    assert other.code == 0, other

    for item in watched:
        if hasattr(item, "data") and hasattr(item, "rank"):
            seen[item.rank] += item.data

    for rank in (0, 1):
        numbers = [int(line.split()[1]) for line in seen[rank].splitlines()]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > 20


def test_without_the_right_to_enter_pods_the_lines_come_at_the_end(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> None:
    rules = [rule for rule in ROLE["rules"] if rule["resources"] != ["pods/exec"]]
    config = user(namespace, {"rules": rules}).kubeconfig
    team = Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)

    said = team.call("run", team.script("print('all the same')"), "--nodes", "2", "--no-preflight")

    team.close()
    assert said.code == 0, said
    assert sorted(said.out.splitlines()) == ["[0] all the same", "[1] all the same"], said
    assert "may not" in said.err


@pytest.mark.alone
def test_a_version_that_is_too_old_is_told_as_gone(lab: Cluster, team: Team) -> None:
    """410, as the API server really says it: it knows of no version from before its start."""
    import asyncio

    servers.restart_api_server()
    reached = _backend_cluster(team)

    async def ask() -> None:
        async with reached.client() as client:
            async for _ in reached.follow(client, "Pod", "", "1", shapes.ONES["Pod"]):
                pass

    with pytest.raises(trouble.Gone):
        asyncio.run(ask())


def test_what_is_observed_follows_the_cluster(team: Team) -> None:
    run = team.call("run", team.script(_COUNTS), "--detach").out.strip()
    with Observed(_backend_cluster(team), run) as live:
        while not (live.found and live.found.listening):
            live.wait(live.version)
        team.admin("delete", "job", "-l", f"rankzero/run={run}", "--wait=false")
        while live.found is not None:
            live.wait(live.version)


def _gate(team: Team) -> Gate:
    """A gate before the API server, which the team's kubeconfig leads to from now on."""
    path = Path(team.env["KUBECONFIG"])
    config = json.loads(path.read_text())
    cluster = config["clusters"][0]["cluster"]
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    gate = Gate(host, int(port))
    cluster["server"] = f"https://127.0.0.1:{gate.port}"
    path.write_text(json.dumps(config))
    return gate


def _state(team: Team, run: str) -> str:
    (info,) = json.loads(team.call("status", run, "--output", "json").out)["runs"]
    return str(info["state"])


def _backend_cluster(team: Team) -> Reached:
    os.environ["KUBECONFIG"] = team.env["KUBECONFIG"]
    return Reached()


def _backend(team: Team) -> KubernetesBackend:
    return KubernetesBackend(_backend_cluster(team), Path(team.work) / "outputs")
