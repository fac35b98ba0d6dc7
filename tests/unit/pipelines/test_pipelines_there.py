"""A pipeline on a cluster, as its objects tell who looks; and what is done to them to end it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from rankzero.backends.places import KUBERNETES, Place
from rankzero.driver import facts
from rankzero.driver.cluster import ledger, words
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, to_json
from rankzero.errors import BadRequest, Refused
from rankzero.pipelines.cluster.clients import Client
from rankzero.pipelines.cluster.there import There
from rankzero.pipelines.progress import Attempt
from rankzero.plan.kubernetes import names
from support.api import Api

RUN = "digits-7f3a"
STEPS = (
    Step("load"),
    Step("serve", body={"service": {"name": "app"}}),
    Step("train", needs=("load",), body={"job": {}}),
)
WHEN = "2026-01-02T03:04:05Z"
ENDED = [{"type": "Failed", "status": "True", "lastTransitionTime": WHEN}]


class Lab:
    """Objects of a namespace, as a `Cluster` gives and changes them."""

    context, namespace = "lab", "team"

    def __init__(self) -> None:
        self.api = Api()

    def every(self, kind: str, selector: str) -> dict[str, Any]:
        return {"items": self.api.every(kind, selector)[0]}

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
        return self.api.change(kind, name, change)

    def delete(self, kind: str, name: str) -> None:
        self.api.take(kind, name)

    def put(
        self, kind: str, name: str, labels: dict[str, str] | None = None, **more: Any
    ) -> dict[str, Any]:
        notes = more.pop("annotations", {})
        about = {"name": name, "labels": labels or {}, "annotations": notes}
        meta = {**about, "creationTimestamp": WHEN, "namespace": "team"}
        return self.api.put({"kind": kind, "metadata": meta, **more})

    def driver(self, client: str | None = None, **status: Any) -> None:
        notes = {names.PLAN: json.dumps({"name": "digits", "slots": 4})}
        if client is not None:
            notes[words.CLIENT] = client
        self.put(
            "Job", words.job(RUN), part(words.DRIVER), annotations=notes, status=status, spec={}
        )

    def plan(self, data: bytes | None = None, parts: int = 3) -> None:
        whole = gzip.compress(json.dumps({"steps": to_json({s.name: s for s in STEPS})}).encode())
        whole = whole if data is None else data
        size = len(whole) // parts + 1
        for at in reversed(range(parts)):
            piece = base64.b64encode(whole[at * size : (at + 1) * size]).decode()
            self.put("ConfigMap", f"plan-{at}", part(words.PLAN), binaryData={f"{at:03d}": piece})

    def told(self, *all_: facts.Fact, first: int = 1, book: int = 0) -> None:
        made = ledger.config_map(RUN, book, "me", {})
        for seq, fact in enumerate(all_, first):
            made["data"][ledger.key(seq)] = ledger.to_line(facts.to_event(seq, fact))
        self.api.put(made)

    def there(self) -> There:
        place = Place(KUBERNETES, "lab", "team")
        return There(cast(Any, self), place, self.api.one("Job", words.job(RUN)))

    def job(self, name: str = words.job(RUN)) -> dict[str, Any]:
        return self.api.one("Job", name)


def part(which: str) -> dict[str, str]:
    return {words.PIPELINE: RUN, words.PART: which}


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.driver()
    made.plan()
    return made


FIRST = facts.Started(Part("load"), 1, 10.0, 1)
LAST = facts.Finished("succeeded", 20.0)


def test_its_plan_travels_in_parts(lab: Lab) -> None:
    there = lab.there()
    assert [*there.graph().values()] == list(STEPS)
    assert (there.run, there.where, there.plan()["slots"]) == (RUN, "lab/team", 4)
    assert there.created == 1767323045.0


@pytest.mark.parametrize(
    "damage", [b"", b"no gzip", gzip.compress(b"{}", mtime=0), gzip.compress(b"[", mtime=0)]
)
def test_a_plan_that_cannot_be_read_is_told_with_what_to_do(lab: Lab, damage: bytes) -> None:
    lab.plan(damage)
    with pytest.raises(Refused, match=f"the plan of {RUN} cannot be read") as told:
        lab.there().graph()
    assert str(told.value.hint).endswith(f"rankzero pipeline delete {RUN}")


def test_a_history_goes_on_from_one_config_map_to_the_next(lab: Lab) -> None:
    lab.told(LAST, first=12, book=1)
    lab.told(*(FIRST._replace(number=at) for at in range(1, 12)))
    there = lab.there()
    assert [event.seq for event in there.events()] == [*range(1, 13)]
    assert [event.seq for event in there.events(since=11)] == [11, 12]


def test_one_that_was_stopped_before_anybody_drove_it_has_that_end(lab: Lab) -> None:
    change = {"metadata": {"annotations": {words.STOP: "ada"}}, "status": {"conditions": ENDED}}
    lab.told(FIRST)
    lab.patch("Job", words.job(RUN), change)
    *_, end = lab.there().events()
    assert facts.from_event(end) == facts.Finished("stopped", 1767323045.0, "ada")
    assert end.seq == 2
    lab.told(FIRST, LAST)
    assert [event.kind for event in lab.there().events()] == ["started", "finished"]


def client(which: str | None) -> str | None:
    """Its name on a cluster. Empty: one that has left."""
    me = Client.me()
    named = {
        "me": me,
        "gone": me._replace(born=me.born - 1),
        "elsewhere": me._replace(who="ada@elsewhere"),
    }
    return str(named[which]) if which else which


@pytest.mark.parametrize(
    ("who", "told", "status", "driven", "driver"),
    [
        (None, (FIRST,), {}, True, ""),
        (None, (FIRST, LAST), {}, False, ""),
        (None, (), {"conditions": ENDED}, False, ""),
        ("me", (), {}, True, "process "),
        ("gone", (), {}, False, ""),
        ("", (), {}, False, ""),
        ("elsewhere", (), {}, True, "a client, ada@elsewhere; whether it is still there cannot be"),
    ],
)
def test_whether_anybody_drives_it_and_who(
    lab: Lab,
    who: str | None,
    told: tuple[facts.Fact, ...],
    status: dict[str, Any],
    driven: bool,
    driver: str,
) -> None:
    lab.driver(client(who), **status)
    lab.told(*told)
    there = lab.there()
    assert (there.driven(), there.by_client) == (driven, who is not None)
    assert there.driver().startswith(driver) and bool(there.driver()) == bool(driver)


def test_one_that_was_deleted_meanwhile_is_not_driven(lab: Lab) -> None:
    there = lab.there()
    there.delete()
    assert (there.driven(), there.driver(), there.stop("ada")) == (False, "", False)
    with pytest.raises(BadRequest, match="is over"):
        there.drive()


@pytest.mark.parametrize(
    ("who", "onward"),
    [(None, f"kubectl logs job/{RUN}-driver"), ("", f"rankzero pipeline resume {RUN}")],
)
def test_what_to_do_with_one_that_nobody_drives(lab: Lab, who: str | None, onward: str) -> None:
    lab.driver(client(who))
    assert lab.there().onward().endswith(onward)


def test_only_what_takes_a_client_is_driven_by_one(lab: Lab) -> None:
    with pytest.raises(BadRequest, match="where Kubernetes brings its driver back") as told:
        lab.there().drive()
    assert str(told.value.hint).endswith(f"rankzero pipeline attach {RUN}")
    lab.driver(client("gone"))
    assert lab.there().drive().run == RUN


# -- the end


def test_a_driver_that_is_there_is_asked_and_ends_what_it_drives(lab: Lab) -> None:
    lab.driver(ready=1)
    lab.put("Job", f"{RUN}-1", {words.PIPELINE: RUN}, spec={})
    assert lab.there().stop("ada")
    assert lab.job()["metadata"]["annotations"][words.STOP] == "ada"
    assert lab.job()["spec"] == lab.job(f"{RUN}-1")["spec"] == {}


def test_where_no_driver_can_hear_all_is_ended_and_the_driver_s_job_last(lab: Lab) -> None:
    for at in (1, 2):
        lab.put("Job", f"{RUN}-{at}", {words.PIPELINE: RUN}, spec={})
    lab.put("Job", f"{RUN}-3", {words.PIPELINE: RUN}, spec={}, status={"conditions": ENDED})
    lab.put("Job", "another-1", {words.PIPELINE: "another"}, spec={})
    assert lab.there().stop("ada")
    ended = [f"{RUN}-1", f"{RUN}-2", words.job(RUN)]
    assert all(lab.job(name)["spec"] for name in ended)
    assert lab.job(f"{RUN}-3")["spec"] == lab.job("another-1")["spec"] == {}
    versions = [int(lab.job(name)["metadata"]["resourceVersion"]) for name in ended]
    assert versions[-1] == max(versions)


@pytest.mark.parametrize(
    ("told", "status"), [((FIRST, LAST), {}), ((FIRST,), {"conditions": ENDED})]
)
def test_what_is_over_is_left_as_it_is(
    lab: Lab, told: tuple[facts.Fact, ...], status: dict[str, Any]
) -> None:
    lab.driver(**status)
    lab.told(*told)
    before = lab.job()
    assert not lab.there().stop("ada")
    assert lab.job() == before


# -- what it waits for


def pod(name: str, run: str, role: str = "worker", **status: Any) -> dict[str, Any]:
    labels = {words.PIPELINE: RUN, names.RUN: run, names.ROLE: role, names.INDEX: "0"}
    if role == words.DRIVER:
        labels = {"batch.kubernetes.io/job-name": words.job(RUN), names.ROLE: role}
    return {"name": name, "labels": labels, "spec": {}, "status": status}


def waits(lab: Lab, *running: Attempt) -> list[tuple[str, str]]:
    return list(lab.there().obstacles(running))


NO_FIT = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/2 nodes are available: 2 Insufficient cpu.",
}


def test_a_driver_that_does_not_fit_is_told_with_what_to_do(lab: Lab) -> None:
    lab.put("Pod", **pod("d", RUN, words.DRIVER, phase="Pending", conditions=[NO_FIT]))
    (label, text), (remedy, _) = waits(lab)
    assert (label, remedy) == ("waits", "remedy")
    assert text == "its driver: no machine fits: 2 of 2 lack more cpu"


def test_a_driver_that_has_no_pod_yet_is_told(lab: Lab) -> None:
    assert waits(lab) == [("waits", "its driver: has no pod yet")]


@pytest.mark.parametrize("who", [None, "me"])
def test_nothing_is_said_where_all_goes_well(lab: Lab, who: str | None) -> None:
    lab.driver(client(who))
    if who is None:
        run = {"state": {"running": {"startedAt": WHEN}}, "name": "driver", "ready": True}
        status = {"phase": "Running", "containerStatuses": [run]}
        lab.put("Pod", **pod("d", RUN, words.DRIVER, **status))
    lab.put("Pod", **pod("p", f"{RUN}-1", phase="Running"))
    assert waits(lab, Attempt(Part("load"), 1, 1, 10.0)) == []


def test_a_step_that_is_a_service_is_no_run(lab: Lab) -> None:
    there = lab.there()
    assert there.inner_run(Attempt(Part("serve"), 1, 2, 10.0)) == ""
    assert there.inner_run(Attempt(Part("train"), 1, 3, 10.0)) == f"{RUN}-3"
    assert str(there.output("train", 1)) == "train/1"
    assert there.results() is None
