"""Pipelines whose disk has no room, or that hand on a lot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.disks import small_disk
from support.pipelines import Works

MAKER = """
steps:
  small:
    command: [sh, -c, 'echo once >> done; echo 1 > ${outputs.a}']
    outputs: [a]
  fill:
    command: [sh, -c, '[ -e room ] || head -c 9000000 /dev/zero > %s; echo 2 > ${outputs.b}']
    inputs: [small.a]
    outputs: [b]
  after:
    command: cat ${inputs.b}
    inputs: [fill.b]
"""


@pytest.fixture
def disk(home: Works) -> Iterator[Callable[[str], Path]]:
    with small_disk(home) as mount:
        yield mount


def test_a_disk_that_fills_in_the_middle_ends_it_and_it_goes_on_where_there_is_room(
    home: Works, disk: Callable[[str], Path]
) -> None:
    ballast = disk("3m") / "ballast"
    said = home.call("pipeline", "run", home.pipeline(MAKER % ballast))
    assert said.code == 3, said
    assert "Is the disk full? Make room, and go on: rankzero pipeline resume pipeline-" in said.err
    assert "Traceback" not in said.err
    home.nothing_left()

    ballast.unlink()
    (home.work / "room").touch()
    resumed = home.call("pipeline", "resume", "-")
    assert resumed.code == 0, resumed
    assert "[after] 2" in resumed.out
    assert home.lines("done") == ["once"], "what was committed is not done again"
    home.nothing_left()


def test_an_output_that_does_not_fit_fails_its_step_alone(
    home: Works, disk: Callable[[str], Path]
) -> None:
    disk("3m")
    text = """
steps:
  big:
    command:
      [sh, -c, 'head -c 9000000 /dev/zero > ${outputs.x}; code=$?; rm ${outputs.x}; exit $code']
    outputs: [x]
  other:
    command: echo fine
"""
    said = home.call("pipeline", "run", home.pipeline(text), "--slots", "1")
    assert said.code == 1, said
    assert "✗ big exited with code 1" in said.err and "[other] fine" in said.out
    assert home.states() == {"big": "failed", "other": "succeeded"}
    home.nothing_left()


def test_more_than_two_gigabytes_are_handed_on(home: Works) -> None:
    """As a file without content on the disk, which is read all the same."""
    text = """
steps:
  big:
    command: truncate -s 2200M ${outputs.x}
    outputs: [x]
  use:
    command: [sh, -c, 'wc -c < ${inputs.x}']
    inputs: [big.x]
"""
    assert "[use] 2306867200" in home.call("pipeline", "run", home.pipeline(text)).out
