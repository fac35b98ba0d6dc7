"""A worker: loads the model, listens on the socket that all workers share, and answers until it is
told to end, has answered its share, or is stuck."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import uvicorn

from rankzero.agent import exits
from rankzero.errors import Error
from rankzero.serving import answers, said
from rankzero.serving.app.predict import pack
from rankzero.serving.app.routes import application
from rankzero.serving.app.state import READY, STUCK, State
from rankzero.serving.batching.batcher import Batcher
from rankzero.serving.batching.deciding import Policy
from rankzero.serving.batching.working import Worker
from rankzero.serving.failing import told
from rankzero.serving.logs import Log
from rankzero.serving.metrics import Metrics
from rankzero.serving.predictors import Predictor
from rankzero.serving.protocol import protocol
from rankzero.serving.settings import Settings
from rankzero.serving.types.base import Sampled

#: What one that is stuck may still need to say so to all who wait (seconds).
_FAREWELL = 2.0
_KEEP_ALIVE = 75


class Place(NamedTuple):
    """Which worker it is, and the descriptors that it was given."""

    row: int
    listener: int
    metrics: int
    control: int


def main() -> None:
    """argv: the settings and the place, as JSON."""
    given = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the keeper decides
    serving = Serving(Settings.of(given["settings"]), Place(*given["place"]))
    asyncio.run(serving.run())
    serving.end()


class _Server(uvicorn.Server):
    """Signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Serving:
    """One worker's life."""

    def __init__(self, settings: Settings, place: Place) -> None:
        self._settings, self._place = settings, place
        self._control = socket.socket(fileno=place.control)
        self._control.setblocking(False)
        self._metrics = Metrics(place.metrics, place.row, settings.workers)
        self._metrics.begin()
        self._server: _Server | None = None

    async def run(self) -> None:
        """To its end."""
        self._loop = asyncio.get_running_loop()
        self._log = Log(1, self._place.row, self._loop)
        logging.getLogger("uvicorn").addHandler(_Words(self._log))
        settings = self._settings
        self._state = State(settings, settings.token(), self._metrics, self._log)
        self._loop.add_signal_handler(signal.SIGTERM, self._drain, settings.drain)
        self._loop.add_reader(self._control, self._heard)
        self._worker = Worker()
        self._worker.do(self._load)
        config = uvicorn.Config(
            application(self._state),
            loop="asyncio",
            http=protocol(self._state),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_max_requests=settings.recycle_after or None,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=int(settings.grace + _FAREWELL) + 1,
        )
        self._server = _Server(config)
        await self._server.serve([socket.socket(fileno=self._place.listener)])

    def end(self) -> None:
        """Leave at once: a predictor's thread may never end."""
        if self._state.phase != STUCK and not self._state.draining:
            said.tell(self._control, said.LEAVING, why=said.RECYCLED)
        self._metrics.end()
        self._log.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exits.DONE)

    def _heard(self) -> None:
        """The keeper says nothing: it has gone."""
        self._loop.remove_reader(self._control)
        self._drain(0.0)

    def _drain(self, wait: float) -> None:
        """End, after the time in which others learn that this is so."""
        if self._state.draining:
            return
        self._state.draining = True
        self._loop.call_later(wait, self._close)

    def _close(self) -> None:
        """Take no more connections; answer what is here."""
        assert self._server is not None
        self._server.should_exit = True
        self._loop.call_later(self._settings.grace, self._refuse)

    def _refuse(self) -> None:
        """What is still here gets an answer, though not the one it wanted."""
        if self._state.batcher is not None:
            says = "This server ends, and the time for its last answers is over."
            self._state.batcher.refuse(answers.unavailable("draining", says, 1))

    def _load(self) -> None:
        """In the predictor's thread."""
        began = time.perf_counter()
        try:
            predictor = Predictor(self._settings.predictor)
            self._loop.call_soon_threadsafe(self._known, predictor)
            predictor.load(self._settings.model)
            samples = predictor.samples()
        except BaseException as error:  # whatever the user's file does, sys.exit() too
            self._loop.call_soon_threadsafe(self._failed, error)
        else:
            seconds = time.perf_counter() - began
            self._loop.call_soon_threadsafe(self._loaded, predictor, samples, seconds)

    def _known(self, predictor: Predictor) -> None:
        self._state.predictor = predictor

    def _loaded(
        self, predictor: Predictor, samples: list[tuple[str, Sampled]], seconds: float
    ) -> None:
        settings, state = self._settings, self._state
        wait = settings.batch_wait_ms / 1000
        policy = Policy(settings.max_batch, wait, settings.queue, settings.timeout)
        state.batcher = Batcher(predictor, self._worker, policy, self._metrics, pack, self._stuck)
        state.samples = samples
        state.phase = READY
        self._metrics.ready()
        self._log.event("ready", seconds=round(seconds, 3))
        said.tell(self._control, said.READY, name=predictor.name)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, Error):
            self._log.failure("load-failed", error)
        said.tell(self._control, said.FAILED, **told(error, self._settings.predictor))
        self._log.flush()
        os._exit(exits.JOB_FAILED)

    def _stuck(self) -> None:
        """The predictor does not come back, and its thread cannot be ended without this process."""
        state = self._state
        state.phase = STUCK
        self._metrics.set("workers_ready", 0)
        self._log.event("stuck", limit=self._settings.timeout)
        said.tell(self._control, said.LEAVING, why=said.STUCK)
        assert state.batcher is not None and self._server is not None
        state.batcher.refuse(state.excuse())
        state.draining = True
        self._server.should_exit = True
        self._server.config.timeout_graceful_shutdown = int(_FAREWELL)


class _Words(logging.Handler):
    """uvicorn's warnings, as lines of ours."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            self._log.failure("http", record.exc_info[1], level=fields["level"])
        else:
            self._log.event("http", **fields)
