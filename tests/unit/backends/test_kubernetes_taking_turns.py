"""Who watches a run that waits for room: it steps back for older ones, and begins again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.turns.judging import Turn
from rankzero.backends.kubernetes.turns.taking import Turns
from rankzero.plan.kubernetes import names
from support.apiserver import ApiServer
from support.runs import pod, submit
from support.waiting import PATIENCE, until

#: Its share is over as soon as it is looked at.
SOON = 0.001


def half(api: ApiServer, run: str, **said: Any) -> Found:
    """A run that has one of its two machines, and waits for the other."""
    found = submit(api, run, wait=SOON, **said)
    pod(api, found, "worker/0")
    pod(api, found, "worker/1", machine="")
    return found


class Told(Turns):
    """Tells when it has looked."""

    def __init__(self, *of: Any) -> None:
        self.looked = threading.Event()
        super().__init__(*of)

    def _look(self) -> float | None:
        try:
            return super()._look()
        finally:
            self.looked.set()


@contextlib.contextmanager
def watched(api: ApiServer, run: str) -> Iterator[Told]:
    """It has looked at least once when the `with` ends."""
    cluster = api.cluster()
    with Observed(cluster, run) as live, Told(cluster, live) as turns:
        yield turns
        assert turns.looked.wait(PATIENCE)


@pytest.fixture
def older(api: ApiServer) -> Found:
    return half(api, "older-0000")


@pytest.fixture
def younger(api: ApiServer, older: Found) -> Found:
    return half(api, "younger-0000")


def stands(api: ApiServer, run: str, role: str = "worker") -> tuple[bool, Turn | None]:
    """Whether a Job of it is suspended, and what stands on it."""
    job = api.api.one("Job", f"{run}-{role}")
    text = job["metadata"].get("annotations", {}).get(names.TURN)
    return job["spec"]["suspend"], None if text is None else Turn.read(text)


def in_line(api: ApiServer, run: str) -> Callable[[], bool]:
    return lambda: stands(api, run)[0]


def looked(api: ApiServer) -> bool:
    """At all runs of the namespace, beside the one that is watched."""
    return api.asked.count("WATCH Pod") >= 2


def said(turns: Turns) -> list[str]:
    return [note.text for note in turns.notes()]


def test_the_younger_gives_its_nodes_back_and_asks_again_when_the_older_has_all(
    api: ApiServer, younger: Found
) -> None:
    with watched(api, younger.run) as turns:
        until(in_line(api, younger.run), "the younger one to step back")
        assert stands(api, younger.run) == (True, Turn(("older-0000",), 1))
        first = until(lambda: said(turns), "a word of it")
        assert first == [
            "gives 1 of its 2 nodes back and waits for its turn: older-0000 came first"
        ]

        placed = {"spec": {"nodeName": "b"}, "status": {"phase": "Running", "conditions": []}}
        api.change("Pod", "older-0000-worker-1-x", **placed)
        again = until(lambda: said(turns), "its turn")
        assert again == ["it is its turn: it asks for its nodes again"]
        assert stands(api, younger.run) == (False, None)
    assert not stands(api, "older-0000")[0]


def test_the_older_one_stays(api: ApiServer, older: Found, younger: Found) -> None:
    with watched(api, older.run) as turns:
        until(lambda: looked(api), "a look at the others")
    assert said(turns) == [] and not stands(api, older.run)[0]
    assert "PATCH Job" not in api.asked[api.asked.index("WATCH Job") :]


def test_all_of_it_steps_back_and_begins_again_when_its_watcher_leaves(
    api: ApiServer, older: Found
) -> None:
    """Where nobody else sees to it that it begins again, it has to try at once."""
    roles = {"worker": {"nodes": {"minimum": 2, "maximum": 2}}, "evaluator": {}}
    found = half(api, "younger-0000", roles=roles)
    with watched(api, found.run):
        for role in ("worker", "evaluator"):
            until(lambda role=role: stands(api, found.run, role)[0], f"{role} to step back")
    for role in ("worker", "evaluator"):
        assert stands(api, found.run, role) == (False, None)


def test_who_comes_later_and_has_not_stood_it_up_leaves_it_in_line(
    api: ApiServer, younger: Found
) -> None:
    change = {"metadata": {"annotations": {names.TURN: str(Turn(("older-0000",), 4))}}}
    api.change("Job", "younger-0000-worker", **change, spec={"suspend": True})
    with watched(api, younger.run):
        until(lambda: looked(api), "a look at the others")
    assert stands(api, younger.run) == (True, Turn(("older-0000",), 4))


def test_who_has_stopped_it_meanwhile_is_not_overruled(api: ApiServer, younger: Found) -> None:
    def stop() -> None:
        notes = {"annotations": {names.STOPPED: "me"}}
        api.change("Job", "younger-0000-worker", metadata=notes, spec={"parallelism": 0})

    api.meanwhile["PATCH Job"] = stop
    with watched(api, younger.run):
        until(lambda: not api.meanwhile, "a try to step back")
    assert stands(api, younger.run) == (False, None)
    assert api.api.one("Job", "younger-0000-worker")["spec"]["parallelism"] == 0


def test_who_may_only_look_tries_once_and_says_nothing(api: ApiServer, younger: Found) -> None:
    api.refuses["PATCH Job"] = 403
    before = api.asked.count("PATCH Job")
    with watched(api, younger.run) as turns:
        until(lambda: api.asked.count("PATCH Job") > before, "a try to step back")
        pod(api, younger, "worker/0", status={"podIP": "10.0.0.7"})
    assert api.asked.count("PATCH Job") == before + 1
    assert said(turns) == []


@pytest.mark.parametrize("why", ["begins", "holds nothing", "queue", "over"])
def test_one_that_is_in_nobody_s_way_looks_at_nobody(
    api: ApiServer, older: Found, why: str
) -> None:
    found = submit(api, "younger-0000", wait=SOON)
    pod(api, found, "worker/0", machine="" if why == "holds nothing" else "a")
    pod(api, found, "worker/1", machine="" if why != "begins" else "b")
    if why == "queue":
        api.change("Job", "younger-0000-worker", metadata={"labels": {names.QUEUE: "gpus"}})
    if why == "over":
        done = {"conditions": [{"type": "Complete", "status": "True"}]}
        api.change("Job", "younger-0000-worker", status=done)
    before = len(api.asked)
    with watched(api, found.run):
        pass
    assert api.asked[before:].count("GET Job") == 1, "of the run itself"
    assert "PATCH Job" not in api.asked[before:]
