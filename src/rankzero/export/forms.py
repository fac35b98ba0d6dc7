"""The forms by their names: what `export` can write."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from rankzero.export.model import Files, Outline

#: Each with its module.
FORMS = {"yaml": "plain", "kustomize": "kustomize", "helm": "helm"}


def files(form: str, outline: Outline) -> Files:
    """The files of a form, by their paths in the folder. Errors: BadRequest."""
    write: Callable[[Outline], Files] = import_module(f"rankzero.export.{FORMS[form]}").files
    return write(outline)
