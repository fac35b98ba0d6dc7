"""What the pipeline's step makes, with places for the run's name and for parameters; and what its
account has to be allowed."""

from __future__ import annotations

from typing import Any

from rankzero.export import repeated
from rankzero.export.model import Outline, Part
from rankzero.export.pods import job
from rankzero.export.terms import Plainly
from rankzero.export.text import Page, expression, plainly, spelt
from rankzero.plan.kubernetes import access
from rankzero.spec.params import unmarked

Object = dict[str, Any]

_RULES: list[Object] = [
    {
        "apiGroups": ["batch"],
        "resources": ["jobs"],
        "verbs": ["create", "get", "list", "patch", "delete"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
]
#: Kubeflow's namespaces may give each pod a proxy: it would never end, and ranks talk through it.
_ALONE = {"sidecar.istio.io/inject": "false"}


class Names(Plainly):
    """What a run makes is called after it."""

    @property
    def name(self) -> str:
        return expression("run")

    def text(self, said: str) -> str:
        return unmarked(said, lambda name: expression(f"params.{name}"))


def text(outline: Outline) -> str:
    page, names = Page(), Names(outline)
    parts = [_job(outline, part, names, page) for part in outline.parts]
    first, *others = (spelt(_plain(one)) for one in (*_around(outline, names), *parts))
    said = "step.py fills in what stands in double braces: the run's name, and parameters"
    dumped = page.dump({page.comment(said): None, **first}, *others)
    return str(spelt(dumped))  # what stands in blocks


def account(outline: Outline) -> str:
    """What the account that pipelines' pods have may do, beside what it may anyway."""
    page = Page()
    rules = [*_RULES, *repeated.rules(outline)]
    _, role, binding = access.account_with(f"{outline.job.name}-pipeline", rules, {})
    for one in (role, binding):
        del one["metadata"]["labels"]
    said = "Where pipelines run in namespaces of profiles it is default-editor"
    binding["subjects"] = [{"kind": "ServiceAccount", page.comment(said): None}]
    binding["subjects"][0]["name"] = "pipeline-runner"
    return page.dump(role, binding)


def _around(outline: Outline, names: Names) -> list[Object]:
    return list(repeated.around(outline, names).values())


def _job(outline: Outline, part: Part, names: Names, page: Page) -> Object:
    made = repeated.standing(outline, names, job(outline, part, names, page))
    labels = made["spec"]["template"]["metadata"]["labels"]
    labels |= {name: value for name, value in _ALONE.items() if name not in labels}
    return made


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Data whose texts stay as they are where the step fills in."""
    if isinstance(value, str):
        return plainly(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    return type(value)(map(_plain, value)) if isinstance(value, list) else value
