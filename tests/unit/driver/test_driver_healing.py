"""Pods of parts on dead machines: when a driver takes them, and what it says."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from rankzero.agent import api
from rankzero.agent.healing import pods
from rankzero.driver.cluster.healing import Healing
from rankzero.driver.cluster.objects import Patient
from support.api import Api

#: When the pod's grace period is over, and when its machine would have said so (seconds).
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
CERTAIN = NOW + 15
EVICTED = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}


def pod(uid: str = "u", *, leaving: bool = True, **status: Any) -> dict[str, Any]:
    labels = {pods.RUN: "digits-7f3a-2", pods.ROLE: "worker", pods.INDEX: "0"}
    about: dict[str, Any] = {"name": f"pod-{uid}", "uid": uid, "labels": labels}
    if leaving:
        about["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    spec = {"nodeName": "node1"}
    return {
        "kind": "Pod",
        "metadata": about,
        "spec": spec,
        "status": {"phase": "Running", "conditions": [EVICTED], **status},
    }


class Place:
    """A cluster with pods in it, and a driver's healing. told: what it said."""

    def __init__(self, *there: dict[str, Any]) -> None:
        self.api, self.told = Api(), list[str]()
        self.healing = Healing(Patient(self.api), {"digits-7f3a-2": "train"}.__getitem__, self.say)
        for one in there:
            self.healing.pod(self.api.put(one, "ADDED"))

    def say(self, text: str) -> None:
        self.told.append(text)


def test_a_pod_is_taken_once_its_machine_had_time_to_end_it() -> None:
    place = Place(pod())
    assert place.healing.look(NOW) == CERTAIN
    assert (place.api.names("Pod"), place.told) == (["pod-u"], [])
    assert place.healing.look(CERTAIN) is None
    assert place.api.names("Pod") == []
    said = "machine node1 is dead: took worker/0 of train from it, to start elsewhere"
    assert place.told == [said]
    assert place.healing.look(CERTAIN + 60) is None
    assert place.told == [said]


@pytest.mark.parametrize(
    "other",
    [
        pod(leaving=False),
        pod(phase="Succeeded"),
        pod(conditions=[]),
        pod(conditions=[{**EVICTED, "reason": "EvictionByEvictionAPI"}]),
    ],
)
def test_what_somebody_deleted_or_has_ended_is_left_alone(other: dict[str, Any]) -> None:
    place = Place(other)
    place.healing.look(CERTAIN + 3600)
    assert place.api.names("Pod") == ["pod-u"]


def test_one_that_somebody_else_has_taken_is_no_news() -> None:
    place = Place(pod())
    place.api.take("Pod", "pod-u")
    assert place.healing.look(CERTAIN) is None
    assert place.told == []


def test_one_that_is_gone_is_forgotten() -> None:
    place = Place(pod())
    place.healing.gone(pod())
    assert place.healing.look(NOW) is None


def test_who_may_not_says_who_may_and_tries_again_later() -> None:
    place = Place(pod("a"), pod("b"))
    place.api.denies = api.Denied("may not patch pods")
    assert place.healing.look(CERTAIN) == CERTAIN + 60
    assert set(place.told) == {
        "machine node1 is dead, and worker/0 of train cannot be taken from it: may not patch pods. "
        "Who may: rankzero recover digits-7f3a-2"
    }
    place.api.denies = None
    assert place.healing.look(CERTAIN + 59) == CERTAIN + 60
    assert place.healing.look(CERTAIN + 60) is None
    assert place.api.names("Pod") == []
