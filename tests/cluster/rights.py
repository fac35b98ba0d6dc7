"""Rights beyond the least, for the verbs that need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .team import ROLE

#: For all that `describe` can show.
MORE: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["services", "configmaps"], "verbs": ["list"]},
]
ABLE: dict[str, Any] = {"rules": [*ROLE["rules"], *MORE]}


def without(*resources: str, role: Mapping[str, Any] = ABLE) -> dict[str, Any]:
    """A Role without all rules about these."""
    kept = [rule for rule in role["rules"] if not set(rule["resources"]) & set(resources)]
    return {"rules": kept}
