"""The services of this machine: see `backends.services.kept`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rankzero.backends.description import Happened
from rankzero.backends.local.services import changing, following, looking, planning, saying
from rankzero.backends.local.services.folder import Services
from rankzero.backends.local.services.ports import HERE
from rankzero.backends.ports import Opened
from rankzero.backends.services.kept import Planned
from rankzero.backends.services.model import Asked, Changed, Line, Outcome, Service
from rankzero.errors import BadRequest, Refused
from rankzero.plan.local_service import LocalServicePlan
from rankzero.spec.given import Given

_CLUSTER = "A cluster does that: --on kubernetes"


class Here:
    """defaults: what holds for all that is started here."""

    serves_on = False

    def __init__(self, defaults: Given, services: Services | None = None) -> None:
        self._defaults = defaults
        self._services = services or Services()

    def called(self, name: str) -> str:
        return name

    def plan(
        self,
        options: Mapping[str, Any],
        *,
        predictor: str | None = None,
        file: Given | None = None,
        preflight: bool = True,
        wait_for_nodes: bool = False,
    ) -> LocalServicePlan:
        asked = planning.asked(options, predictor=predictor, file=file, defaults=self._defaults)
        return planning.plan(self._services, asked, Path.cwd())

    def turn(self, name: str, wait: Callable[[], None]) -> AbstractContextManager[None]:
        return self._services.turn(name, wait)

    def submit(self, plan: Planned) -> Changed:
        assert isinstance(plan, LocalServicePlan)
        return changing.submit(self._services, plan)

    def update(
        self,
        name: str,
        options: Mapping[str, Any],
        without: Collection[str] = (),
        *,
        code: bool = False,
    ) -> Changed:
        return changing.update(self._services, name, options, without, code=code)

    def undo(self, name: str, to: int | None = None) -> Changed:
        return changing.undo(self._services, name, to)

    def undo_own(self, name: str, changed: Changed, why: str) -> Changed | None:
        return changing.undo_own(self._services, name, changed, why)

    def scale(self, name: str, replicas: str) -> Changed:
        return changing.scale(self._services, name, replicas)

    def autoscale(self, name: str, options: Mapping[str, str | None]) -> str:
        self.known(name)
        raise BadRequest(f"{name} is one server on this machine, which nobody scales.", _CLUSTER)

    def until_ready(self, name: str, changed: Changed) -> Generator[Service, None, Outcome]:
        return following.until_ready(self._services, name, changed)

    def all(self) -> list[Service]:
        found = [looking.service(folder) for folder in self._services]
        return sorted(found, key=lambda one: -one.created)

    def known(self, name: str) -> None:
        looking.folder_of(self._services, name)

    def one(self, name: str) -> Service:
        return looking.service(looking.folder_of(self._services, name))

    def watch(self, name: str) -> Iterator[Service]:
        folder = looking.folder_of(self._services, name)
        yield from map(looking.shown, looking.looks(folder))
        raise Refused(f"the service {name} was deleted.")

    def lines(self, name: str, asked: Asked) -> Iterator[Line]:
        return saying.lines(looking.folder_of(self._services, name), asked)

    def events(self, name: str) -> list[Happened]:
        self.known(name)
        raise BadRequest(
            f"of {name} nobody but itself says anything on this machine.",
            f"What it wrote, with its starts and ends: rankzero serve logs {name}",
        )

    def open(
        self,
        name: str,
        local: str | None,
        address: str,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        found = self.one(name)
        if found.state != "ready":
            hint = f"Why: rankzero serve why {name}"
            raise Refused(f"{name} is {found.state}, and answers nobody.", hint)
        if address != HERE or local not in (None, "", str(found.port)):
            raise BadRequest(
                f"{name} is on this machine: it is {HERE}:{found.port}, and nothing forwards it.",
                f"Reach it there, or give it another port: rankzero serve update {name} --port",
            )
        on_open(Opened(name, str(found.port), found.port, HERE, found.port, there=True))

    def expose(self, name: str, options: Mapping[str, str | None]) -> None:
        raise self._alone(name)

    def unexpose(self, name: str) -> None:
        raise self._alone(name)

    def delete(self, name: str) -> None:
        changing.delete(self._services, name)

    def _alone(self, name: str) -> BadRequest:
        self.known(name)
        return BadRequest(f"{name} is reached from this machine alone.", _CLUSTER)
