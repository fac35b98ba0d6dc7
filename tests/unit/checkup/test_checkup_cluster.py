"""A check-up of a cluster from its first answer on, and of what it may not see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rankzero.doctor import cluster
from rankzero.doctor.cluster import Reached
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING, Finding
from rankzero.spec.given import from_python
from rankzero.spec.problems import Place
from support.prepared import Served

STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
REVIEWS = "/apis/authorization.k8s.io/v1"
EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
NODES, PODS = "/api/v1/nodes", "/api/v1/pods"


def node(name: str, ready: str = "True", version: str = "v1.34.1", **more: Any) -> dict[str, Any]:
    status = {
        "conditions": [{"type": "Ready", "status": ready}],
        "nodeInfo": {"kubeletVersion": version, "containerRuntimeVersion": "containerd://2.0"},
        "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110", **more},
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110", **more},
    }
    return {"metadata": {"name": name, "labels": {}}, "spec": {}, "status": status}


def standard(name: str, is_default: str = "true") -> dict[str, Any]:
    about = {"storageclass.kubernetes.io/is-default-class": is_default}
    return {"metadata": {"name": name, "annotations": about}, "provisioner": "x"}


def items(*found: Any) -> dict[str, Any]:
    return {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": list(found)}


def review(**status: Any) -> dict[str, Any]:
    return {"kind": "Review", "status": status}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A small cluster of which everything may be seen."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with Served() as made:
        made.there = {
            "/version": {"gitVersion": "v1.34.2"},
            "/apis": {"groups": [{"name": "metrics.k8s.io"}, {"name": "kueue.x-k8s.io"}]},
            NODES: items(node("one"), node("two")),
            PODS: items(),
            STORAGE: items(standard("fast")),
            f"{REVIEWS}/selfsubjectrulesreviews": review(resourceRules=[EVERYTHING]),
            f"{REVIEWS}/selfsubjectaccessreviews": review(allowed=True),
            "/api/v1/namespaces/team": {"kind": "Namespace", "metadata": {"name": "team"}},
            "/apis/apps/v1/daemonsets": items(),
            "/apis/node.k8s.io/v1/runtimeclasses": items(),
            "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases": items(),
        }
        yield made


def looked(
    served: Served, tmp_path: Path, until: str = ""
) -> tuple[dict[str, Finding], Reached | None]:
    """All findings by their checks, and what is handed on. until: the last one that is of interest;
    what comes before a run is looked at behind all others, and takes longest."""
    found: dict[str, Finding] = {}
    going = cluster.findings(served.known(tmp_path / "config"), from_python({}, Place(), []))
    while True:
        try:
            one = next(going)
        except StopIteration as end:
            return found, end.value
        assert one.check not in found
        found[one.check] = one
        if one.check == until:
            return found, None


def test_what_is_well_is_said_of_each_part_and_nothing_is_made(
    served: Served, tmp_path: Path
) -> None:
    served.there[NODES] = items(node("one"), node("two", **{"nvidia.com/gpu": "2"}))
    found, reached = looked(served, tmp_path)
    assert found["reached"].said.startswith(f"lab at {served.url}, ")
    fine = {key: one.said for key, one in found.items() if one.verdict == FINE}
    assert (
        fine.items()
        >= {
            "version": "v1.34.2",
            "machines": "2/2 ready",
            "version skew": "machines have v1.34.1",
            "storage": "fast*",
            "installed": "metrics-server, Kueue",
        }.items()
    )
    assert not [one for one in found.values() if one.verdict == FAILURE]
    assert reached is not None and reached.device == "nvidia.com/gpu"
    assert reached.skew is not None
    made = [one for one in served.asked if not one.startswith("GET")]
    assert made and all("dryRun=All" in one or "selfsubject" in one for one in made)


def test_what_would_keep_a_run_from_working_is_told(served: Served, tmp_path: Path) -> None:
    del served.there["/api/v1/namespaces/team"]
    found, _ = looked(served, tmp_path)
    assert {key: one.said for key, one in found.items() if one.verdict == FAILURE} == {
        "namespace": 'there is no namespace "team"'
    }


def test_machines_that_are_down_and_too_old_are_named(served: Served, tmp_path: Path) -> None:
    served.there[NODES] = items(node("one"), node("two", "Unknown", "v1.29.0"))
    found, _ = looked(served, tmp_path, "version skew")
    assert found["machines"] == Finding(
        "cluster", "machines", WARNING, "1/2 ready; not: two", "Look at it: rankzero describe two"
    )
    assert found["version skew"].said == "machines have v1.29.0"


@pytest.mark.parametrize(
    ("classes", "verdict", "said"),
    [
        (items(), WARNING, "no default class; there is: none"),
        (items(standard("a", "false"), standard("b", "x")), WARNING, "there is: a, b"),
        (403, UNKNOWN, "storage classes may not be listed"),
    ],
)
def test_storage(served: Served, tmp_path: Path, classes: object, verdict: str, said: str) -> None:
    served.there[STORAGE] = classes
    found, _ = looked(served, tmp_path, "storage")
    assert found["storage"].verdict == verdict and said in found["storage"].said


def test_who_may_see_little_is_told_what_is_not_known(served: Served, tmp_path: Path) -> None:
    served.there = {
        path: answer if path in ("/version", "/apis") or REVIEWS in path else 403
        for path, answer in served.there.items()
    }
    found, reached = looked(served, tmp_path)
    assert [found[one].verdict for one in ("machines", "storage")] == [UNKNOWN] * 2
    assert "version skew" not in found
    assert reached is not None and reached.device == ""


@pytest.mark.parametrize("path", ["/apis", NODES, STORAGE])
def test_an_api_server_that_fails_on_the_way_ends_with_that(
    served: Served, tmp_path: Path, path: str
) -> None:
    served.there[path] = 500
    found, reached = looked(served, tmp_path)
    *_, last = found.values()
    assert (last.check, last.verdict) == ("answers", FAILURE)
    assert path in last.said
    assert reached is not None


def test_without_a_way_there_nothing_else_is_said(served: Served, tmp_path: Path) -> None:
    served.there["/version"] = 401
    found, reached = looked(served, tmp_path)
    assert [(one.check, one.verdict) for one in found.values()] == [("reached", FAILURE)]
    assert reached is None
