"""Environment variables in Kubernetes' notation."""

from __future__ import annotations

from typing import Any

from rankzero.export.text import quoted

Variable = dict[str, Any]

#: Where the Job's controller writes a pod's number.
_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"


def pair(name: str, value: str) -> Variable:
    return {"name": name, "value": quoted(value)}


def index(name: str) -> Variable:
    """The pod's number in its Job."""
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": _INDEX}}}


def escaped(text: str) -> str:
    """A text that stays what it is, although Kubernetes fills `$(NAME)` into commands and
    variables."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text
