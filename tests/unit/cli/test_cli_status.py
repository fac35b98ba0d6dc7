"""One run on the screen, node by node."""

from __future__ import annotations

import pytest

from rankzero.agent.history import History, NodeState
from rankzero.backends.base import RunInfo
from rankzero.cli.show.status import memory, node_rows, nodes_json, processors, say_status
from rankzero.why.seen import ABSENT, Pod, Seen

NODES = {
    "worker/0": NodeState("worker/0", "running", "127.0.0.1", (0, 1), restarts=1),
    "worker/1": NodeState("worker/1", "lost", "127.0.0.1", (2, 3), losses=1),
}
BADLY = History(state="failed", submitted=10.0, finished=51.0, nodes=NODES)
GIB = 1024**3


def info(history: History, **labels: str) -> RunInfo:
    return RunInfo("digits-7f3a", "digits", "local", 5.0, labels, history)


def told(paper, one: RunInfo, seen: Seen, last: dict[str, str]) -> list[str]:
    screen, sheet = paper()
    say_status(screen, one, node_rows(one, seen), last)
    return sheet.text().splitlines()


def test_a_laptop_s_nodes_have_their_address_and_their_last_line(paper):
    lines = told(paper, info(BADLY, team="a"), Seen(), {"worker/1": "step 9"})
    assert lines[1] == "  team=a"
    assert lines[2].split() == ["NODE", "WHERE", "STATE", "RANKS", "RESTARTS", "LAST", "LINE"]
    assert lines[3].split() == ["worker/0", "127.0.0.1", "running", "0,1", "1"]
    assert lines[4].split() == ["worker/1", "127.0.0.1", "lost", "2,3", "0", "step", "9"]


def test_nodes_come_by_role_and_number(paper):
    came = ["worker/10", "ps/1", "worker/2", "ps/0"]
    history = BADLY._replace(nodes={name: NodeState(name) for name in came})
    lines = told(paper, info(history), Seen(), {})
    wanted = ["ps/0", "ps/1", "worker/2", "worker/10"]
    assert [line.split()[0] for line in lines[2:]] == wanted


def test_a_cluster_s_nodes_have_their_machine_and_what_they_use(paper):
    running = Pod("worker/0", "p", "Running", machine="gpu-01", began=1.0)
    usage = {"used": 2.1 * GIB, "limit": 8.0 * GIB, "cpu": 0.98}
    nodes = {"worker/0": NODES["worker/0"]._replace(usage=usage)}
    history = History(state="running", nodes=nodes)
    lines = told(paper, info(history), Seen((running,)), {"worker/0": "epoch 7"})
    assert lines[1].split()[5:7] == ["CPU", "MEMORY"]
    assert lines[2].split() == [
        *("worker/0", "gpu-01", "running", "0,1", "1", "98%", "2.1/8.0", "GiB", "epoch", "7"),
    ]


def test_a_node_that_waits_says_for_what_in_place_of_a_line(paper):
    seen = Seen((Pod("worker/0", phase=ABSENT), Pod("worker/1", "p", born=1.0)))
    lines = told(paper, info(History(state="waiting")), seen, {})
    assert lines[1] == "  0/2 ready"
    assert lines[3].split() == ["worker/0", "-", "waiting", "-", "0", *["has", "no", "pod", "yet"]]
    assert lines[4].split()[5:] == ["waits", "for", "a", "machine"]


def test_who_has_come_is_ready_while_others_are_awaited(paper):
    pods = (Pod("worker/0", "a", "Running", machine="m", began=1.0), Pod("worker/1", phase=ABSENT))
    history = History(state="waiting", nodes={"worker/0": NodeState("worker/0", "joined")})
    lines = told(paper, info(history), Seen(pods), {})
    assert lines[1] == "  1/2 ready"
    assert lines[3].split()[:3] == ["worker/0", "m", "joined"]


def test_for_programs_a_row_has_what_is_known_by_all_ways():
    pod = Pod("worker/0", "p", unplaced="0/2 nodes are available: 2 Insufficient cpu.")
    (row,) = nodes_json(node_rows(info(History()), Seen((pod,))))
    assert (row["node"], row["state"], row["machine"]) == ("worker/0", "waiting", None)
    assert (row["cause"], row["ranks"], row["usage"]) == ("does-not-fit", [], {})
    assert row["reason"] == "no machine fits: 2 of 2 lack more cpu"


@pytest.mark.parametrize(
    ("usage", "cpu", "text"),
    [
        ({}, "-", "-"),
        ({"used": 20 * 1024**2, "limit": 256 * 1024**2, "cpu": 3.5}, "350%", "20/256 MiB"),
        ({"used": 3 * GIB}, "-", "3.0 GiB"),
        ({"used": 20 * 1024**2, "limit": 2 * GIB, "cpu": 0.0}, "0%", "0.0/2.0 GiB"),
    ],
)
def test_what_a_node_uses(usage, cpu, text):
    assert (processors(usage), memory(usage)) == (cpu, text)
