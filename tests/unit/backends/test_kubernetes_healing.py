"""Whoever watches a run takes its nodes from dead machines, and from no others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from rankzero.agent.healing.judging import FINALIZER
from rankzero.agent.history import History, NodeState
from rankzero.backends.kubernetes import recovering
from rankzero.backends.kubernetes.healing import Healing
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.state import Found
from rankzero.errors import Refused
from support.apiserver import ApiServer
from support.runs import pod, submit
from support.waiting import until

FAR = "2199-01-01T00:00:00Z"
GIVEN_UP = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByTaintManager",
}


def machine(api: ApiServer, name: str, ready: str = "True") -> None:
    since = {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    api.put("Node", name, status={"conditions": [{"type": "Ready", "status": ready, **since}]})


def leaving(
    api: ApiServer, found: Found, node: str, given_up: bool = True, machine: str = "b"
) -> str:
    """A pod that is terminating; its name. given_up: for a taint of its machine."""
    about = {"deletionTimestamp": FAR, "finalizers": [FINALIZER]}
    status = {"conditions": [GIVEN_UP] if given_up else []}
    made = pod(api, found, node, machine, metadata=about, status=status)
    return str(made["metadata"]["name"])


@pytest.fixture
def found(api: ApiServer) -> Found:
    """A run whose first node is well."""
    made = submit(api)
    pod(api, made, "worker/0", "a")
    machine(api, "a")
    return made


@contextlib.contextmanager
def watched(api: ApiServer, run: str, history: History | None = None) -> Iterator[Healing]:
    cluster = api.cluster()
    with Observed(cluster, run) as live, Healing(cluster, live) as healing:
        if history is not None:
            healing.learn(history)
        yield healing


def said(healing: Healing) -> list[str]:
    return [note.text for note in healing.notes()]


def there(api: ApiServer, name: str) -> bool:
    return name in api.api.names("Pod")


def test_what_a_dead_machine_holds_is_taken_from_it(api: ApiServer, found: Found) -> None:
    machine(api, "b", "Unknown")
    held = leaving(api, found, "worker/1")
    with watched(api, found.run) as healing:
        until(lambda: not there(api, held), "the pod to be taken")
        told = until(lambda: said(healing), "a word of it")
    assert told == ["machine b is dead: took worker/1 from it, to start elsewhere"]
    assert there(api, f"{found.run}-worker-0-x")


def test_without_the_right_to_see_machines_the_coordinator_s_word_does(
    api: ApiServer, found: Found
) -> None:
    api.refuses["GET Node"] = 403
    held = leaving(api, found, "worker/1")
    lost = History(nodes={"worker/1": NodeState("worker/1", "lost")})
    with watched(api, found.run, lost):
        until(lambda: not there(api, held), "the pod to be taken")


def test_who_may_not_take_a_pod_says_once_who_can(api: ApiServer, found: Found) -> None:
    machine(api, "b", "Unknown")
    held = leaving(api, found, "worker/1")
    api.refuses["PATCH Pod"] = 403
    with watched(api, found.run) as healing:
        (told,) = until(lambda: said(healing), "a word of it")
    assert told.startswith("machine b is dead and holds worker/1; to replace what is on it takes")
    assert "rankzero recover digits-7f3a" in told
    assert there(api, held)


@pytest.mark.parametrize(
    ("state", "given_up", "history"),
    [
        ("True", True, History()),
        ("Unknown", True, History(nodes={"worker/1": NodeState("worker/1", "running")})),
        ("True", True, History(nodes={"worker/1": NodeState("worker/1", "lost", left=True)})),
        ("True", False, History(nodes={"worker/1": NodeState("worker/1", "lost")})),
    ],
    ids=["its machine lives", "it is heard", "it said goodbye", "somebody deleted it"],
)
def test_what_may_still_live_is_left_alone(
    api: ApiServer, found: Found, state: str, given_up: bool, history: History
) -> None:
    machine(api, "b", state)
    machine(api, "dead", "Unknown")
    held = leaving(api, found, "worker/1", given_up)
    beside = leaving(api, found, "worker/2", machine="dead")
    with watched(api, found.run, history):
        until(lambda: not there(api, beside), "the one beside it to be taken")
    assert there(api, held)
    assert FINALIZER in api.api.one("Pod", held)["metadata"]["finalizers"]


# -- asked to, by `recover`


def recover(api: ApiServer, *, dry_run: bool = False, silent: tuple[str, ...] = ()) -> list[Any]:
    cluster = api.cluster()
    pods = cluster.every("Pod")["items"]
    return recovering.recover(cluster, pods, 0.0, silent, dry_run=dry_run)


def test_what_would_be_taken_is_told_before_it_is(api: ApiServer, found: Found) -> None:
    machine(api, "b", "Unknown")
    held = leaving(api, found, "worker/1")

    (told,) = recover(api, dry_run=True)
    assert (told.node, told.name, told.machine, told.lost) == ("worker/1", held, "b", True)
    assert not told.deleted and there(api, held)
    assert "terminating on b, which does not answer (since 2026-01-01" in told.why

    (done,) = recover(api)
    assert done.deleted and not there(api, held)


def test_a_machine_that_the_cluster_has_not_given_up_yet_is_told_and_waited_for(
    api: ApiServer, found: Found
) -> None:
    machine(api, "b", "Unknown")
    pod(api, found, "worker/1", "b")
    (told,) = recover(api)

    assert (told.lost, told.deleted, told.when) == (False, False, None)
    assert "Kubernetes has not given the pod up yet" in told.why


def test_without_the_right_an_administrator_s_commands_are_told(
    api: ApiServer, found: Found
) -> None:
    machine(api, "b", "Unknown")
    held = leaving(api, found, "worker/1")
    api.refuses["PATCH Pod"] = 403
    with pytest.raises(Refused, match=f"taken out of the books: {held}") as raised:
        recover(api)
    hint = str(raised.value.hint)
    assert f"kubectl --namespace team patch pod {held} --type=strategic" in hint
    assert f"delete pod {held} --grace-period=0 --force" in hint


def test_only_the_job_s_own_finalizer_is_taken_away(api: ApiServer, found: Found) -> None:
    """Somebody else's stays, and so does the pod until that one is done with it."""
    about = {"finalizers": ["other/one", FINALIZER], "deletionTimestamp": FAR}
    made = pod(api, found, "worker/1", "b", metadata=about)

    assert recovering.release(api.cluster(), made)
    assert api.api.one("Pod", made["metadata"]["name"])["metadata"]["finalizers"] == ["other/one"]


def test_one_that_was_replaced_meanwhile_is_another_s(api: ApiServer, found: Found) -> None:
    made = pod(api, found, "worker/1", "b", metadata={"finalizers": [FINALIZER]})
    name = made["metadata"]["name"]
    api.api.take("Pod", name)
    assert not recovering.release(api.cluster(), made)

    pod(api, found, "worker/1", "c", metadata={"finalizers": [FINALIZER]})
    assert not recovering.release(api.cluster(), made)
    assert api.api.one("Pod", name)["metadata"]["finalizers"] == [FINALIZER]
