"""What forms have in common whose every run has a name of its own, and makes its objects anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rankzero.export import objects
from rankzero.export.code import config_map_name
from rankzero.export.model import Outline
from rankzero.export.terms import Terms

Object = dict[str, Any]

_SERVICES: Object = {
    "apiGroups": [""],
    "resources": ["services"],
    "verbs": ["create", "get", "delete"],
}
_WALLS: Object = {
    "apiGroups": ["networking.k8s.io"],
    "resources": ["networkpolicies"],
    "verbs": ["create", "get", "delete"],
}


def saying(outline: Outline, **fields: Any) -> Outline:  # noqa: ANN401
    """The same with some things of the job said otherwise."""
    return replace(outline, job=outline.job.model_copy(update=fields))


def rules(outline: Outline) -> list[Object]:
    """What it takes to make what a run's Jobs need beside them."""
    return [_SERVICES, *([_WALLS] if outline.job.isolate else ())]


def around(outline: Outline, names: Terms) -> dict[str, Object]:
    """That itself: addresses for a run's pods, and a wall where the job asks for one."""
    found = {"names": objects.service(outline, names)}
    for wall in objects.rights(saying(outline, api=()), names):
        found["wall"] = wall
    return found


def standing(outline: Outline, names: Terms, made: Object) -> Object:
    """A Job that uses what is there for all runs: the folder, claims, an account."""
    name, spec = outline.job.name, made["spec"]["template"]["spec"]
    for one in spec["volumes"]:
        claim = one.get("persistentVolumeClaim")
        if one["name"] == "code" and outline.code is not None:
            one["configMap"]["name"] = config_map_name(name)
        elif claim is not None:
            claim["claimName"] = claim["claimName"].replace(names.name, name)
    if spec.get("serviceAccountName") == names.name:
        spec["serviceAccountName"] = name
    return made
