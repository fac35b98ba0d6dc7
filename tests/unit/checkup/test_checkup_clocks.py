"""Clocks that do not agree."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest

from rankzero.agent.checkup.server import ahead
from rankzero.doctor import clocks
from rankzero.doctor.model import FINE, UNKNOWN, WARNING

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("date", "verdict", "said"),
    [
        (formatdate(NOW + 1, usegmt=True), FINE, "agrees"),
        (formatdate(NOW + 90, usegmt=True), WARNING, "90 s ahead"),
        (formatdate(NOW - 3600, usegmt=True), WARNING, "3600 s behind"),
        ("", UNKNOWN, "does not say"),
        ("yesterday", UNKNOWN, "does not say"),
    ],
)
def test_the_api_server_s(date: str, verdict: str, said: str) -> None:
    found = clocks.of_server(ahead(date, NOW))
    assert found.verdict == verdict
    assert said in found.said
    assert bool(found.remedy) == (verdict == WARNING)


def lease(name: str, renewed: str) -> dict[str, Any]:
    """NOW is 14:13:20."""
    spec = {"renewTime": f"2026-09-21T{renewed}.517750Z", "leaseDurationSeconds": 40}
    return {"metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize(
    ("leases", "verdict", "said"),
    [
        ([lease("a", "14:13:18"), lease("b", "14:12:45")], FINE, "agree"),
        ([lease("a", "14:14:20"), lease("b", "14:13:20")], WARNING, "a is 61 s ahead"),
        ([lease("a", "14:12:20")], WARNING, "a is 59 s behind, or renews its lease late"),
        ([lease("down", "10:00:00"), {"metadata": {"name": "a"}}], FINE, "agree"),
        (None, UNKNOWN, "may not be listed"),
    ],
)
def test_machines_are_judged_by_the_leases_that_they_renew(
    leases: list[dict[str, Any]] | None, verdict: str, said: str
) -> None:
    found = clocks.of_machines(leases, {"a", "b"}, NOW)
    assert found.verdict == verdict
    assert said in found.said
