"""The lines of a pipeline's steps on a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rankzero.backends.base import LogBlock
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, graph
from rankzero.pipelines.cluster.reading import of_attempt

STEPS = graph([Step("train", body={"job": {}}), Step("load", body={"argv": ["true"]})])


@pytest.mark.parametrize(
    ("step", "data", "told"),
    [
        ("train", b"one\ntwo\n", b"[3] one\n[3] two\n"),
        ("train", b"no end", b"[3] no end\n"),
        ("train", b"\n", b"[3] \n"),
        ("train", b"", b""),
        ("load", b"one\ntwo\n", b"one\ntwo\n"),
    ],
)
def test_a_jobs_lines_have_their_rank_as_on_a_laptop(step: str, data: bytes, told: bytes) -> None:
    there = cast(Any, SimpleNamespace(graph=lambda: STEPS))
    block = of_attempt(there, Part(step), 12, LogBlock(3, "worker/1", 1, 5.0, data, dropped=7))
    assert block == LogBlock(12, "worker/1", 1, 5.0, told, dropped=7)
