"""Ranks that even SIGKILL did not end."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind != "stuck":
        return None
    title = failure.message or "ranks did not end, not even by SIGKILL"
    evidence = ("the kernel holds them: they wait for a disk, a file server or a device",)
    remedy = (
        f"look at {failure.node or 'the node'}: its kernel's log (dmesg), its mounts and its GPUs; "
        "it may need a reboot. The run can be started again elsewhere"
    )
    return Finding("stuck", title, evidence, remedy)
