"""A job file while it is being written: what is said of the job, and of each role."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Any

from rankzero.spec.params import escape

#: In which order people read a job.
_ORDER = (
    *("name", "run", "args", "framework", "params", "nodes", "nproc", "completes", "image", "pull"),
    *("cpu", "memory", "gpus", "resources", "shm", "user", "env", "secrets", "env_from", "ports"),
    *("volumes", "labels", "annotations", "node_selector", "tolerations", "priority_class"),
    *(
        "max_restarts",
        "torch",
        "mpirun",
        "python",
        "workdir",
        "wait",
        "grace",
        "ttl",
        "queue",
        "pull_secrets",
    ),
    *("service_account", "roles", "pod"),
)
#: What means one thing at the top and another in a role.
_OWN = ("labels", "nodes", "completes")
_TOGETHER = ("run", "args")
#: The longest command that is written as one line.
_LONGEST = 88


class Sketch:
    """What will be a job file. Values are those of a job file already, params not filled in."""

    def __init__(self) -> None:
        self.job: dict[str, Any] = {}
        self.roles: dict[str, dict[str, Any]] = {}

    def data(self) -> dict[str, Any]:
        """The whole, what all roles have in common said once."""
        roles = {name: _said(role) for name, role in self.roles.items()}
        if list(roles) == ["worker"] and "labels" not in roles["worker"]:
            return _ordered({**roles["worker"], **self.job})
        common = _common(list(roles.values()), {*self.job, *_OWN})
        parts = {
            name: _ordered({key: one for key, one in role.items() if key not in common})
            for name, role in roles.items()
        }
        return _ordered({**common, **self.job, "roles": parts})


def _common(roles: list[dict[str, Any]], but: set[str]) -> dict[str, Any]:
    """What all say alike. What is run goes with its words, which stand for a role only together."""
    same = {
        key: value
        for key, value in (roles[0] if roles else {}).items()
        if key not in but and all(role.get(key) == value for role in roles)
    }
    alike = all(role.get(key) == same.get(key) for role in roles for key in _TOGETHER)
    return {key: value for key, value in same.items() if alike or key not in _TOGETHER}


def line_of(words: Sequence[str]) -> str:
    """Words as one line, in which nothing is filled in."""
    return shlex.join([escape(word) for word in words])


def run_of(words: Sequence[str]) -> dict[str, Any]:
    """The keys that run these words, of which the first is a script, `-m` or a program."""
    first, *rest = words or [""]
    escaped = [escape(word) for word in words]
    line = line_of(words)
    if len(line) <= _LONGEST and re.fullmatch(r"[ -~]+", line) and not first.startswith("~"):
        return {"run": line}
    if first.endswith(".py"):
        return {"run": _script(first), "args": escaped[1:]}
    if first == "-m" and rest:
        return {"run": shlex.join(escaped[:2]), "args": escaped[2:]}
    return {"run": {"command": escaped}}


def script(path: str, args: Sequence[str]) -> dict[str, Any]:
    """The keys that run a Python file, whatever its name ends with."""
    if path.endswith(".py"):
        return run_of([path, *args])
    more = {"args": [escape(word) for word in args]} if args else {}
    return {"run": _script(path), **more}


def _script(path: str) -> dict[str, str]:
    return {"script": escape(f"./{path}" if path.startswith("~") else path)}


def _said(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, {}, [], ())}


def _ordered(data: dict[str, Any]) -> dict[str, Any]:
    said = _said(data)
    return {key: said[key] for key in _ORDER if key in said}
