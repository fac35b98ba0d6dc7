"""A job as a job file: the friendly form, without what is default anyway."""

from __future__ import annotations

import re
from typing import Any

import yaml

from rankzero.spec.friendly import ROLE_KEYS
from rankzero.spec.given import resolve
from rankzero.spec.model import Job, Role, Run
from rankzero.spec.params import escape


class _Dumper(yaml.SafeDumper):
    """One that quotes what the reader would take for no text. By itself it quotes what YAML 1.1
    takes for none, and `1e5` is a number in YAML 1.2 only."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(resolve(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def to_yaml(job: Job) -> str:
    """The text of a job file that gives this very job again, read from any folder."""
    return as_yaml(to_friendly(job))


def as_yaml(data: dict[str, Any]) -> str:
    """The text of a job file with this data, which is read as the very same."""
    text = _dumped(data, allow_unicode=True)
    # Characters that YAML takes for line ends survive as escapes only.
    return _dumped(data) if re.search("[\x85\u2028\u2029]", text) else text


def _dumped(data: dict[str, Any], *, allow_unicode: bool = False) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=allow_unicode, width=100
    )
    return text


def to_friendly(job: Job) -> dict[str, Any]:
    """The same as plain data, for `spec.build`."""
    said = job.model_dump(mode="json", by_alias=True, exclude_defaults=True)
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
    data: dict[str, Any] = role.model_dump(mode="json", by_alias=True, exclude_defaults=True)
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
