"""The places that the suite runs over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.following import Following
from contract.place import LocalPlace, Place, job
from rankzero.spec.model import Job
from support.waiting import until

PLACES: dict[str, Callable[[Path], Place]] = {"local": LocalPlace}


class Runner:
    """Submits jobs in a place, and sees to it at the end that nothing of them goes on."""

    def __init__(self, place: Place) -> None:
        self.place, self.backend = place, place.backend
        self.submitted: list[str] = []

    def script(self, text: str, *args: str, **options: Any) -> str:
        """Submit a script; returns the run's id."""
        return self.job(job(self.place, text, *args, **options))

    def job(self, made: Job, *, detach: bool = True) -> str:
        submission = self.backend.submit(self.backend.plan(made), detach=detach)
        self.submitted.append(submission.run)
        return submission.run

    def follow(self, text: str, *args: str, **options: Any) -> Following:
        """Submit a script and watch it."""
        return Following(self.backend, self.script(text, *args, **options))

    def check_nothing_left(self) -> None:
        for run in self.submitted:
            until(lambda run=run: not self.place.left(run), f"{run} to end everywhere")


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = PLACES[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def runner(place: Place) -> Iterator[Runner]:
    """Every test that ends its runs also proves that nothing of them is left running."""
    made = Runner(place)
    yield made
    if all(made.backend.run(run).finished for run in made.submitted if _known(made, run)):
        made.check_nothing_left()


def _known(runner: Runner, run: str) -> bool:
    return any(info.run == run for info in runner.backend.runs())
