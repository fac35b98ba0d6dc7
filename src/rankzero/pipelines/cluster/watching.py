"""A pipeline on a cluster watched: its ledger as it grows, and the lines of the runs that its parts
are, each followed in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rankzero.agent.events import FINISHED, Event
from rankzero.backends.base import LogBlock, LogQuery, Note
from rankzero.backends.kubernetes import trouble
from rankzero.backends.kubernetes.cluster import Object
from rankzero.backends.kubernetes.observing import STARTING, Observed
from rankzero.driver import facts
from rankzero.driver.cluster import words
from rankzero.errors import Error, Refused, UnknownRun
from rankzero.pipelines.cluster.reading import (
    begun,
    driven,
    ended_by,
    facts_in,
    is_service,
    lines_of,
    of_attempt,
)
from rankzero.pipelines.progress import Attempt

if TYPE_CHECKING:
    from rankzero.pipelines.cluster.there import There

#: Before a watch that broke is begun again, and until a run that was just begun is looked for
#: again (seconds).
_AGAIN = 0.5
#: How long the lines of an attempt that is over may take to come (seconds).
_LAST_LINES = 20.0
#: How long nothing may happen before it is looked at what it waits for, at first and at most
#: (seconds).
_QUIET, _MOST_QUIET = 15.0, 120.0
#: So many attempts are followed at once; the lines of more come when others have ended.
_AT_ONCE = 16

_Item = Event | LogBlock | Note | Error | None
#: That all lines have come.
_DRAINED = Event(0, 0.0, "drained", {})


class Watching:
    """One who looks at a pipeline on a cluster, and how far they have come. goes_on: of the
    driver's Job, whether there is more to come."""

    def __init__(
        self,
        there: There,
        query: LogQuery,
        events_from: int,
        goes_on: Callable[[Object], bool] = driven,
    ) -> None:
        self._there, self._query, self._next = there, query, events_from
        self._goes_on = goes_on
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._turns = threading.Semaphore(_AT_ONCE)
        self._lines: list[threading.Thread] = []
        self._running: dict[facts.Part, int] = {}
        self._noted: set[str] = set()

    def tell(self, item: Note | Error) -> None:
        """For the one who looks, from another thread: an error ends the looking."""
        self._items.put(item)

    def items(self) -> Iterator[Event | LogBlock | Note]:
        """Until it is over, or nobody drives it any more. Errors: Refused."""
        known = self._there.events()
        self._know(known)
        for one in begun(self._there, (one for one in known if one.seq < self._next)):
            if one.number in self._running.values():
                self._follow(one)
            else:
                yield from lines_of(self._there, one.part, one.number, self._query)
        loop = asyncio.new_event_loop()
        task = loop.create_task(self._watch())
        thread = threading.Thread(target=self._serve, args=(loop, task), daemon=True)
        thread.start()
        try:
            yield from self._all()
        finally:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    # -- inside

    def _know(self, events: list[Event]) -> None:
        """What was told before, for whoever begins in the middle."""
        for event in events:
            if event.seq < self._next:
                self._count(event)

    def _count(self, event: Event) -> None:
        fact = facts.from_event(event)
        if isinstance(fact, facts.Started):
            self._running[fact.part] = fact.number
        elif isinstance(fact, (facts.Committed, facts.Broke, facts.Dropped)):
            self._running.pop(fact.part, None)

    def _all(self) -> Iterator[Event | LogBlock | Note]:
        quiet = _QUIET
        while True:
            try:
                item = self._items.get(timeout=quiet)
            except queue.Empty:
                quiet = min(2 * quiet, _MOST_QUIET)
                yield from self._obstacles()
                continue
            quiet = _QUIET
            if item is None:
                return
            if isinstance(item, Error):
                raise item
            if isinstance(item, (LogBlock, Note)):
                yield item
                continue
            if item.kind == FINISHED:
                yield from self._rest()
                yield item
                return
            self._count(item)
            fact = facts.from_event(item)
            if isinstance(fact, facts.Started) and not is_service(self._there, fact.part.step):
                self._follow(fact)
            yield item

    def _obstacles(self) -> Iterator[Note]:
        """What it waits for, each said once."""
        running = [Attempt(part, 1, number, 0.0) for part, number in self._running.items()]
        found: list[str] = []
        with contextlib.suppress(Error):  # whoever watches hears of that as well
            for label, text in self._there.obstacles(running):
                found.append(text if label == "waits" else f"{label}: {text}")
        for text in found:
            if text not in self._noted:
                self._noted.add(text)
                yield Note(text)

    def _rest(self) -> Iterator[LogBlock]:
        """The lines that are still on their way."""
        done = threading.Thread(target=self._join, daemon=True)
        done.start()
        while True:
            try:
                item = self._items.get(timeout=_LAST_LINES)
            except queue.Empty:
                return
            if item is _DRAINED:
                return
            if isinstance(item, LogBlock):
                yield item

    def _join(self) -> None:
        for thread in self._lines:
            thread.join(_LAST_LINES)
        self._items.put(_DRAINED)

    # -- lines, in threads

    def _follow(self, attempt: facts.Started) -> None:
        thread = threading.Thread(target=self._lines_of, args=(attempt,), daemon=True)
        self._lines.append(thread)
        thread.start()

    def _lines_of(self, attempt: facts.Started) -> None:
        part, number = attempt.part, attempt.number
        run = words.part(self._there.run, number)
        with self._turns, contextlib.suppress(Error):
            for item in self._there.backend.watch(self._made(run), self._query):
                if isinstance(item, LogBlock):
                    self._items.put(of_attempt(self._there, part, number, item))
                elif isinstance(item, Note) and item.text not in self._noted:
                    self._noted.add(item.text)  # of a server that is away, all would say the same
                    self._items.put(Note(f"{run}: {item.text}"))

    def _made(self, run: str) -> str:
        """Its fact comes before the run. Errors: UnknownRun where it never came."""
        with Observed(self._there.cluster, run) as live:
            for _ in range(int(_LAST_LINES / _AGAIN)):
                version = live.version
                if live.found is not None:
                    return run
                live.wait(version, _AGAIN)
        raise UnknownRun(f"{run} was not made")

    # -- the ledger, in a thread

    def _serve(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        except Error as error:
            self._items.put(error)
        except Exception as error:  # nobody else would hear of it
            self._items.put(Refused(f"{self._there.run} cannot be followed: {error!r}"))
        finally:
            loop.close()

    async def _watch(self) -> None:
        """Every new fact, and None where nobody drives it any more."""
        selector = self._there.selector
        async with self._there.cluster.client() as client:
            await asyncio.gather(
                self._kind(client, "ConfigMap", f"{selector},{words.PART}={words.LEDGER}"),
                self._kind(client, "Job", f"{selector},{words.PART}={words.DRIVER}"),
            )

    async def _kind(self, client: object, kind: str, selector: str) -> None:
        cluster = self._there.cluster
        #: Since when an API server refuses what it has allowed, as one does that has just started.
        barred: float | None = None
        known = False
        while True:
            try:
                listed = await cluster.ask(client, kind, selector)  # type: ignore[arg-type]
                known, barred = True, None
                for one in listed["items"]:
                    self._take(kind, one)
                if kind == "Job" and not listed["items"]:  # it went while nobody looked
                    self._items.put(None)
                version = listed["metadata"]["resourceVersion"]
                while True:
                    async for change, one in cluster.follow(
                        client,  # type: ignore[arg-type]
                        kind,
                        selector,
                        version,
                        dict,
                    ):
                        version = one["metadata"]["resourceVersion"]
                        if change == "DELETED":
                            self._items.put(None)
                        elif change != "BOOKMARK":
                            self._take(kind, one)
            except (trouble.Gone, trouble.Unreachable):
                await asyncio.sleep(_AGAIN)
            except trouble.Forbidden:
                barred = barred or time.monotonic()
                if not known or time.monotonic() - barred > STARTING:
                    raise
                await asyncio.sleep(_AGAIN)

    def _take(self, kind: str, one: Object) -> None:
        if kind == "Job":
            if not self._goes_on(one):
                told = self._there.events()
                for event in (*told, *ended_by(one, told)):
                    self._put(event)
                self._items.put(None)
            return
        for event in facts_in([one], self._next):
            if event.seq > self._next:  # of an earlier part that has not come yet
                for missed in self._there.events(self._next):
                    self._put(missed)
            self._put(event)

    def _put(self, event: Event) -> None:
        if event.seq == self._next:
            self._next += 1
            self._items.put(event)
