"""What `rankzero export` writes for others' operators, judged by their own definitions of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from .lab.kubectl import Kubectl
from .lab.schemas import schemas, workflow
from .lab.shell import LabError, until
from .lab.target import Cluster

#: Definitions are the whole cluster's; whoever is first waits for modules.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]

GOLDEN = Path(__file__).parents[1] / "unit" / "export" / "golden"
FORMS = ("jobset", "pytorchjob", "trainjob")
FILES = [
    path for form in FORMS for path in sorted(GOLDEN.glob(f"*/{form}/*.yaml")) if path.is_file()
]
#: What Argo's golden files are.
WORKFLOWS = sorted(GOLDEN.glob("*/argo/workflow.yaml"))


@pytest.fixture(scope="module")
def defined(cluster: Cluster) -> Iterator[None]:
    """The API server knows the kinds; nobody acts on them."""
    if not cluster.is_lab:
        pytest.skip("this gives the whole cluster new kinds")
    files = schemas()
    for path in files:
        cluster.kubectl("apply", "--server-side", "-f", path)
    yield
    for path in files:
        cluster.kubectl("delete", "-f", path)


def judged(kubectl: Kubectl, *made: object) -> None:
    """Errors: LabError with what the API server says."""
    whole = {"apiVersion": "v1", "kind": "List", "items": list(made)}
    kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=json.dumps(whole))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(GOLDEN)))
def test_every_object_is_what_its_project_says_it_is(
    defined: None, kubectl: Kubectl, path: Path
) -> None:
    made = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))

    def accepted() -> bool:
        """A definition that is new takes a moment to be served."""
        try:
            judged(kubectl, *made)
        except LabError as refused:
            if "no matches for kind" not in str(refused):
                raise
            return False
        return True

    until(f"{path.name} is judged", accepted)


@pytest.mark.parametrize("form", FORMS)
def test_the_judge_is_strict(defined: None, kubectl: Kubectl, form: str) -> None:
    path = GOLDEN / "two-nodes" / form / f"{form}.yaml"
    (made,) = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    made["spec"]["nprocs"] = 1
    with pytest.raises(LabError, match="nprocs"):
        judged(kubectl, made)


@pytest.mark.parametrize("name", sorted(path.parents[1].name for path in WORKFLOWS))
def test_a_workflow_is_what_argo_says_and_what_it_makes_is_accepted(
    lab: Cluster, kubectl: Kubectl, name: str
) -> None:
    folder = GOLDEN / name / "argo"
    made = yaml.safe_load((folder / "workflow.yaml").read_text(encoding="utf-8"))
    (version,) = yaml.safe_load(workflow().read_text(encoding="utf-8"))["spec"]["versions"]
    schema = closed(version["schema"]["openAPIV3Schema"]["properties"]["spec"])
    jsonschema.validate(made["spec"], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**made["spec"], "entrypiont": "x"}, schema)

    steps = [one["resource"] for one in made["spec"]["templates"] if "resource" in one]
    texts = [one["manifest"] for one in steps if one["action"] == "create"]
    assert texts and all("{{workflow.name}}" in text for text in texts)
    judged(kubectl, *(yaml.safe_load(one.replace("{{workflow.name}}", "x-y")) for one in texts))
    for path in set(folder.glob("*.yaml")) - {folder / "workflow.yaml"}:
        judged(kubectl, *yaml.safe_load_all(path.read_text(encoding="utf-8")))


def closed(schema: Any) -> Any:
    """A schema in which no object may have keys that it does not know."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(one) for key, one in schema.items()}
    loose = "x-kubernetes-preserve-unknown-fields" in found or "additionalProperties" in found
    if found.get("type") == "object" and "properties" in found and not loose:
        found["additionalProperties"] = False
    return found
