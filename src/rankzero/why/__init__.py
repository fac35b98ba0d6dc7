"""Why a run failed, waits or stopped: one cause a file, each a pure predicate over the facts.

The causes are imported when the first question is asked: a run that goes well never asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.why.model import Facts, Failure, Finding
from rankzero.why.words import phrase

if TYPE_CHECKING:
    from rankzero.why.answer import account, message
    from rankzero.why.registry import CAUSES, explain

_HOMES = {"account": "answer", "message": "answer", "CAUSES": "registry", "explain": "registry"}

__all__ = [
    "CAUSES",
    "Facts",
    "Failure",
    "Finding",
    "account",
    "explain",
    "message",
    "phrase",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
