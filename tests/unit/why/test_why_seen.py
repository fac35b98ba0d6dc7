"""What is seen of a run, put together from two looks at it."""

from __future__ import annotations

from rankzero.agent.history import History, NodeState
from rankzero.why import Facts
from rankzero.why.seen import ABSENT, Claim, Job, Machine, Pod, Said, Seen


def absent(node: str) -> Pod:
    return Pod(node, phase=ABSENT)


def test_of_a_node_that_is_gone_what_was_seen_earlier_stays():
    earlier = Seen((Pod("worker/0", "a"), Pod("worker/1", "b")))
    now = Seen((Pod("worker/0", "c"), absent("worker/1"), absent("worker/2")))
    assert {pod.node: pod.name for pod in now.beside(earlier).pods} == {
        "worker/0": "c",
        "worker/1": "b",
        "worker/2": "",
    }


def test_nothing_is_lost_where_nothing_was_seen_earlier():
    now = Seen((absent("worker/0"),), (Job("worker", "j"),))
    assert now.beside(Seen()) == now


def test_what_only_one_look_could_read_is_kept():
    earlier = Seen(machines=(Machine("m"),), claims=(Claim("c"),), policies=("p",))
    assert Seen().beside(earlier) == earlier
    assert Seen(machines=()).beside(earlier).machines == ()


def test_the_newest_pod_and_the_newest_word_count():
    seen = Seen((Pod("worker/0", "old"), Pod("worker/0", "new")))
    assert seen.newest()["worker/0"].name == "new"
    assert [pod.name for pod in seen.of("worker/0")] == ["old", "new"]
    pod = Pod("worker/0", said=(Said("Pulling", "1"), Said("Pulled", "2"), Said("Pulling", "3")))
    heard = pod.heard("Pulling", "Pulled")
    assert heard is not None
    assert heard.message == "3"
    assert pod.heard("Killing") is None


def test_an_unknown_role_has_an_empty_job():
    assert Seen().job("ps") == Job("ps")
    assert Seen().machine("m") is None


def blocked(state: str, **fields: object) -> list[str]:
    nodes = {"worker/0": NodeState("worker/0"), "worker/1": NodeState("worker/1", "lost")}
    history = History(state=state, nodes=nodes)._replace(**fields)
    pods = tuple(Pod(f"worker/{at}") for at in range(3))
    return [pod.node for pod in Facts("r", history, seen=Seen(pods)).blocked]


def test_who_is_not_here_keeps_a_run_that_waits():
    assert blocked("waiting") == ["worker/1", "worker/2"]
    assert blocked("restarting") == ["worker/1", "worker/2"]
    assert blocked("running") == []
    assert blocked("succeeded") == []


def test_and_one_that_failed_for_want_of_them():
    assert blocked("failed", cause={"kind": "nodes-missing"}) == ["worker/1", "worker/2"]
    assert blocked("failed", cause={"kind": "rank-failed"}) == []
