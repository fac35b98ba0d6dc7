"""The forms by their names: what `export` can write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from rankzero.export.model import Files, Outline
from rankzero.export.notes import Beside, notes

#: Each with its module.
FORMS = {
    "yaml": "plain",
    "kustomize": "kustomize",
    "helm": "helm",
    "jobset": "jobset",
    "pytorchjob": "pytorchjob",
    "trainjob": "trainjob",
    "argo": "argo",
    "kfp": "kfp",
}


def files(form: str, outline: Outline) -> Files:
    """The files of a form, by their paths in the folder. outline: with what stays behind in this
    form, as `noted` has it. Errors: BadRequest."""
    module = import_module(f"rankzero.export.{FORMS[form]}")
    write: Callable[[Outline], Files] = module.files
    return write(outline)


def noted(form: str, outline: Outline) -> Outline:
    """With what of the job stays behind in this form."""
    module = import_module(f"rankzero.export.{FORMS[form]}")
    beside: Beside = getattr(module, "BESIDE", Beside())
    return replace(outline, notes=tuple(notes(outline, beside)))
