"""The paths besides `/predict`, and the application of all of them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

import rankzero
from rankzero.serving import page
from rankzero.serving.answers import Refusal
from rankzero.serving.app.docs import HTML, POLICY
from rankzero.serving.app.front import Front
from rankzero.serving.app.openapi import document
from rankzero.serving.app.predict import Predict
from rankzero.serving.app.state import LOADING, State
from rankzero.serving.predictors import Predictor
from rankzero.serving.settings import LIVE, READY

#: Besides the page's own.
_OPEN = {LIVE, READY, "/docs"}


def application(state: State) -> Front:
    """All of a worker's paths."""
    paths, predict = Paths(state), Predict(state)
    pages = page.routes()
    open_paths = frozenset(_OPEN | {one.path for one in pages if isinstance(one, Route)})
    routes = [
        Route("/predict", predict, methods=["POST"]),  # says so to all other methods
        Route(LIVE, paths.live),
        Route(READY, paths.ready),
        Route("/metrics", paths.metrics),
        Route("/api", paths.api),
        Route("/samples/{number:int}", paths.sample),
        Route("/openapi.json", paths.openapi),
        Route("/docs", paths.docs),
        *pages,
    ]
    return Front(predict, Router(routes), state, open_paths)


class Paths:
    """One method a path."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def live(self, request: Request) -> Response:
        """The process answers; whether its model is there is another question."""
        return PlainTextResponse("alive\n")

    async def ready(self, request: Request) -> Response:
        """Errors: Refusal."""
        if self._state.ready():
            return PlainTextResponse("ready\n")
        if self._state.draining:
            raise Refusal(503, "draining", "This server is about to end.")
        if self._state.phase == LOADING:
            raise self._state.excuse()
        raise Refusal(503, "loading", "Another worker's model is being loaded.")

    async def metrics(self, request: Request) -> Response:
        text = self._state.metrics.text()
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def api(self, request: Request) -> Response:
        return JSONResponse(described(self._state))

    async def sample(self, request: Request) -> Response:
        """Errors: Refusal."""
        number = request.path_params["number"]
        if number >= len(self._state.samples):
            raise Refusal(404, "not-found", f"There is no sample {number}.")
        sampled = self._state.samples[number][1]
        headers = {"x-content-type-options": "nosniff"}
        return Response(sampled.body, media_type=sampled.media, headers=headers)

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(document(described(self._state), self._state.token is not None))

    async def docs(self, request: Request) -> Response:
        return HTMLResponse(HTML, headers={"content-security-policy": POLICY})


def described(state: State) -> dict[str, Any]:
    """What `/api` says; see `rankzero.serving.types`. Errors: Refusal."""
    if state.predictor is None:
        raise state.excuse()
    return {
        **of_predictor(state.predictor),
        "version": rankzero.__version__,
        "ready": state.ready(),
        "samples": [
            {"name": name, "media": one.media, "url": f"samples/{place}"}
            | ({} if one.value is None else {"value": one.value})
            for place, (name, one) in enumerate(state.samples)
        ],
        "limits": {"max_body": state.settings.max_body, "timeout": state.settings.timeout},
        "batching": {
            "max_batch": state.settings.max_batch,
            "wait_ms": state.settings.batch_wait_ms,
            "queue": state.settings.queue,
        },
    }


def of_predictor(predictor: Predictor) -> dict[str, Any]:
    """What a predictor is, without a server around it."""
    return {
        "name": predictor.name,
        "title": predictor.title,
        "description": predictor.description,
        "input": predictor.input.describe(),
        "output": predictor.output.describe(),
    }
