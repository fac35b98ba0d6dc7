"""Rights beyond the least, for the verbs that need them."""

from __future__ import annotations

from typing import Any

from .team import ROLE

#: For all that `describe` can show.
MORE: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["services", "configmaps"], "verbs": ["list"]},
]
ABLE: dict[str, Any] = {"rules": [*ROLE["rules"], *MORE]}


def without(*resources: str) -> dict[str, Any]:
    """The Role without all rules about these."""
    kept = [rule for rule in ABLE["rules"] if not set(rule["resources"]) & set(resources)]
    return {"rules": kept}
