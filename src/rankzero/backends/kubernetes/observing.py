"""A run's Jobs and pods as they are now, kept so by watches that outlive the API server's restarts.

The watches live in an event loop, in a thread of its own: whoever looks at a run mostly waits for
its lines, and must hear of a pod's end at that time, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rankzero.backends.kubernetes import reading, shapes, state, trouble
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.viewer import glances
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names

if TYPE_CHECKING:
    import httpx2

    from rankzero.backends.kubernetes.cluster import Cluster, Object

#: Between two tries at an API server that does not answer (seconds): at first, and at most.
_FIRST_RETRY, _LAST_RETRY = 0.2, 5.0
#: How long a watch has to have gone well for its end to be nothing that repeats itself (seconds).
_STEADY = 10.0
#: How long a server that has just started may not know who may do what (seconds).
STARTING = 30.0


class Observed:
    """A run that is looked at: a context manager. Errors on entering: Refused.

    label: by which its objects are found, where not by the run's. kinds: of what is watched.

    silent_since: since when the API server has not answered (seconds of the monotonic clock), None
    where it does; trouble: what it, or the way to it, said then. up_since: since when it answers.
    """

    def __init__(
        self,
        cluster: Cluster,
        run: str,
        label: str = names.RUN,
        kinds: Sequence[str] = ("Job", "Pod"),
    ) -> None:
        self._cluster, self._run, self._label = cluster, run, label
        self._things: dict[str, dict[str, Object]] = {kind: {} for kind in kinds}
        self._listed: set[str] = set()
        self._changed = threading.Condition()
        self._version = 0
        self._failed: BaseException | None = None
        self._hooks: list[Callable[[], None]] = []
        self._events: asyncio.Task[None] | None = None
        self.unread: tuple[str, ...] = ()
        self.silent_since: float | None = None
        self.up_since = time.monotonic()
        self.trouble: Refused | None = None

    def __enter__(self) -> Observed:
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._live())
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        version = 0
        while not self._listed >= self._things.keys():
            self.wait(version)
            version = self.version
            if (failed := self._failed or self.trouble) is not None:
                self.__exit__()
                raise failed
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    @property
    def version(self) -> int:
        """Counts the changes."""
        return self._version

    @property
    def found(self) -> Found | None:
        """The run; None where its first Job is gone."""
        with self._changed:
            jobs, pods = (list(self._things[kind].values()) for kind in ("Job", "Pod"))
        every = state.found(jobs, pods)
        return every[0] if every else None

    @property
    def pods(self) -> list[Object]:
        return self.all("Pod")

    @property
    def jobs(self) -> list[Object]:
        return self.all("Job")

    @property
    def events(self) -> list[Object]:
        """What the cluster says of them, from `hear` on; `unread` where this user may not know."""
        return self.all("Event")

    def all(self, kind: str) -> list[Object]:
        """All of a kind that is watched."""
        with self._changed:
            return list(self._things.get(kind, {}).values())

    def hear(self) -> None:
        """Keep the cluster's events about the run, too, until `deaf`: for as long as the run waits
        for something, since they come with all others of the namespace."""
        self._call(self._hear)

    def deaf(self) -> None:
        self._call(self._deaf)

    def wait(self, version: int, timeout: float | None = None) -> None:
        """Until there is a newer version than this, or so many seconds are over. Errors: Refused
        where this user may not look any more."""
        for step in glances(timeout):
            with self._changed:
                if self._changed.wait_for(lambda: self._version > version or self._failed, step):
                    break
        if self._failed is not None and self._listed >= self._things.keys():
            raise self._failed

    @contextlib.contextmanager
    def on_change(self, hook: Callable[[], None]) -> Iterator[None]:
        """Call it, in the watches' thread, now and after every change."""
        self._hooks.append(hook)
        self._loop.call_soon_threadsafe(hook)
        try:
            yield
        finally:
            self._hooks.remove(hook)

    def _call(self, work: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the watches have ended
            self._loop.call_soon_threadsafe(work)

    # -- in the thread

    def _hear(self) -> None:
        if self._events is None and "events" not in self.unread:
            self._events = self._loop.create_task(self._keep_events())

    def _deaf(self) -> None:
        if self._events is not None:
            self._events.cancel()
            self._events = None

    async def _keep_events(self) -> None:
        """Whether the API server answers, the other watches tell."""
        async with self._cluster.client() as client:
            while True:
                try:
                    version = await self._list(client, "Event")
                    while True:
                        version = await self._follow(client, "Event", version)
                except trouble.Gone:
                    continue
                except trouble.Unreachable:
                    await asyncio.sleep(_LAST_RETRY)
                except Refused:  # causes say what they know without them
                    self.unread = ("events",)
                    self._tell()
                    return

    def _serve(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        if self._events is not None:
            self._events.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._events)
        self._loop.close()

    async def _live(self) -> None:
        try:
            async with self._cluster.client() as client:
                keeping = [asyncio.create_task(self._keep(client, one)) for one in self._things]
                try:
                    await asyncio.gather(*keeping)
                finally:
                    for task in keeping:
                        task.cancel()
                    await asyncio.gather(*keeping, return_exceptions=True)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # whoever waits would wait for ever
            self._failed = error
            self._tell()

    async def _keep(self, client: httpx2.AsyncClient, kind: str) -> None:
        """Errors: Refused, for what trying again does not help."""
        version: str | None = None
        barred_since: float | None = None
        pause = _FIRST_RETRY
        while True:
            began = time.monotonic()
            try:
                version = await self._list(client, kind) if version is None else version
                version = await self._follow(client, kind, version)
            except trouble.Gone:
                version = None
            except trouble.Unreachable as said:
                version = barred_since = None
                self._silent(said)
            except trouble.Forbidden as said:
                version, barred_since = None, barred_since or time.monotonic()
                if kind not in self._listed or time.monotonic() - barred_since > STARTING:
                    raise
                self._silent(said)
            if time.monotonic() - began > _STEADY:
                pause, barred_since = _FIRST_RETRY, None
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LAST_RETRY)

    def _silent(self, said: Refused) -> None:
        self.silent_since = self.silent_since or time.monotonic()
        self.trouble = said
        self._tell()

    async def _list(self, client: httpx2.AsyncClient, kind: str) -> str:
        answer = await self._cluster.ask(client, kind, self._selector(kind), shapes.LISTS[kind])
        with self._changed:
            items = [thing for thing in answer["items"] if self._ours(kind, thing)]
            things = {thing["metadata"]["name"]: thing for thing in items}
            self._things[kind] = things
            self._listed.add(kind)
        if self.silent_since is not None:
            self.silent_since, self.up_since = None, time.monotonic()
        self._tell()
        return str(answer["metadata"]["resourceVersion"])

    async def _follow(self, client: httpx2.AsyncClient, kind: str, version: str) -> str:
        """Until the server ends the stream; the version from which another one goes on."""
        changes: AsyncGenerator[tuple[str, Object], None] = self._cluster.follow(
            client, kind, self._selector(kind), version, shapes.ONES[kind]
        )
        async with contextlib.aclosing(changes):
            async for change, thing in changes:
                version = thing["metadata"]["resourceVersion"]
                self._take(kind, change, thing)
        return version

    def _take(self, kind: str, change: str, thing: Object) -> None:
        if not self._ours(kind, thing):
            return
        with self._changed:
            if change == "DELETED":
                self._things[kind].pop(thing["metadata"]["name"], None)
            elif change != "BOOKMARK":
                self._things[kind][thing["metadata"]["name"]] = thing
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()
        for hook in list(self._hooks):
            hook()

    def _selector(self, kind: str) -> str:
        """Events have no labels."""
        return "" if kind == "Event" else f"{self._label}={self._run}"

    def _ours(self, kind: str, thing: Object) -> bool:
        """Of a namespace's events, those about this run."""
        about = thing.get("involvedObject") or {}
        name = str(about.get("name"))
        if about.get("kind") == "Workload":
            name = reading.workload_of(name)
        return kind != "Event" or f"{name}-".startswith(f"{self._run}-")
