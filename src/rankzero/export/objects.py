"""What pods need beside them: names, code, claims, rights."""

from __future__ import annotations

from typing import Any

from rankzero.export import code
from rankzero.export.model import Outline
from rankzero.export.pods import APP, labels
from rankzero.export.terms import Terms
from rankzero.export.text import Page
from rankzero.plan.kubernetes import access, claims

Object = dict[str, Any]


def service(outline: Outline, terms: Terms) -> Object:
    """Names for pods, also for those that are not ready yet: ranks look for each other before
    anybody calls them so."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": terms.name, "labels": labels(outline, None, terms)},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {APP: terms.name},
        },
    }


def code_map(outline: Outline, terms: Terms, page: Page) -> Object | None:
    """The folder; None where the image has it."""
    if outline.code is None:
        return None
    return code.config_map(outline.code, terms.name, labels(outline, None, terms), page)


def volume_claims(outline: Outline, terms: Terms) -> list[Object]:
    """Those that a job says the size of."""
    made = claims.claims(outline.job, terms.name)
    return [_relabelled(one, outline, terms) for one in made]


def rights(outline: Outline, terms: Terms) -> list[Object]:
    """The pods' account with the API, and a wall around them, where the job asks for them."""
    said = outline.job.model_copy(update={"self_heal": False})
    made = [_relabelled(one, outline, terms) for one in access.objects(said, terms.name, {})]
    for one in made:
        if one["kind"] == "NetworkPolicy":
            own = {"podSelector": {"matchLabels": {APP: terms.name}}}
            one["spec"] |= {**own, "ingress": [{"from": [own]}]}
    return made


def _relabelled(made: Object, outline: Outline, terms: Terms) -> Object:
    """Without the marks by which rankzero finds its own."""
    metadata = {"name": made["metadata"]["name"], "labels": labels(outline, None, terms)}
    return {**made, "metadata": metadata}
