"""The places that the suite runs over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.following import Following
from contract.place import LocalPlace, Place, job
from rankzero.spec.model import Job
from support.waiting import until


def _cluster(folder: Path) -> Place:
    from contract.pods import KubernetesPlace

    return KubernetesPlace(folder)


PLACES: dict[str, Callable[[Path], Place]] = {"local": LocalPlace, "kubernetes": _cluster}
#: The suite runs over this one; `make test-cluster` names the other.
PLACE = os.environ.get("RANKZERO_TEST_PLACE", "local")


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

    def finish(self) -> None:
        """Stop what the test let go on; nothing of any run may be left anywhere."""
        for run in self.submitted:
            if any(info.run == run and not info.finished for info in self.backend.runs()):
                self.backend.stop(run, grace=0.0)
        for run in self.submitted:
            until(lambda run=run: not self.place.left(run), f"{run} to end everywhere")


@pytest.fixture(params=[PLACE])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    made = PLACES[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def runner(place: Place) -> Iterator[Runner]:
    """Every test that uses it also proves that its runs leave nothing behind."""
    made = Runner(place)
    yield made
    made.finish()
