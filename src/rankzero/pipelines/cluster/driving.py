"""A pipeline on a cluster that this process drives, with the rights of its user."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rankzero.agent import api
from rankzero.agent.events import Event
from rankzero.backends.base import LogBlock, LogQuery, Note
from rankzero.driver.cluster.driving import Driver
from rankzero.driver.cluster.ledger import Fenced
from rankzero.driver.cluster.objects import to_stderr
from rankzero.errors import Error, Refused
from rankzero.pipelines.cluster.clients import Client
from rankzero.pipelines.cluster.objects import OverKubeconfig
from rankzero.pipelines.cluster.reading import over
from rankzero.pipelines.cluster.there import There
from rankzero.pipelines.cluster.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from rankzero.backends.kubernetes.cluster import Cluster, Object
    from rankzero.backends.places import Place

#: How long the last words to the API server may take (seconds): without them it is as if this
#: process had been killed.
_LAST_WORDS = 10.0


class Driving(There):
    """As long as it is watched, it is driven, by a thread. One that is killed leaves what runs, and
    another client goes on with it."""

    def __init__(self, cluster: Cluster, place: Place, job: Object) -> None:
        super().__init__(cluster, place, job)
        self._driver: Driver | None = None

    def watch(self, query: LogQuery, events_from: int = 1) -> Iterator[Event | LogBlock | Note]:
        """Errors: also Refused where another client has taken over, or this user may not go on."""
        watching = Watching(self, query, events_from, goes_on=lambda job: not over(job))
        driver = self._driver = self._made(lambda text: watching.tell(Note(text)))
        thread = threading.Thread(target=self._serve, args=(driver, watching.tell), daemon=True)
        thread.start()
        try:
            yield from watching.items()
        finally:
            driver.leave()
            thread.join(_LAST_WORDS)

    def stop(self, by: str, *, now: bool = False) -> bool:
        """From a signal's handler, too."""
        if self._driver is not None:
            self._driver.stop(by)
        return self._driver is not None

    def to_its_end(self) -> None:
        """Drive it until it is over. Errors: Refused."""
        with self._refusing():
            self._made(to_stderr).run()

    # -- inside

    def _made(self, say: Callable[[str], None]) -> Driver:
        with self._refusing():
            return Driver(
                OverKubeconfig(self.cluster), self.whole_plan(), str(Client.me()), say=say
            )

    def _serve(self, driver: Driver, tell: Callable[[Error], None]) -> None:
        try:
            with self._refusing():
                driver.run()
        except Error as error:
            tell(error)
        except Exception as error:  # nobody else would hear of it
            tell(Refused(f"{self.run} cannot be driven: {error!r}", self.onward()))

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except Fenced as error:
            raise Refused(
                f"another client drives {self.run} by now; this one has left.",
                f"Follow it: rankzero pipeline attach {self.run}",
            ) from error
        except api.Denied as error:
            raise Refused(
                f"{self.run} cannot be driven with your rights: {error}",
                f"What runs goes on. When you may: rankzero pipeline resume {self.run}",
            ) from error
        except (api.Absent, api.Invalid) as error:
            raise Refused(f"{self.run} cannot be driven: {error}", self.onward()) from error
