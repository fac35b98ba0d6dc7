"""What is read of a cluster's answers where there may be thousands of objects in them."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from rankzero.backends.kubernetes import shapes, trouble
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.errors import Refused

_POD: dict[str, Any] = {
    "metadata": {
        "name": "a-worker-0-x",
        "labels": {"rankzero/run": "a"},
        "creationTimestamp": "2026-11-22T21:36:04Z",
        "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": {}}}],
    },
    "spec": {"nodeName": "node1", "containers": [{"name": "rank", "image": "x"}]},
    "status": {
        "phase": "Failed",
        "qosClass": "BestEffort",
        "containerStatuses": [
            {"name": "rank", "image": "x", "state": {"terminated": {"exitCode": 94}}}
        ],
    },
}


class _Here(Cluster):
    """One whose way in needs no kubeconfig."""

    context = "lab"  # type: ignore[assignment]


def read(body: str, shape: type | None = None) -> dict[str, Any]:
    request = httpx2.Request("GET", "https://lab/api/v1/namespaces/team/pods")
    return _Here()._read(httpx2.Response(200, content=body.encode(), request=request), shape)


def changed(line: dict[str, Any], kind: str = "Pod") -> tuple[str, dict[str, Any]]:
    return _Here()._change(json.dumps(line), shapes.ONES[kind])


def test_a_shape_s_fields_are_read_as_they_came_and_all_others_are_skipped() -> None:
    whole = {"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [_POD]}
    assert read(json.dumps(whole), shapes.Pods) == {
        "metadata": {"resourceVersion": "7"},
        "items": [
            {
                "metadata": {
                    "name": "a-worker-0-x",
                    "labels": {"rankzero/run": "a"},
                    "creationTimestamp": "2026-11-22T21:36:04Z",
                },
                "spec": {"nodeName": "node1"},
                "status": {
                    "phase": "Failed",
                    "containerStatuses": [
                        {"name": "rank", "state": {"terminated": {"exitCode": 94}}}
                    ],
                },
            }
        ],
    }


def test_a_job_keeps_what_its_run_was_asked_for() -> None:
    job = {
        "metadata": {"name": "a-worker", "annotations": {"rankzero/plan": "{}"}},
        "spec": {"suspend": True, "template": {"spec": {}}},
        "status": {"conditions": [{"type": "Suspended", "status": "True"}], "active": 1},
    }
    (found,) = read(json.dumps({"items": [job]}), shapes.Jobs)["items"]
    assert found["metadata"] == job["metadata"]
    assert found["spec"] == {"suspend": True}
    assert found["status"] == {"conditions": [{"type": "Suspended", "status": "True"}]}


def test_without_a_shape_all_is_read() -> None:
    assert read(json.dumps({"items": [_POD]})) == {"items": [_POD]}


def test_a_bookmark_s_version_and_a_change_s_object_are_read() -> None:
    meta = {"resourceVersion": "9", "creationTimestamp": None}
    empty = {"metadata": meta, "spec": {"containers": None}, "status": {}}
    bookmark = {"type": "BOOKMARK", "object": empty}
    change = {"type": "MODIFIED", "object": _POD}
    assert changed(bookmark) == ("BOOKMARK", empty)
    kind, found = changed(change)
    assert kind == "MODIFIED"
    asked = [{"name": "rank", "image": "x"}]
    assert found["spec"] == {"nodeName": "node1", "containers": asked}


@pytest.mark.parametrize("kind", shapes.ONES)
def test_what_a_watch_tells_in_place_of_a_change(kind: str) -> None:
    """A Status: its `status` is a word, where that of an object is an object."""
    status = {"kind": "Status", "status": "Failure", "metadata": {}, "message": "too old"}
    with pytest.raises(trouble.Gone, match="too old"):
        changed({"type": "ERROR", "object": {**status, "code": 410}}, kind)
    with pytest.raises(trouble.Unreachable, match="too old"):
        changed({"type": "ERROR", "object": {**status, "code": 500}}, kind)


@pytest.mark.parametrize("line", ["", "{", '{"type": "ADDED"}', '{"type": "ADDED", "object": 1}'])
def test_a_change_that_is_cut_off_is_asked_for_again(line: str) -> None:
    with pytest.raises(trouble.Unreachable, match="in the middle"):
        _Here()._change(line, shapes.ONES["Pod"])


@pytest.mark.parametrize("body", ["<html>Log in</html>", "", "[]", '{"items": [1]}'])
def test_an_answer_that_is_none_of_the_api_s_is_told_as_such(body: str) -> None:
    with pytest.raises(Refused, match="no object of Kubernetes"):
        read(body, shapes.Pods)


@pytest.mark.parametrize("body", ["{}", '{"kind": "PodList"}', '{"items": []}'])
def test_an_answer_that_is_no_list_is_none_of_the_api_s(body: str) -> None:
    request = httpx2.Request("GET", "https://lab/api/v1/namespaces/team/pods")
    answer = httpx2.Response(200, content=body.encode(), request=request)
    with pytest.raises(Refused, match="no object of Kubernetes"):
        _Here()._listed(answer, shapes.Pods)


def test_a_time_that_never_came_is_null() -> None:
    """A container that ended before it began: `state.terminated.startedAt` of a lost node's pod."""
    ended = {"exitCode": 137, "startedAt": None, "finishedAt": None}
    pod = {"status": {"containerStatuses": [{"state": {"terminated": ended}}]}}
    assert read(json.dumps({"items": [pod]}), shapes.Pods) == {"items": [pod]}


@pytest.mark.parametrize("born", [{}, {"creationTimestamp": None}])
@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("Pod", {"spec": {"containers": None}, "status": {}}),
        ("Job", {"spec": {"template": {"spec": {"containers": None}}}, "status": {}}),
        ("Event", {"involvedObject": {}, "source": {}, "firstTimestamp": None, "eventTime": None}),
    ],
)
def test_a_bookmark_tells_a_version_and_nothing_else(
    kind: str, rest: dict[str, Any], born: dict[str, None]
) -> None:
    thing = {"kind": kind, "metadata": {"resourceVersion": "7", **born}, **rest}
    _, read_of_it = changed({"type": "BOOKMARK", "object": thing}, kind)
    assert read_of_it["metadata"]["resourceVersion"] == "7"
