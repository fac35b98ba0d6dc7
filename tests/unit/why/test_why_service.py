"""Why a pod of a service is not ready, from what the cluster shows of it."""

from __future__ import annotations

import json

import pytest

from rankzero.why import service
from rankzero.why.seen import ABSENT, Ended, Job, Pod, Said, Seen

SEEN = Seen(run="web")
PROBE = "Readiness probe failed: "


def pod(**more: object) -> Pod:
    base = Pod("web-a-b", "web-a-b", phase="Running", machine="node0", began=1.0, born=0.0)
    return base._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "cause", "text"),
    [
        (
            pod(ended=Ended("Error", 3, "booting\nno model\n"), restarts=2),
            "server-ended",
            "its program ended with code 3, 2 times by now: no model",
        ),
        (pod(ended=Ended("Completed", 0), restarts=1), "server-ended", "ends by itself"),
        (pod(ended=Ended("Error", 139), restarts=1), "server-ended", "signal 11 (SIGSEGV)"),
        (
            pod(
                ended=Ended("Error", 137),
                restarts=1,
                said=(Said("Unhealthy", "Liveness probe failed: timeout"),),
            ),
            "server-hangs",
            "is restarted because it does not answer",
        ),
        (
            pod(ended=Ended("OOMKilled", 137), restarts=1, began=None, limits={"memory": "1Gi"}),
            "oom-killed",
            "ran out of memory (limit 1Gi)",
        ),
        (
            pod(
                said=(
                    Said("Unhealthy", PROBE + "dial tcp 10.0.0.1:80: connect: connection refused"),
                )
            ),
            "not-ready",
            "nothing listens on port 80 yet",
        ),
        (
            pod(said=(Said("Unhealthy", PROBE + "HTTP probe failed with statuscode: 503"),)),
            "not-ready",
            "statuscode: 503",
        ),
        (
            pod(phase="Pending", began=None, waiting="InvalidImageName", image="A:b:c"),
            "image-not-found",
            "is no name of an image",
        ),
    ],
)
def test_a_pod_that_does_not_serve_has_a_reason(one: Pod, cause: str, text: str) -> None:
    found = service.place(one, SEEN).trouble

    assert found is not None and found.cause == cause and text in found.text


def test_a_predictor_that_cannot_be_loaded_is_told_by_its_error() -> None:
    said = {"kind": "load-failed", "type": "KeyError", "message": "'bias'"}
    ended = Ended("Error", 1, f"{json.dumps(said)}\napp.py cannot be loaded\n")
    found = service.place(pod(ended=ended, restarts=1), SEEN).trouble

    assert found is not None and found.text == "its predictor cannot be loaded: KeyError: 'bias'"
    assert found.evidence == ("app.py cannot be loaded",)


def test_a_model_that_is_not_there_is_told_and_no_wait_mends_it() -> None:
    said = {"kind": "no-model", "message": "there is no a in volume models; there is: b"}
    ended = Ended("Error", 3, json.dumps(said) + "\n")
    found = service.place(pod(ended=ended, restarts=1), SEEN).trouble

    assert found is not None and (found.cause, found.hopeless) == ("no-model", True)
    assert found.text.endswith("there is no a in volume models; there is: b")


def test_what_a_ready_pod_went_through_is_over() -> None:
    place = service.place(pod(ready=True, ended=Ended("Error", 3), restarts=4), SEEN)

    assert (place.state, place.text, place.trouble) == ("running", "", None)


def test_the_first_start_of_a_server_is_no_trouble() -> None:
    place = service.place(pod(), SEEN)

    assert place.text == "runs on node0, and is not ready yet" and place.trouble is None


def test_a_pod_that_may_not_be_made_is_explained_by_its_version() -> None:
    said = 'Error creating: pods "web-a-x" is forbidden: exceeded quota: small, '
    said += "requested: pods=1, used: pods=2, limited: pods=2"
    seen = SEEN._replace(jobs=(Job("web-a", "web-a", said=(Said("FailedCreate", said),)),))
    found = service.place(Pod("web-a/1", phase=ABSENT), seen).trouble

    assert found is not None and found.cause == "quota"


def test_a_pod_that_runs_nowhere_yet_says_how_far_it_is() -> None:
    waiting = pod(phase="Pending", began=None, machine="")
    pulling = pod(phase="Pending", began=None, said=(Said("Pulling", "", 5.0),))

    assert service.place(waiting, SEEN).text == "waits for a machine"
    assert service.place(pulling, SEEN).text == "pulling its image on node0"
