"""Jobs for plans: the smallest one, changed where a test says so."""

from __future__ import annotations

from typing import Any

from rankzero.spec.model import Job


def nodes(most: int, least: int | None = None) -> dict[str, int]:
    return {"minimum": most if least is None else least, "maximum": most}


def job(**fields: Any) -> Job:
    roles = fields.pop("roles", {"worker": {"nodes": nodes(2), "nproc": 2}})
    base = {"name": "job", "run": {"script": "train.py"}, "workdir": "/work", "roles": roles}
    return Job.model_validate({**base, **fields})
