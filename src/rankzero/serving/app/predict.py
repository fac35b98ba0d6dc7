"""`POST /predict`: one input in, one output out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from rankzero.serving.answers import JSON_TYPE, Refusal
from rankzero.serving.app.state import State
from rankzero.serving.batching.batcher import Batcher
from rankzero.serving.batching.working import Failed
from rankzero.serving.deadline import Deadline
from rankzero.serving.predictors import Predictor
from rankzero.serving.types.base import BadInput
from rankzero.serving.uploads import Upload, received

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

#: What decodes within about a millisecond is decoded where it is; the rest away from the event
#: loop.
_LIGHT = 256 << 10
_CODES = {413: "too-large", 415: "wrong-type"}


class Predict:
    """An ASGI application of one path."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._body(scope, receive)
        headers = [JSON_TYPE, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The answer. Errors: Refusal, Gone."""
        predictor, batcher = self._state.able()
        if self._state.full():
            raise self._state.busy()
        settings = self._state.settings
        batcher.enter()
        upload = None
        try:
            with Deadline(settings.timeout):
                upload = await received(scope["header"], receive, settings.max_body)
                result = await self._predicted(predictor, batcher, upload)
        except TimeoutError:
            raise self._late(upload) from None
        except BadInput as error:
            raise _refused(error) from None
        finally:
            batcher.leave()
            if upload is not None:
                upload.file.close()
        if isinstance(result, Failed):
            raise self._failed(result, scope["request_id"].decode("ascii"))
        packed: bytes = result
        return packed

    async def _predicted(self, predictor: Predictor, batcher: Batcher, upload: Upload) -> Any:
        """Errors: BadInput, Refusal."""
        cost = predictor.input.cost(upload.file, upload.size)
        if cost <= _LIGHT:
            return await batcher.put(predictor.input.decode(upload.file, upload.media))
        async with self._state.budget.taking(cost):
            decode, loop = predictor.input.decode, asyncio.get_running_loop()
            value = await loop.run_in_executor(
                self._state.decoders, decode, upload.file, upload.media
            )
            return await batcher.put(value)

    def _late(self, upload: Upload | None) -> Refusal:
        limit = self._state.settings.timeout
        if upload is None:
            return Refusal(408, "slow-body", f"The body did not come within {limit:g} s.")
        says = f"There was no result within {limit:g} s."
        return Refusal(504, "timeout", says, "See --timeout and --workers.")

    def _failed(self, failed: Failed, request_id: str) -> Refusal:
        if isinstance(failed.error, BadInput):
            return _refused(failed.error)
        self._state.log.failure("predictor-failed", failed.error, id=request_id)
        if failed.whose == "output":
            return Refusal(500, "predictor-failed", f"The predictor is wrong: {failed.error}.")
        says = f"The predictor raised {type(failed.error).__name__}."
        return Refusal(
            500, "predictor-failed", says, f"The server's log has more, at {request_id}."
        )


def pack(output: Any) -> bytes:
    """An encoded output as the answer's body."""
    return _JSON.encode({"output": output}).encode()


#: Made once: `json.dumps` would make one for each answer.
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def _refused(error: BadInput) -> Refusal:
    return Refusal(error.status, _CODES.get(error.status, "bad-input"), str(error), error.hint)
