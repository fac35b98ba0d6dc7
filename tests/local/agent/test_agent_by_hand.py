"""The agent alone: on the oldest and the newest Python, from a folder and from a zip."""

from __future__ import annotations

import os
import signal
import zipfile
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from rankzero.agent import exits
from support import processes
from support.interpreters import extremes
from support.waiting import until

HELLO = "import os, sys\nprint('rank', os.environ['RANKZERO_RANK'], sys.version_info[:2])\n"
TRAINS = "import time\nprint('up', flush=True)\ntime.sleep(300)\n"
#: What travels to a node.
TRAVELS = ("agent", "contracts", "script")


def zipped(folder: Path) -> str:
    """The agent as one file."""
    package = Path(__file__).parents[3] / "src" / "rankzero"
    path = folder / "agent.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(package / "__init__.py", "rankzero/__init__.py")
        for part in TRAVELS:
            for file in sorted((package / part).rglob("*.py")):
                archive.write(file, str(Path("rankzero", file.relative_to(package))))
    return str(path)


@pytest.fixture(params=extremes(), ids=lambda path: path.split("/")[-3])
def python(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("travels_as", ["folder", "zip"])
def test_two_nodes_run_to_success(cluster, python: str, travels_as: str) -> None:
    cluster.python = python
    if travels_as == "zip":
        cluster.root = zipped(cluster.folder)
    cluster.start_all(HELLO, nproc=2)

    assert cluster.codes() == {"worker/0": exits.DONE, "worker/1": exits.DONE}
    assert cluster.history().state == ev.SUCCEEDED
    said = sorted(cluster.lines(0) + cluster.lines(1))
    assert [line.split()[1] for line in said] == [b"0", b"1", b"2", b"3"]
    assert cluster.said("worker/0").read_bytes() == b"", "silence when all is well"


def test_a_failure_and_a_restart(cluster, python: str) -> None:
    cluster.python = python
    script = HELLO + "assert os.environ['RANKZERO_RESTARTS'] == '1', 'once'\n"
    settings = cluster.config(0, script).settings._replace(max_restarts=1)
    cluster.start_all(script, settings=settings)

    cluster.codes()

    assert cluster.history().state == ev.SUCCEEDED
    (restarting,) = cluster.events(ev.RESTARTING)
    assert restarting.data["cause"]["exception"]["message"] == "once"


def test_the_last_node_may_come_late(cluster) -> None:
    cluster.start(cluster.config(0, HELLO))
    cluster.until_event(ev.WAITING)
    cluster.start(cluster.config(1, HELLO))

    assert set(cluster.codes().values()) == {exits.DONE}
    assert cluster.events(ev.WAITING)[0].data["nodes"] == ["worker/1"]


def test_the_coordinator_may_come_last(cluster) -> None:
    for index in (1, 0):
        cluster.start(cluster.config(index, HELLO))

    cluster.codes()

    assert cluster.history().state == ev.SUCCEEDED


def test_nodes_that_never_come_fail_the_run(cluster) -> None:
    config = cluster.config(0, HELLO)
    cluster.start(config._replace(limits=config.limits._replace(join_wait=0.3, heartbeat=0.2)))

    cluster.codes()

    assert cluster.history().state == ev.FAILED
    assert cluster.history().cause["kind"] == "nodes-missing"
    assert "worker/1" in cluster.history().cause["message"]


def test_an_agent_without_a_coordinator_ends_its_ranks_and_leaves(cluster, until_dead) -> None:
    config = cluster.config(1, TRAINS)
    limits = config.limits._replace(coordinator_wait=0.3, grace=1.0)
    cluster.start(cluster.config(0, TRAINS))
    cluster.start(config._replace(limits=limits))
    cluster.until_event(ev.RUNNING)
    cluster.agents["worker/0"].kill()

    assert cluster.agents["worker/1"].wait() == exits.REFUSED
    cluster.agents["worker/0"].wait()
    until_dead(cluster)


def test_an_agent_that_is_asked_to_leave_takes_its_ranks_with_it(cluster, until_dead) -> None:
    cluster.start_all(TRAINS)
    cluster.until_event(ev.RUNNING)
    cluster.agents["worker/1"].send_signal(signal.SIGTERM)

    assert cluster.agents["worker/1"].wait() == exits.LEFT
    (lost,) = cluster.until_event(ev.NODE_LOST)
    assert lost.data["node"] == "worker/1"
    cluster.agents["worker/0"].send_signal(signal.SIGTERM)
    cluster.agents["worker/0"].wait()
    until_dead(cluster)


def test_a_newer_agent_of_a_node_fences_the_older(cluster, until_dead) -> None:
    cluster.start_all(TRAINS, settings=cluster.config(0, "").settings._replace(max_restarts=1))
    cluster.until_event(ev.RUNNING)
    older = cluster.agents["worker/1"]
    cluster.start(cluster.config(1, TRAINS, settings=cluster.config(0, "").settings))

    assert older.wait() == exits.FENCED
    cluster.until_event(ev.RUNNING, 2)
    assert sorted(cluster.ranks()) == [0, 1]
    with cluster.viewer() as viewer:
        viewer.ask("stop", by="a test", grace=0.0)
        assert viewer.next()["type"] == "stopping"
        cluster.codes()
    until_dead(cluster)


def test_an_agents_death_ends_its_ranks_even_by_sigkill(cluster, until_dead) -> None:
    cluster.start_all(TRAINS, nodes=1, nproc=3)
    cluster.until_event(ev.RUNNING)
    ranks = [process.pid for process in cluster.ranks().values()]
    assert len(ranks) == 3

    os.kill(cluster.agents["worker/0"].pid, signal.SIGKILL)
    cluster.agents["worker/0"].wait()

    until_dead(cluster)
    until(lambda: not any(map(processes.alive, ranks)), f"the ranks {ranks} to end")


def test_echo_prints_every_line_with_its_rank(cluster) -> None:
    script = "import os\nfor i in range(3): print('line', i)\nos.write(2, b'no end')\n"
    cluster.start_all(script, nodes=1, nproc=2, echo=True)
    cluster.codes()

    said = cluster.said("worker/0").read_bytes().splitlines()
    for rank in (b"0", b"1"):
        mine = [line for line in said if line.startswith(b"[%s" % rank)]
        marks = [b"[%s] line %d" % (rank, number) for number in range(3)]
        assert mine == [*marks, b"[%s+] no end" % rank]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"python": "/nowhere/python"}, "No such file"),
        ({"workdir": "/nowhere"}, "/nowhere"),
    ],
)
def test_a_node_that_cannot_run_the_job_says_why(cluster, change, message: str) -> None:
    cluster.start(cluster.config(0, HELLO, nodes=1, **change))
    cluster.codes()

    assert cluster.history().state == ev.FAILED
    assert message in cluster.history().cause["message"]
    assert cluster.lines(0)[1:] == []


def test_a_named_port_in_use_is_refused_before_the_start(cluster) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        cluster.start(cluster.config(0, HELLO, nodes=1, ports={"http": port}))
        cluster.codes()

    assert cluster.history().state == ev.FAILED
    assert f"port {port} (http) is in use" in cluster.history().cause["message"]
    assert cluster.lines(0) == []
