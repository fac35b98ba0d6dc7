"""A driver on a cluster from outside: who takes over from whom, and what is left behind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from rankzero.agent import api
from rankzero.agent.artifacts import Output
from rankzero.agent.handing import HANDED
from rankzero.agent.healing import pods
from rankzero.driver import facts
from rankzero.driver.cluster import jobs, ledger, words
from rankzero.driver.cluster.doing import Runs
from rankzero.driver.cluster.driving import Driver
from rankzero.driver.cluster.ledger import Fenced
from rankzero.driver.cluster.objects import Patient
from rankzero.driver.engine import Start
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, graph, to_json
from rankzero.driver.walk import Result
from support.api import Api
from support.waiting import until

RUN = "digits-7f3a"
FIRST = words.job(RUN)


def body() -> dict[str, Any]:
    """A step's, of one node."""
    template = words.template(RUN)
    labels = {pods.RUN: template, words.PIPELINE: RUN, words.PART: jobs.COORDINATOR}
    pod = {"containers": [{"name": pods.CONTAINER, "env": []}]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{template}-worker", "labels": labels, "annotations": {}},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }
    config = {"command": {"args": []}, "env": {}, "workdir": "/"}
    of = {"role": "worker", "outputs": f"/outputs/{template}", "queue": None}
    return {**of, "configs": {"worker": config}, "manifests": [job]}


STEPS = graph(
    [
        Step("load", gives={"data": "value"}, body=body()),
        Step("train", needs=("load",), body=body()),
    ]
)
PLAN = {
    "run": RUN,
    "slots": 4,
    "rerun": [],
    "known": {},
    "steps": to_json(STEPS),
}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """With the first Job of a pipeline, as it is submitted for a client."""
    monkeypatch.setattr("rankzero.driver.cluster.objects._AGAIN", 0.0)
    monkeypatch.setattr("rankzero.driver.cluster.driving._AGAIN", 0.0)
    made = Api()
    labels = {words.PIPELINE: RUN, words.PART: words.DRIVER}
    about = {"name": FIRST, "labels": labels, "annotations": {words.CLIENT: "nobody"}}
    made.create({"kind": "Job", "metadata": about, "spec": {"suspend": True, "parallelism": 0}})
    yield made
    made.cut()


class Driving:
    """One that is under way in a thread. over: what `run` gave, once it has; failed: or raised."""

    def __init__(self, there: Api, me: str) -> None:
        self.driver = Driver(there, PLAN, me, self.heard, self.said)
        self.facts: list[facts.Fact] = []
        self.notes: list[str] = []
        self.over: bool | None = None
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def heard(self, fact: facts.Fact) -> None:
        self.facts.append(fact)

    def said(self, text: str) -> None:
        self.notes.append(text)

    def end(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.over = self.driver.run()
        except BaseException as error:
            self.failed = error


def started(there: Api, number: int) -> str:
    """Wait for an attempt's run, and let its pod run."""
    run = words.part(RUN, number)
    until(lambda: f"{run}-worker" in there.names("Job"), f"{run} to be made")
    until(lambda: not there.one("Job", f"{run}-worker")["spec"]["suspend"], f"{run} to begin")
    there.put(pod(run, {"running": {"startedAt": "2026-01-01T00:00:00Z"}}), "ADDED")
    return run


def pod(run: str, state: dict[str, Any]) -> dict[str, Any]:
    labels = {pods.RUN: run, words.PIPELINE: RUN, pods.ROLE: "worker", pods.INDEX: "0"}
    statuses = [{"name": pods.CONTAINER, "state": state}]
    about = {"name": f"{run}-worker-0", "labels": labels}
    return {"kind": "Pod", "metadata": about, "status": {"containerStatuses": statuses}}


def succeed(there: Api, run: str, **values: str) -> None:
    handed = {name: {"digest": "d", "value": value} for name, value in values.items()}
    outcome = {"state": "succeeded", "exit_code": 0, HANDED: handed}
    there.put(pod(run, {"terminated": {"message": json.dumps(outcome)}}))


def told(there: Api) -> list[facts.Fact]:
    maps = [there.one("ConfigMap", name) for name in there.names("ConfigMap")]
    return list(ledger.told(maps))


def kinds(there: Api) -> list[str]:
    return [type(fact).__name__ for fact in told(there)]


def annotation(there: Api) -> str:
    return str(there.one("Job", FIRST)["metadata"]["annotations"][words.CLIENT])


def test_it_is_walked_and_its_first_job_ends(there: Api) -> None:
    one = Driving(there, "one")
    succeed(there, started(there, 1), data="3")
    assert annotation(there) == "one"
    assert there.one("Job", FIRST)["spec"]["suspend"], "none of its pods ever runs"
    succeed(there, started(there, 2))
    one.end()
    assert one.over
    assert kinds(there) == ["Started", "Committed", "Started", "Committed", "Finished"]
    assert there.one("Job", FIRST)["spec"] == jobs.ended({"metadata": {"labels": {}}})


def test_a_second_client_takes_over_and_the_first_one_leaves(there: Api) -> None:
    first = Driving(there, "first")
    run = started(there, 1)
    second = Driving(there, "second")
    first.end()  # though nothing else has happened
    assert isinstance(first.failed, Fenced)
    assert there.names("Job") == [FIRST, f"{run}-worker"], "nothing is begun twice"

    succeed(there, run, data="3")
    succeed(there, started(there, 2))
    second.end()
    assert second.over
    committed = [fact for fact in told(there) if isinstance(fact, facts.Committed)]
    assert [fact.outputs for fact in committed] == [{"data": Output("d", value="3")}, {}]
    assert kinds(there).count("Started") == 2


def test_one_who_leaves_says_so_and_another_goes_on(there: Api) -> None:
    first = Driving(there, "first")
    run = started(there, 1)
    first.driver.leave()
    first.end()
    assert (first.over, annotation(there)) == (False, "")
    succeed(there, run, data="3")  # while nobody drives it

    second = Driving(there, "second")
    succeed(there, started(there, 2))
    second.end()
    assert kinds(there) == ["Started", "Committed", "Started", "Committed", "Finished"]


def test_what_the_first_job_says_of_another_client_does_not_count_where_it_may_not_write(
    there: Api,
) -> None:
    one = Driving(there, "one")
    run = started(there, 1)
    there.change("Job", FIRST, {"metadata": {"annotations": {words.CLIENT: "another"}}})
    until(lambda: annotation(there) == "one", "it to say that it is there")
    succeed(there, run, data="3")
    succeed(there, started(there, 2))
    one.end()
    assert one.over


def test_one_who_leaves_takes_nobody_else_s_name_away(there: Api) -> None:
    one = Driving(there, "one")
    started(there, 1)
    there.deaf = True
    there.cut()
    there.change("Job", FIRST, {"metadata": {"annotations": {words.CLIENT: "another"}}})
    one.driver.leave()
    one.end()
    there.deaf = False
    assert annotation(there) == "another"


@pytest.mark.parametrize("by_annotation", [True, False])
def test_it_is_stopped(there: Api, by_annotation: bool) -> None:
    one = Driving(there, "one")
    run = started(there, 1)
    if by_annotation:
        there.change("Job", FIRST, {"metadata": {"annotations": {words.STOP: "ada"}}})
    else:
        one.driver.stop("ada")
    job = f"{run}-worker"
    until(lambda: there.one("Job", job)["spec"].get("activeDeadlineSeconds"), "the part to end")
    outcome = {"state": "stopped", "exit_code": 143}
    there.put(pod(run, {"terminated": {"message": json.dumps(outcome)}}))
    one.end()
    last = told(there)[-1]
    assert isinstance(last, facts.Finished)
    assert (last.state, last.why) == (facts.STOPPED, "ada")
    assert there.one("Job", FIRST)["spec"]["activeDeadlineSeconds"] == 1


def test_a_part_s_pod_is_taken_from_a_dead_machine_and_its_replacement_counts(there: Api) -> None:
    one = Driving(there, "one")
    run = started(there, 1)
    held = pod(run, {"running": {"startedAt": "2026-01-01T00:00:00Z"}})
    held["metadata"] |= {"uid": "old", "deletionTimestamp": "2026-01-01T00:01:00Z"}
    held["spec"] = {"nodeName": "node1"}
    target = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
    held["status"] |= {"phase": "Running", "conditions": [target]}
    there.put(held)
    until(lambda: not there.names("Pod"), "the pod to be taken")
    succeed(there, run, data="3")
    succeed(there, started(there, 2))
    one.end()
    (noted,) = (fact for fact in told(there) if isinstance(fact, facts.Noted))
    assert noted.text == (
        "machine node1 is dead: took worker/0 of load from it, to start elsewhere"
    )


def test_a_part_whose_end_is_heard_late_of_is_done_though_its_time_is_over() -> None:
    there, ends = Api(), []
    steps = graph([Step("load", gives={"data": "value"}, timeout=60.0, body=body())])
    parts = Runs(Patient(there), steps, RUN, {}, lambda *said: ends.append(said))
    parts.begin(Start(Part("load"), 1, 1, {}))
    run = words.part(RUN, 1)
    parts.pod(pod(run, {"running": {"startedAt": "2026-01-01T00:00:00Z"}}))
    succeed(there, run, data="3")  # while this machine slept
    parts.look(time.time())
    assert ends == [(Part("load"), 1, Result(outputs={"data": Output("d", value="3")}))]


def test_a_part_that_takes_longer_than_it_may_is_ended() -> None:
    there = Api()
    steps = graph([Step("load", timeout=60.0, body=body())])
    parts = Runs(Patient(there), steps, RUN, {}, lambda *said: None)
    parts.begin(Start(Part("load"), 1, 1, {}))
    run = words.part(RUN, 1)
    running = pod(run, {"running": {"startedAt": "2026-01-01T00:00:00Z"}})
    parts.pod(there.put(running, "ADDED"))
    parts.look(time.time())
    assert there.one("Job", f"{run}-worker")["spec"]["activeDeadlineSeconds"] == 1


def test_a_part_that_was_deleted_while_nobody_watched_is_missed(there: Api) -> None:
    one = Driving(there, "one")
    run = started(there, 1)
    there.take("Job", f"{run}-worker", unseen=True)
    one.end()
    (broke,) = (fact for fact in told(there) if isinstance(fact, facts.Broke))
    assert broke.cause == "was deleted: its Job is gone"


def test_one_whose_first_job_is_deleted_is_gone(there: Api) -> None:
    one = Driving(there, "one")
    started(there, 1)
    there.take("Job", FIRST)
    one.end()
    assert isinstance(one.failed, api.Absent)
    with pytest.raises(api.Absent):
        Driver(there, PLAN, "another")


def test_a_server_that_does_not_answer_is_waited_for_and_said_once(there: Api) -> None:
    one = Driving(there, "one")
    run = started(there, 1)
    there.silent = 3
    succeed(there, run, data="3")
    succeed(there, started(there, 2))
    one.end()
    assert one.over
    assert one.notes == ["waits for the API server: nobody is there"]


def test_one_that_was_killed_after_its_last_fact_has_its_first_job_ended(there: Api) -> None:
    one = Driving(there, "one")
    succeed(there, started(there, 1), data="3")
    succeed(there, started(there, 2))
    one.end()
    there.change("Job", FIRST, {"spec": {"suspend": True, "activeDeadlineSeconds": None}})
    another = Driving(there, "another")
    another.end()
    assert another.over
    assert there.one("Job", FIRST)["spec"]["activeDeadlineSeconds"] == 1
    assert kinds(there).count("Finished") == 1
