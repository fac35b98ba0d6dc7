"""What a worker knows of itself, for all that answers requests."""

from __future__ import annotations

import concurrent.futures
import itertools
import secrets

from rankzero.serving import answers
from rankzero.serving.answers import Refusal
from rankzero.serving.batching.batcher import Batcher
from rankzero.serving.batching.deciding import admits
from rankzero.serving.budget import Budget
from rankzero.serving.logs import Log
from rankzero.serving.metrics import Metrics
from rankzero.serving.predictors import Predictor
from rankzero.serving.settings import Settings
from rankzero.serving.shedding import Plain, answer
from rankzero.serving.types.base import Sampled

#: What decoded inputs of a worker may take together (bytes).
_DECODED = 256 << 20
#: How many are decoded at once.
_DECODERS = 2

LOADING, READY, STUCK = "loading", "ready", "stuck"


class State:
    """phase: LOADING, READY or STUCK. predictor is there once its file was imported, batcher once
    its model is loaded. draining: this worker has been asked to end."""

    def __init__(self, settings: Settings, token: str | None, metrics: Metrics, log: Log) -> None:
        self.settings, self.token, self.metrics, self.log = settings, token, metrics, log
        self.phase = LOADING
        self.draining = False
        self.predictor: Predictor | None = None
        self.batcher: Batcher | None = None
        self.samples: list[tuple[str, Sampled]] = []
        self.budget = Budget(_DECODED)
        self._prefix, self._count = secrets.token_hex(6), itertools.count()
        self.decoders = concurrent.futures.ThreadPoolExecutor(_DECODERS, "decoder")

    def ids(self) -> bytes:
        """A name for a request whose sender gave it none."""
        return f"{self._prefix}{next(self._count):x}".encode()

    def ready(self) -> bool:
        """Whether requests should be sent here: this worker can answer them, and at the start so
        can all others."""
        return self.phase == READY and not self.draining and self.metrics.all_loaded()

    def full(self, begun: int = 0) -> bool:
        """Whether one more request is one too many. begun: how many were read, for some of them may
        not have been let in or refused yet."""
        batcher = self.batcher
        return batcher is not None and not admits(batcher.policy, max(begun, batcher.inside))

    def busy(self) -> Refusal:
        """What one more request is told then."""
        assert self.batcher is not None
        says = f"{self.batcher.inside} requests are here already."
        return answers.busy(self.batcher.retry_after, says)

    def shed(self, plain: Plain, client: tuple[str, int] | None) -> bytes:
        """The answer to a request that was not even let in, which is counted like any other."""
        request_id = plain.request_id or self.ids()
        body = answer(self.busy(), request_id)
        self.metrics.answered(429, 0.0)
        if self.settings.access_log:
            self.log.request(
                id=request_id.decode("ascii"),
                method="POST",
                path="/predict",
                status=429,
                seconds=0.0,
                received=str(plain.length),
                sent=len(body),
                client=client[0] if client else None,
                error="busy",
            )
        return body

    def able(self) -> tuple[Predictor, Batcher]:
        """What predictions need. Errors: Refusal."""
        if self.phase == READY and self.predictor is not None and self.batcher is not None:
            return self.predictor, self.batcher
        raise self.excuse()

    def excuse(self) -> Refusal:
        """Why there are no predictions."""
        if self.phase == STUCK:
            limit = f"{self.settings.timeout:g} s"
            says = f"The predictor has worked on one batch for over {limit}; it is replaced."
            return answers.unavailable("stuck", says, 5)
        return answers.unavailable("loading", "The model is being loaded.", 5)
