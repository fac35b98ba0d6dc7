"""What a check-up finds. Plain data."""

from __future__ import annotations

from typing import Any, NamedTuple

#: Verdicts: it is well; it may hurt; it keeps runs from working; nobody could look.
FINE, WARNING, FAILURE, UNKNOWN = "ok", "warning", "failure", "not checked"


class Finding(NamedTuple):
    """area: `machine` or `cluster`. said: what was seen; remedy: what to do, where something is
    wrong."""

    area: str
    check: str
    verdict: str
    said: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        return self._asdict()
