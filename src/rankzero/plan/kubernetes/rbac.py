"""A Role with what a user of rankzero needs, and who gets it, as objects for an administrator."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from rankzero.plan.kubernetes.kinds import RBAC
from rankzero.plan.kubernetes.rights import SERVING, SOME_VERBS, USUAL, Rule

#: What a path may hold, and so the name of a Role.
_UNSAFE = re.compile(r"[^A-Za-z0-9@:._-]")


class Subject(NamedTuple):
    """Who gets the rights. kind: `User`, `Group` or `ServiceAccount`, which has a namespace."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        """`user-ada`, `serviceaccount-team:ci`"""
        where = f"{self.namespace}:" if self.namespace else ""
        return f"{self.kind.lower()}-{where}{self.name}"

    def to_json(self) -> dict[str, str]:
        where = {"namespace": self.namespace} if self.namespace else {"apiGroup": RBAC}
        return {"kind": self.kind, "name": self.name, **where}


def role_name(rules: tuple[Rule, ...], job: str = "") -> str:
    """`rankzero` for what every run takes; a job that takes more has a Role of its own, which
    takes the usual one's place from nobody."""
    usual = {*USUAL, *SOME_VERBS, *SERVING}
    return "rankzero" if {*rules} <= usual or not job else f"rankzero-{job}"


def role(name: str, rules: Iterable[Rule], namespace: str | None) -> dict[str, Any]:
    """Without a namespace it goes to the one that kubectl is in."""
    return {**_head("Role", name, namespace), "rules": [rule.to_json() for rule in rules]}


def binding(role: str, subjects: list[Subject], namespace: str | None) -> dict[str, Any]:
    """Named after role and subjects: another subject's binding stays when this one is applied."""
    name = "-".join([role, *map(str, subjects)])
    return {
        **_head("RoleBinding", _safe(name), namespace),
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": role},
        "subjects": [one.to_json() for one in subjects],
    }


def _head(kind: str, name: str, namespace: str | None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata}


def _safe(name: str) -> str:
    """A name that differs where the other one did."""
    safe = _UNSAFE.sub("-", name)
    if safe == name and len(safe) <= 200:
        return safe
    return f"{safe[:200]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
