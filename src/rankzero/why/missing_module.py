"""The interpreter of the ranks lacks a module."""

from __future__ import annotations

import re

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding

_NAME = re.compile(r"No module named '?([\w.]+)")


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    exception = failure.exception if failure else None
    if failure is None or not exception or exception.get("type") != "ModuleNotFoundError":
        return None
    named = _NAME.search(str(exception.get("message")))
    module = named.group(1).partition(".")[0] if named else "MODULE"
    python = str(facts.config(failure.node).get("python") or "python3")
    remedy = f"{python} -m pip install {module}, or name the interpreter that has it with --python"
    if facts.plan.get("backend") == "kubernetes":
        remedy = (
            f"name an image that has {module}: --image; or lay it on this one: rankzero image "
            "build -t REGISTRY/NAME:TAG --base IMAGE -r requirements.txt"
        )
    return finding("missing-module", facts, remedy, f"the ranks ran under {python}")
