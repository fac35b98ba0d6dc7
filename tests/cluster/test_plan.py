"""What plans are made of, judged by the real API server: the golden files of tests/unit/plan."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .lab.kubectl import Kubectl
from .lab.shell import LabError
from .lab.target import Cluster

Object = dict[str, Any]

GOLDEN = Path(__file__).parents[1] / "unit" / "plan" / "golden-kubernetes"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
SERVICES = sorted(GOLDEN.with_name("golden-services").glob("*.yaml"))
#: What asks for more than Pod Security's restricted profile allows.
MORE = "more-than-restricted"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
_DRY = ("create", "--dry-run=server", "--validate=strict", "-f", "-")


def manifests(name: str) -> list[Object]:
    """A golden plan's objects, with something in the place of what is filled in at submission."""
    made = list(yaml.safe_load_all((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8")))
    for one in made:
        for key, digest in one.get("binaryData", {}).items():
            one["binaryData"][key] = base64.b64encode(digest.encode()).decode()
    return made


@pytest.fixture
def priority(cluster: Cluster) -> Iterator[str]:
    """A PriorityClass, which is no namespace's."""
    name = f"rz-test-{secrets.token_hex(4)}"
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    cluster.kubectl.apply({**head, "metadata": {"name": name}, "value": 10})
    yield name
    cluster.kubectl("delete", "priorityclass", name)


def judged(kubectl: Kubectl, *made: Object) -> None:
    """Errors: LabError with what the API server says."""
    whole = {"apiVersion": "v1", "kind": "List", "items": list(made)}
    kubectl(*_DRY, text=json.dumps(whole))


def pods(name: str, kubectl: Kubectl, priority: str) -> Iterator[Object]:
    """A pod of each of a plan's templates, and the account that it wants."""
    for one in manifests(name):
        if one["kind"] != "Job":
            continue
        template = one["spec"]["template"]
        spec = template["spec"]
        if account := spec.get("serviceAccountName"):
            meta = {"name": account}
            kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        if "priorityClassName" in spec:
            spec["priorityClassName"] = priority
        meta = {**template["metadata"], "name": one["metadata"]["name"]}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_accepted(kubectl: Kubectl, name: str) -> None:
    judged(kubectl, *manifests(name))


def test_every_object_of_a_service_is_accepted(kubectl: Kubectl) -> None:
    for path in SERVICES:
        judged(kubectl, *yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_the_judge_is_strict(kubectl: Kubectl) -> None:
    first, *_ = manifests(NAMES[0])
    first["spec"]["template"]["spec"]["conatiners"] = []
    with pytest.raises(LabError, match="conatiners"):
        judged(kubectl, first)


def test_every_pod_passes_where_restricted_is_enforced(
    cluster: Cluster, new_namespace: Callable[..., str], priority: str
) -> None:
    kubectl = cluster.kubectl.within(new_namespace(RESTRICTED))
    for name in NAMES:
        for pod in pods(name, kubectl, priority):
            if name != MORE:
                judged(kubectl, pod)
                continue
            with pytest.raises(LabError, match="violates PodSecurity"):
                judged(kubectl, pod)
    for path in SERVICES:
        made, *_ = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        template = made["spec"]["template"]
        kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web"}})
        template["spec"].pop("priorityClassName", None)
        meta = {**template["metadata"], "name": path.stem}
        judged(kubectl, {"apiVersion": "v1", "kind": "Pod", **template, "metadata": meta})


def test_what_is_beyond_restricted_is_a_valid_pod_all_the_same(
    kubectl: Kubectl, priority: str
) -> None:
    for pod in pods(MORE, kubectl, priority):
        judged(kubectl, pod)
