"""`export argo`: a Workflow that makes the Jobs, waits for them, and takes away what serves them.

Each time that it is submitted it has a name of its own, and so has all that it makes.
"""

from __future__ import annotations

from typing import Any

from rankzero.errors import BadRequest
from rankzero.export import plain, readme, repeated
from rankzero.export.model import Files, Outline, Part
from rankzero.export.notes import Beside
from rankzero.export.pods import job
from rankzero.export.repeated import saying
from rankzero.export.terms import Plainly
from rankzero.export.text import Page, expression, spelt
from rankzero.plan.kubernetes import access

Object = dict[str, Any]

BESIDE = Beside(serving=False)
_API, _NAME = "argoproj.io", expression("workflow.name")
#: What the Workflow itself does in the namespace.
_RULES: list[Object] = [
    {
        "apiGroups": ["batch"],
        "resources": ["jobs"],
        "verbs": ["create", "get", "list", "watch", "delete", "patch"],
    },
    {"apiGroups": [_API], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
]


class Names(Plainly):
    """What the Workflow makes is called after it."""

    @property
    def name(self) -> str:
        return _NAME


def files(outline: Outline) -> Files:
    """Errors: BadRequest for what Argo would fill in."""
    given = Plainly(outline)
    jobs, results = _RULES
    rules = [jobs, *repeated.rules(outline), results]
    account = access.account_with(_account(outline), rules, {})
    for one in account:
        one.pop("automountServiceAccountToken", None)
        del one["metadata"]["labels"]
    return {
        "README.md": readme.argo(saying(outline, isolate=False)),
        **plain.beside(saying(outline, isolate=False), given),
        "account.yaml": Page().dump(*account),
        "workflow.yaml": _workflow(outline),
    }


def _account(outline: Outline) -> str:
    return f"{outline.job.name}-workflow"


def _workflow(outline: Outline) -> str:
    page, names = Page(), Names(outline)
    serving = [part for part in outline.parts if not part.completes]
    start = [{"name": part.role, "template": part.role} for part in outline.parts]
    first = repeated.around(outline, names)
    steps = [[{"name": name, "template": name} for name in first], start]
    templates: list[Object] = [
        {"name": "train", "steps": steps},
        *(_create(page, name, made) for name, made in first.items()),
    ]
    for part in outline.parts:
        made = job(outline, part, names, inner := Page())
        templates.append(
            _create(page, part.role, repeated.standing(outline, names, made), part, inner)
        )
    if serving:
        ends = [{"name": f"end-{part.role}", "template": f"end-{part.role}"} for part in serving]
        templates.append({"name": "end", "steps": [ends]})
        templates += [_delete(page, names, part) for part in serving]
    spec: Object = {
        "serviceAccountName": _account(outline),
        "entrypoint": "train",
        **({"onExit": "end"} if serving else {}),
        "templates": templates,
    }
    head = {"apiVersion": f"{_API}/v1alpha1", "kind": "Workflow"}
    meta = {"generateName": f"{outline.job.name}-"}
    return page.dump({**head, "metadata": meta, "spec": spec})


def _create(
    page: Page, name: str, made: Object, part: Part | None = None, inner: Page | None = None
) -> Object:
    """The step that makes an object, and waits for a Job that ends."""
    resource: Object = {"action": "create", "setOwnerReference": True}
    if part is not None and part.completes:
        resource["successCondition"] = f"status.succeeded == {part.pods}"
        resource["failureCondition"] = "status.failed > 0"
    resource["manifest"] = _manifest(page, made, inner or Page())
    return {"name": name, "resource": resource}


def _delete(page: Page, names: Names, part: Part) -> Object:
    """Of what nobody needs any more."""
    meta = {"name": f"{names.name}-{part.role}"}
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta}
    manifest = _manifest(page, made, Page())
    return {"name": f"end-{part.role}", "resource": {"action": "delete", "manifest": manifest}}


def _manifest(page: Page, made: Object, inner: Page) -> str:
    """An object as a text, in which Argo fills in the Workflow's name and nothing else."""
    text = inner.dump(made)
    if "{{" in text:
        line = next(line.strip() for line in text.splitlines() if "{{" in line)
        raise BadRequest(
            f"Argo would fill in what stands in {{{{ }}}}: {line}",
            "Put it into the script, or export another form.",
        )
    return page.block(str(spelt(text)).replace("{{ workflow.name }}", "{{workflow.name}}"))
