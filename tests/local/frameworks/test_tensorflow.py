"""TensorFlow, by TF_CONFIG."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import World

pytestmark = pytest.mark.tensorflow
Example = Callable[[str], Path]


def test_steps_of_mirrored_workers_with_a_chief(world: World, example: Example) -> None:
    world.start(example("hello-tensorflow"), "tensorflow", "chief", "worker")

    chief, worker = (text.splitlines() for text in world.all_succeed())

    assert "hello from chief 0 of 2" in chief
    assert "hello from worker 0 of 2" in worker
    # Each learns from samples of its own: the same numbers are seen only where both were reduced.
    assert [line for line in chief if line.startswith("step")] == [
        line for line in worker if line.startswith("step")
    ]


def test_steps_with_a_parameter_server(world: World, example: Example) -> None:
    script, args = example("hello-tensorflow-ps"), ("--steps", "60", "--every", "5")
    world.start(script, "tensorflow", "ps", "worker", "worker", args=args)

    texts = world.all_succeed(1, 2)

    seen = r"\d\d:\d\d:\d\d\.\d+  worker (\d)  local step (\d+)  global step (\d+)  loss"
    steps = [[tuple(map(int, found)) for found in re.findall(seen, text)] for text in texts]
    local = [max((step[1] for step in of_one), default=0) for of_one in steps]
    highest = max(step[2] for of_one in steps for step in of_one)
    assert {step[0] for of_one in steps for step in of_one} <= {0, 1}
    # The global step is shared: it is what both did, and more than either did alone.
    done = [int(re.findall(r"is done after (\d+) steps", text)[0]) for text in texts]
    assert 60 <= highest <= sum(done)
    assert local <= done


def test_a_world_of_one(world: World, example: Example) -> None:
    world.start(example("hello-tensorflow"), "tensorflow", "worker")

    assert "hello from worker 0 of 1" in world.all_succeed()[0]
