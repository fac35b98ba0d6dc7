"""All causes in the order in which they are asked: the exact ones before the general ones."""

from __future__ import annotations

from collections.abc import Callable

from rankzero.why import (
    address_in_use,
    agent_crashed,
    backend_unavailable,
    bad_user,
    command_not_found,
    crashed,
    cut_off,
    deadline,
    dns,
    does_not_fit,
    evicted,
    exception,
    exit_code,
    going_on,
    image_denied,
    image_not_found,
    image_not_pulled,
    import_error,
    killed,
    machine_lost,
    missing_claim,
    missing_module,
    missing_secret,
    mpirun,
    namespace_ending,
    node_lost,
    nodes_missing,
    not_configured,
    not_mounted,
    not_startable,
    oom_killed,
    out_of_gpu_memory,
    pod_refused,
    pod_security,
    queued,
    quota,
    refused,
    stopped,
    stuck,
    succeeded,
    syntax_error,
    unbound_volume,
    unreachable,
    unrecorded,
    waiting,
    wrong_architecture,
)
from rankzero.why.model import Facts, Finding

#: A cause answers with what it found, or with None where it is not the cause.
Cause = Callable[[Facts], "Finding | None"]

#: What a run's pods show from outside.
_PODS: tuple[Cause, ...] = (
    machine_lost.find,
    namespace_ending.find,
    evicted.find,
    oom_killed.find,
    deadline.find,
    queued.find,
    pod_security.find,
    quota.find,
    pod_refused.find,
    missing_claim.find,
    unbound_volume.find,
    does_not_fit.find,
    wrong_architecture.find,
    image_denied.find,
    image_not_found.find,
    image_not_pulled.find,
    missing_secret.find,
    bad_user.find,
    not_configured.find,
    not_mounted.find,
    evicted.waits,
    oom_killed.waits,
    not_startable.find,
    agent_crashed.find,
    dns.find,
    unreachable.find,
    pod_refused.find_unread,
)

CAUSES: tuple[Cause, ...] = (
    succeeded.find,
    stopped.find,
    cut_off.find,
    refused.find,
    *_PODS,
    waiting.find,
    going_on.find,
    nodes_missing.find,
    node_lost.find,
    stuck.find,
    mpirun.find,
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
