"""All causes in the order in which they are asked: the exact ones before the general ones."""

from __future__ import annotations

from collections.abc import Callable

from rankzero.why import (
    address_in_use,
    backend_unavailable,
    command_not_found,
    crashed,
    cut_off,
    exception,
    exit_code,
    going_on,
    import_error,
    killed,
    missing_module,
    node_lost,
    nodes_missing,
    out_of_gpu_memory,
    refused,
    stopped,
    stuck,
    succeeded,
    syntax_error,
    unrecorded,
    waiting,
)
from rankzero.why.model import Facts, Finding

#: A cause answers with what it found, or with None where it is not the cause.
Cause = Callable[[Facts], "Finding | None"]

CAUSES: tuple[Cause, ...] = (
    succeeded.find,
    stopped.find,
    waiting.find,
    going_on.find,
    cut_off.find,
    refused.find,
    nodes_missing.find,
    node_lost.find,
    stuck.find,
    syntax_error.find,
    missing_module.find,
    import_error.find,
    address_in_use.find,
    backend_unavailable.find,
    out_of_gpu_memory.find,
    exception.find,
    killed.find,
    crashed.find,
    command_not_found.find,
    exit_code.find,
    unrecorded.find,
)


def explain(facts: Facts) -> Finding:
    """The first cause that fits; the last one, `unrecorded`, always does."""
    for find in CAUSES:
        finding = find(facts)
        if finding is not None:
            return finding
    raise AssertionError("the last cause fits everything")
