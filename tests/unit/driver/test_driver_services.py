"""Services as a driver on a cluster leaves them running: which version serves in the end, and what
is left alone."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from rankzero.driver.cluster import deployments
from rankzero.driver.cluster.deployments import CHANGED, OF, REQUEST, REVISION, SERVICE
from rankzero.driver.cluster.objects import Object, Patient
from rankzero.driver.cluster.serving import Services
from rankzero.driver.engine import Start
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, graph
from rankzero.driver.walk import Result
from support.api import Api

PART, WAIT = Part("serve"), 600.0
DRIVER = {"kind": "Job", "name": "digits-3", "uid": "j3"}
LABELS = {SERVICE: "web"}


def template(image: str) -> Object:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [{"image": image}]}}


def deployment(image: str, number: int, **notes: str) -> Object:
    about = {"name": "web", "labels": LABELS, "annotations": {REVISION: str(number), **notes}}
    spec = {"paused": False, "replicas": 1, "template": template(image)}
    return {"kind": "Deployment", "metadata": about, "spec": spec}


def replica_set(image: str, number: int, changed: str) -> Object:
    """A version, as Kubernetes keeps it."""
    notes = {REVISION: str(number), REQUEST: f'{{"image": "{image}"}}', CHANGED: changed}
    about = {"name": f"web-{number}", "labels": LABELS, "annotations": notes}
    return {"kind": "ReplicaSet", "metadata": about, "spec": {"template": template(image)}}


def address(labels: Mapping[str, str]) -> Object:
    about = {"name": "web", "labels": dict(labels)}
    spec = {"type": "ClusterIP", "ports": [{"port": 80}]}
    return {"kind": "Service", "metadata": about, "spec": spec}


class Served:
    """One that serves `old`, its second version, and is to serve `new`."""

    def __init__(self) -> None:
        self.there = Api()
        self.there.put(replica_set("ancient", 1, "by the pipeline digits-1"), "ADDED")
        self.there.put(replica_set("old", 2, "by the pipeline digits-2"), "ADDED")
        notes = {OF: "digits", REQUEST: '{"image": "old"}', CHANGED: "by the pipeline digits-2"}
        self.there.put(deployment("old", 2, **notes), "ADDED")
        self.ends: list[Result] = []
        made = deployment("new", 0)
        made["spec"]["paused"] = True
        body = {
            "name": "web",
            "manifests": [made, address(LABELS)],
            "carried": [],
            "request": {"image": "new"},
            "wait": WAIT,
            "pipeline": "digits",
            "volume": "/outputs",
            "address": "http://web",
        }
        self.services = Services(
            Patient(self.there),
            graph([Step("serve", body={"service": body})]),
            "digits-3",
            DRIVER,
            self,
        )

    def __call__(self, part: Part, attempt: int, result: Result) -> None:
        self.ends.append(result)

    def begin(self, attempt: int = 1) -> None:
        self.services.begin(Start(PART, attempt, attempt, {}))

    def rolled_out(self) -> None:
        """Kubernetes has made the new version's pods; they are not ready."""
        self.there.put(replica_set("new", 3, "by the pipeline digits-3"), "ADDED")
        self.change({REVISION: "3"})

    def change(self, notes: Mapping[str, str], image: str | None = None, **more: Any) -> None:
        made = {**self.there.one("Deployment", "web"), **more}
        made["metadata"]["annotations"] |= notes
        if image is not None:
            made["spec"]["template"] = template(image)
        self.there.put(made)

    def too_late(self) -> str:
        """What is told once its time is over."""
        self.services.look(time.time() + WAIT)
        (end,) = self.ends
        return end.cause

    @property
    def image(self) -> str:
        made = self.there.one("Deployment", "web")
        return str(made["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.fixture
def served() -> Served:
    return Served()


def test_where_the_new_version_does_not_become_ready_the_one_before_serves_again(
    served: Served,
) -> None:
    served.begin()
    assert served.image == "new"
    served.rolled_out()
    assert served.too_late() == "is not ready after 600 s; version 2 serves again"
    assert served.image == "old"


def test_one_who_is_heard_late_of_serves_all_the_same(served: Served) -> None:
    served.begin()
    served.rolled_out()
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 1)
    served.change({}, status=counts)  # while this machine slept
    assert served.too_late() == ""
    assert served.ends[0].outputs is not None
    assert served.image == "new"


def test_what_somebody_has_changed_since_is_not_taken_back(served: Served) -> None:
    served.begin()
    served.rolled_out()
    served.there.put(replica_set("by-hand", 4, "image by-hand"), "ADDED")
    served.change({REVISION: "4", CHANGED: "image by-hand"}, "by-hand")
    assert served.too_late() == "is not ready after 600 s"
    assert served.image == "by-hand"


def test_one_that_is_stopped_before_kubernetes_has_seen_it_goes_back_to_what_served(
    served: Served,
) -> None:
    served.begin()
    assert deployments.revision(served.there.one("Deployment", "web")) == 2, "not counted yet"
    served.services.stop(PART)
    served.services.look(time.time())
    assert served.image == "old"


def test_whoever_is_faster_while_it_is_taken_back_makes_it_try_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.begin()
    served.rolled_out()
    every, status = served.there.every, [{"replicas": 2}]

    def meanwhile(kind: str, selector: str) -> tuple[list[Object], str]:
        if kind == "ReplicaSet" and status:
            served.change({}, status=status.pop())
        return every(kind, selector)

    monkeypatch.setattr(served.there, "every", meanwhile)
    assert served.too_late() == "is not ready after 600 s; version 2 serves again"
    assert served.image == "old" and not status


@pytest.mark.parametrize(("labels", "ours"), [(LABELS, True), ({"app": "web"}, False)])
def test_a_service_that_only_has_its_name_is_left_alone(
    served: Served, labels: dict[str, str], ours: bool
) -> None:
    theirs = address(labels)
    theirs["spec"]["ports"] = [{"port": 443}]
    served.there.put(theirs, "ADDED")
    served.begin()
    served.services.look(time.time())
    assert (served.there.one("Service", "web")["spec"]["ports"] == [{"port": 80}]) is ours
    causes = [end.cause for end in served.ends]
    said = (
        "cannot be deployed: there is a Service web already, which is none of this service's; "
        "give this one another `name`, and delete what is left: rankzero serve delete web ("
    )
    assert [cause.startswith(said) for cause in causes] == ([] if ours else [True])


def test_another_attempt_at_the_first_version_begins_with_pods_of_its_own(served: Served) -> None:
    served.there.take("Deployment", "web")
    for name in ("web-1", "web-2"):
        served.there.take("ReplicaSet", name)
    served.begin()
    assert served.too_late() == "is not ready after 600 s"
    first = served.there.one("Deployment", "web")["spec"]["template"]

    served.begin(attempt=2)
    second = served.there.one("Deployment", "web")["spec"]["template"]
    assert second["spec"] == first["spec"]
    assert second["metadata"] != first["metadata"]

    served.begin(attempt=2)  # as a driver does that comes after one which died
    assert served.there.one("Deployment", "web")["spec"]["template"] == second


def test_what_only_versions_had_that_are_no_more_goes_with_the_runs_that_need_it(
    served: Served,
) -> None:
    there = served.there
    service = {
        "kind": "Deployment",
        "name": "web",
        "uid": there.one("Deployment", "web")["metadata"]["uid"],
    }
    earlier = {"kind": "Job", "name": "digits-1", "uid": "j1"}
    for number, owners in enumerate([[service], [earlier, service], [service]], 1):
        about = {"name": f"code-{number}-0", "labels": LABELS, "ownerReferences": owners}
        there.put({"kind": "ConfigMap", "metadata": about}, "ADDED")
    for number in range(1, 14):
        made = replica_set("old", number, "by hand")
        sent = {"name": f"code-{number}", "parts": 1}
        made["metadata"]["annotations"][REQUEST] = json.dumps({"image": "old", "code": sent})
        there.put(made)

    served.begin()

    owners = [
        there.one("ConfigMap", f"code-{number}-0")["metadata"]["ownerReferences"]
        for number in (1, 2, 3)
    ]
    assert owners == [[DRIVER], [earlier], [DRIVER]]
