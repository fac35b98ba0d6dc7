"""Thousands of schedules of crashes, delays, duplicates, reorderings and partitions.

A schedule that fails prints its seed and what happened. To run more, or that one again:

    RANKZERO_SIM_SEEDS=20000 python -m pytest tests/simulation
    RANKZERO_SIM_SEED=4711 python -m pytest tests/simulation
"""

from __future__ import annotations

import os

import pytest

from .story import tell

SEEDS = int(os.environ.get("RANKZERO_SIM_SEEDS", "500"))
ONE = os.environ.get("RANKZERO_SIM_SEED")
BLOCK = 50
BLOCKS = [range(int(ONE), int(ONE) + 1)] if ONE else [
    range(first, min(first + BLOCK, SEEDS)) for first in range(0, SEEDS, BLOCK)
]  # fmt: skip


@pytest.mark.parametrize("rough", [False, True], ids=["in-order", "rough"])
@pytest.mark.parametrize("durable", [True, False], ids=["laptop", "pods"])
@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_every_promise_is_kept(seeds: range, durable: bool, rough: bool) -> None:
    for seed in seeds:
        tell(seed, durable, rough)


def test_the_same_seed_tells_the_same_story() -> None:
    assert tell(7).world.trace == tell(7).world.trace
    assert tell(7).world.trace != tell(8).world.trace


def test_the_schedules_reach_what_they_are_for() -> None:
    """Simulated trouble that never troubles would prove nothing."""
    told = [tell(seed, durable=seed % 2 == 0, rough=seed % 4 > 1) for seed in range(200)]
    ends = {end["state"] for story in told for end in story.checks.finished}
    assert ends == {"succeeded", "failed", "stopped"}
    lines = [line for story in told for _, line in story.world.trace]
    for happening in (
        "history   restarting",
        "'kind': 'node-lost'",
        "'kind': 'node-left'",
        "no sign of life",
        "its connection was cut and did not come back",
        "its agent died; a new one took its place",
        "fenced",
        "-> refused",
        "ends, code 95",
        "ends, code 3",
    ):
        assert any(happening in line for line in lines), happening
    assert max(number for story in told for _, number in story.checks.assigned) >= 5
