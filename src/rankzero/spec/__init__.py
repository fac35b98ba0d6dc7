"""What a user can ask for: the model, the ways to it, and what is wrong with a request.

Imported lazily: the model costs an import of pydantic, which `rankzero --help` does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.spec.checks import entry_files as entry_files
    from rankzero.spec.framework import detect as detect
    from rankzero.spec.making import again as again
    from rankzero.spec.making import build as build
    from rankzero.spec.making import load as load
    from rankzero.spec.making import well_formed as well_formed
    from rankzero.spec.model import Job as Job
    from rankzero.spec.overrides import Overrides as Overrides
    from rankzero.spec.problems import Place as Place
    from rankzero.spec.problems import Problem as Problem
    from rankzero.spec.problems import SpecError as SpecError
    from rankzero.spec.roles import completes as completes
    from rankzero.spec.roles import ordered_roles as ordered_roles
    from rankzero.spec.schema import json_schema as json_schema
    from rankzero.spec.target import from_target as from_target
    from rankzero.spec.writing import as_yaml as as_yaml
    from rankzero.spec.writing import to_yaml as to_yaml

_HOMES = {
    "Job": "model",
    "Overrides": "overrides",
    "Place": "problems",
    "Problem": "problems",
    "SpecError": "problems",
    "again": "making",
    "as_yaml": "writing",
    "build": "making",
    "completes": "roles",
    "detect": "framework",
    "entry_files": "checks",
    "from_target": "target",
    "json_schema": "schema",
    "load": "making",
    "ordered_roles": "roles",
    "to_yaml": "writing",
    "well_formed": "making",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
