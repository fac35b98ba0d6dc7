"""The services of a cluster's namespace: see `backends.services.kept`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from typing import Any

from rankzero.backends.description import Happened
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.happenings import together
from rankzero.backends.kubernetes.services import (
    changing,
    deploying,
    looking,
    opening,
    planning,
    saying,
    updating,
)
from rankzero.backends.kubernetes.services import reading as read
from rankzero.backends.kubernetes.services.following import Following
from rankzero.backends.ports import Opened, Wanted
from rankzero.backends.services.kept import Planned
from rankzero.backends.services.model import Asked, Changed, Line, Outcome, Service
from rankzero.plan.kubernetes.services import ServicePlan
from rankzero.spec.given import Given
from rankzero.spec.services.making import change


class There:
    """defaults: what holds for all that is sent there."""

    serves_on = True

    def __init__(self, cluster: Cluster, defaults: Given) -> None:
        self._cluster, self._defaults = cluster, defaults

    def called(self, name: str) -> str:
        return self._cluster.called(name)

    def plan(
        self,
        options: Mapping[str, Any],
        *,
        predictor: str | None = None,
        file: Given | None = None,
        preflight: bool = True,
        wait_for_nodes: bool = False,
    ) -> ServicePlan:
        made = planning.plan(
            self._cluster, options, predictor=predictor, file=file, defaults=self._defaults
        )
        if not preflight:
            return made
        return deploying.check(self._cluster, made, wait_for_nodes=wait_for_nodes)

    def turn(self, name: str, wait: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        """Who was faster is seen by the state that a change is made from."""
        return contextlib.nullcontext()

    def submit(self, plan: Planned) -> Changed:
        assert isinstance(plan, ServicePlan)
        made = deploying.submit(self._cluster, plan)
        return Changed(made, 0, (deploying.NEW,), plan.service.wait)

    def update(
        self,
        name: str,
        options: Mapping[str, Any],
        without: Collection[str] = (),
        *,
        code: bool = False,
    ) -> Changed:
        return self._changed(updating.update(self._cluster, name, options, without, code=code))

    def undo(self, name: str, to: int | None = None) -> Changed:
        return self._changed(changing.undo(self._cluster, name, to))

    def undo_own(self, name: str, changed: Changed, why: str) -> Changed | None:
        mine = changing.Changed(changed.mark, changed.before, changed.what)
        back = changing.undo_own(self._cluster, name, mine, why)
        return None if back is None else self._changed(back)

    def scale(self, name: str, replicas: str) -> Changed:
        made = looking.deployment(self._cluster, name)
        before = changing.requested(self._cluster, made)
        number = change(before, {"replicas": replicas}).replicas
        scaled = changing.scale(self._cluster, name, number)
        return Changed(scaled, changing.revision(made), (f"replicas {number}",), before.wait)

    def autoscale(self, name: str, options: Mapping[str, str | None]) -> str:
        after = changing.autoscale(self._cluster, name, lambda before: change(before, options))
        assert after.autoscale is not None, "it was asked for"
        bounds = f"{after.autoscale.minimum} to {after.autoscale.maximum} pods"
        return f"{bounds}, processors at {after.at_cpu}%"

    def until_ready(self, name: str, changed: Changed) -> Generator[Service, None, Outcome]:
        generation = int(changed.mark["metadata"]["generation"])
        with Following(self._cluster, name) as following:
            outcome = yield from following.until_ready(generation, changed.wait)
        found = looking.beside(self._cluster, outcome.service)
        return outcome._replace(service=found)

    def all(self) -> list[Service]:
        return looking.every(self._cluster)

    def known(self, name: str) -> None:
        looking.deployment(self._cluster, name)

    def one(self, name: str) -> Service:
        return looking.one(self._cluster, name)

    def watch(self, name: str) -> Iterator[Service]:
        self.known(name)
        with Following(self._cluster, name) as following:
            while True:
                version = following.version
                yield following.now()
                following.wait(version)

    def lines(self, name: str, asked: Asked) -> Iterator[Line]:
        self.known(name)
        return saying.lines(self._cluster, name, asked)

    def events(self, name: str) -> list[Happened]:
        self.known(name)
        said: list[Object] = self._cluster.every("Event")["items"]
        return list(together(said, lambda of: f"{of}-".startswith(f"{name}-")))

    def open(
        self,
        name: str,
        local: str | None,
        address: str,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        port = read.request(looking.deployment(self._cluster, name))["port"]
        wanted = Wanted.read(f"{local or ''}:{port}")
        opening.forward(self._cluster, name, wanted, address, on_open, note)

    def expose(self, name: str, options: Mapping[str, str | None]) -> None:
        changing.expose(self._cluster, name, lambda before: change(before, options))

    def unexpose(self, name: str) -> None:
        changing.unexpose(self._cluster, name)

    def delete(self, name: str) -> None:
        changing.delete(self._cluster, name)

    # -- inside

    def _changed(self, made: changing.Changed) -> Changed:
        wait = changing.requested(self._cluster, made.deployment).wait
        return Changed(made.deployment, made.before, made.what, wait)
