"""What the two operators of Kubeflow have in common: they start torchrun, or what reads its
variables, in the pods of one role, and set those variables themselves."""

from __future__ import annotations

from typing import Any

from rankzero.errors import BadRequest
from rankzero.export.model import Outline, Part
from rankzero.export.pods import template
from rankzero.export.terms import Terms
from rankzero.export.text import Page, without

Object = dict[str, Any]

#: What they set, in pods that know their numbers from elsewhere.
_THEIRS = (
    *("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    *("PET_NODE_RANK", "PET_NNODES", "PET_NPROC_PER_NODE", "PET_MASTER_ADDR", "PET_MASTER_PORT"),
    *("RANKZERO_RANK", "RANKZERO_ROLE_RANK", "RANKZERO_NODE"),
)


def only_part(outline: Outline, kind: str) -> Part:
    """The job's role. Errors: BadRequest for what is not PyTorch with one role."""
    if outline.framework != "torch" or len(outline.parts) > 1:
        what = outline.framework if outline.framework != "torch" else "several roles"
        raise BadRequest(
            f"a {kind} is for PyTorch with one role; this job has {what}.",
            "Write it as another form: rankzero export jobset, or yaml",
        )
    return outline.parts[0]


def pods(outline: Outline, part: Part, terms: Terms, page: Page, container: str) -> Object:
    """The template of pods. container: what the operator calls the one that it looks at."""
    made = template(outline, part, terms, page)
    spec = without(made["spec"], "subdomain")
    first = without(spec["containers"][0], unsaid=("env",))
    first["name"] = container
    first["env"] = [one for one in first["env"] if one["name"] not in _THEIRS]
    spec["containers"] = [first, *spec["containers"][1:]]
    return {**made, "spec": spec}
