"""The services of one place, as every verb sees them: this machine's, or those of a namespace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from rankzero.backends.description import Happened
from rankzero.backends.ports import Opened
from rankzero.backends.services.model import Asked, Changed, Line, Outcome, Service
from rankzero.plan.model import Checked

if TYPE_CHECKING:  # pydantic would cost every command its 60 ms, and most need no spec
    from rankzero.spec.given import Given
    from rankzero.spec.services import model as spec


class Planned(Protocol):
    """A service, before it exists. where: its place. notices: what a user should know; checks: what
    was asked beforehand."""

    @property
    def service(self) -> spec.Service: ...

    @property
    def where(self) -> str: ...

    @property
    def notices(self) -> Sequence[str]: ...

    @property
    def checks(self) -> Sequence[Checked]: ...

    def summary(self) -> Sequence[str]:
        """What there is to say of it in one line, part by part."""

    def documents(self) -> Sequence[Mapping[str, Any]]:
        """What would be created, for people to read as YAML."""

    def to_json(self) -> dict[str, Any]:
        """The schema of `serve deploy --dry-run --output json`."""


class Kept(Protocol):
    """Errors of all: BadRequest where there is no such service, or its place knows no such thing;
    Refused where the place says no.

    serves_on: whether a version serves on until the next one is ready.
    """

    serves_on: bool

    def called(self, name: str) -> str:
        """What stands here under a name, as a command that is typed has to call it."""

    def plan(
        self,
        options: Mapping[str, Any],
        *,
        predictor: str | None = None,
        file: Given | None = None,
        preflight: bool = True,
        wait_for_nodes: bool = False,
    ) -> Planned:
        """What was asked for, checked; nothing is created. Errors: SpecError too."""

    def turn(self, name: str, wait: Callable[[], None]) -> AbstractContextManager[None]:
        """For whoever changes a service, until it is seen through. wait: is called where somebody
        else does it already."""

    def submit(self, plan: Planned) -> Changed:
        """Create it."""

    def update(
        self,
        name: str,
        options: Mapping[str, Any],
        without: Collection[str] = (),
        *,
        code: bool = False,
    ) -> Changed:
        """Some things said anew. without: variables that go; code: the predictor's is taken anew,
        from the folder that one is in. Errors: SpecError too."""

    def undo(self, name: str, to: int | None = None) -> Changed:
        """Back to a version, by default the one before."""

    def undo_own(self, name: str, changed: Changed, why: str) -> Changed | None:
        """Take an update back, unless somebody has changed the service since: then None."""

    def scale(self, name: str, replicas: str) -> Changed:
        """To a number, as it was typed. Errors: SpecError too."""

    def autoscale(self, name: str, options: Mapping[str, str | None]) -> str:
        """Let it scale itself; in which bounds, in words. Errors: SpecError too."""

    def until_ready(self, name: str, changed: Changed) -> Generator[Service, None, Outcome]:
        """Whatever changes, and how it ended."""

    def all(self) -> list[Service]:
        """Newest first."""

    def known(self, name: str) -> None:
        """Nothing but the error where there is none."""

    def one(self, name: str) -> Service:
        """All that there is to see of it."""

    def watch(self, name: str) -> Iterator[Service]:
        """As it is, again and again: whenever something may have changed."""

    def lines(self, name: str, asked: Asked) -> Iterator[Line]: ...

    def events(self, name: str) -> list[Happened]:
        """What the place says of it, the newest last."""

    def open(
        self,
        name: str,
        local: str | None,
        address: str,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        """A port of this machine that leads there, until it is deleted; returns at once where it
        is there already. local: the port, as it was typed."""

    def expose(self, name: str, options: Mapping[str, str | None]) -> None:
        """Errors: SpecError too."""

    def unexpose(self, name: str) -> None: ...

    def delete(self, name: str) -> None:
        """All of it."""
