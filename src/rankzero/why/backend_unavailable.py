"""This torch was built without the process group's backend, or lacks the device for it."""

from __future__ import annotations

import re

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding

_SAID = re.compile(
    r"Distributed package doesn't have (\w+) built in"
    r"|ProcessGroup(\w+) is only supported with GPUs"
    r"|(\w+) process group backend is not available",
    re.IGNORECASE,
)


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not failure.exception:
        return None
    said = _SAID.search(str(failure.exception.get("message")))
    if said is None:
        return None
    backend = next(name for name in said.groups() if name).lower()
    if backend == "gloo":
        return finding("backend-unavailable", facts, "a torch that has gloo: pip install torch")
    remedy = f"--backend gloo runs without {backend}; what the script names itself comes first"
    return finding("backend-unavailable", facts, remedy)
