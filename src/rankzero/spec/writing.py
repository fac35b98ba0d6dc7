"""A job as a job file: the friendly form, without what is default anyway."""

from __future__ import annotations

import re
from typing import Any

import yaml

from rankzero.spec.friendly import ROLE_KEYS
from rankzero.spec.model import Job, Role, Run
from rankzero.spec.params import escape


def to_yaml(job: Job) -> str:
    """The text of a job file that gives this very job again, read from any folder."""
    data = to_friendly(job)
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    # Characters that YAML takes for line ends survive as escapes only.
    if re.search("[\x85\u2028\u2029]", text):
        text = yaml.safe_dump(data, sort_keys=False, width=100)
    return text


def to_friendly(job: Job) -> dict[str, Any]:
    """The same as plain data, for `spec.build`."""
    said = job.model_dump(mode="json", exclude_defaults=True)
    data: dict[str, Any] = {"name": job.name, "run": _run(job.run)}
    if job.args:
        data["args"] = [escape(word) for word in job.args]
    for key in Job.model_fields:
        if key in said and key not in ("name", "run", "args", "roles", "params", "env"):
            data[key] = said[key]
    if job.env:
        data["env"] = {name: escape(text) for name, text in job.env.items()}
    if job.params:
        data["params"] = {name: _param(one) for name, one in said["params"].items()}
    roles = {name: _role(role, job) for name, role in job.roles.items()}
    if list(roles) == ["worker"] and roles["worker"].keys() <= set(ROLE_KEYS):
        data.update(roles["worker"])
    else:
        data["roles"] = roles
    return data


def _run(run: Run) -> str | dict[str, Any]:
    if run.script is not None:
        plain = run.script.endswith(".py") and re.fullmatch(r"[A-Za-z0-9_./-]+", run.script)
        path = f"./{run.script}" if run.script.startswith("~") else run.script
        return run.script if plain and run.script[0] != "-" else {"script": escape(path)}
    if run.module is not None:
        return f"-m {run.module}"
    return {"command": [escape(word) for word in run.command or ()]}


def _role(role: Role, job: Job) -> dict[str, Any]:
    data: dict[str, Any] = role.model_dump(mode="json", exclude_defaults=True)
    if "nodes" in data:
        low, high = role.nodes.minimum, role.nodes.maximum
        data["nodes"] = high if low == high else f"{low}:{high}"
    if role.run is not None:
        data["run"] = _run(role.run)
    if role.args is not None or role.run is not None:
        args = job.args if role.args is None else role.args
        data["args"] = [escape(word) for word in args]
    if role.env:
        data["env"] = {name: escape(text) for name, text in role.env.items()}
    if role.image is not None:
        data["image"] = escape(role.image)
    return data


def _param(data: dict[str, Any]) -> dict[str, Any]:
    data["default"] = data.pop("value")
    return data
