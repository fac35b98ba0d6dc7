"""What every answer has in common: an id, a token where one is asked for, one form of errors, a
line in the log. Around Starlette's router, and not in middleware, of which each layer costs every
request."""

from __future__ import annotations

import hmac
import re
import time
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from rankzero.serving.answers import JSON_TYPE, Refusal
from rankzero.serving.app.state import State
from rankzero.serving.uploads import Gone

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What a client may call its request; anything else gets an id of ours.
_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_WORDS = {
    404: ("not-found", "There is nothing at this path."),
    405: ("not-allowed", "This path takes another method."),
}
#: A client that hung up before its answer; no status that anybody is sent.
GONE = 499


class Front:
    """The whole application. predict: what answers `POST /predict`, which need not be looked for;
    inner: all else. open_paths: those that want no token."""

    def __init__(
        self, predict: ASGIApp, inner: ASGIApp, state: State, open_paths: frozenset[str]
    ) -> None:
        self._predict, self._inner, self._state, self._open = predict, inner, state, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        call = _Call(self._id(headers), send, self._state)
        scope["request_id"], scope["header"] = call.id, headers
        scope["app"] = self  # so that the router raises, and errors have one form
        predicts = scope["path"] == "/predict" and scope["method"] == "POST"
        began = time.perf_counter()
        try:
            self._authorize(scope, headers)
            await (self._predict if predicts else self._inner)(scope, receive, call.send)
        except Refusal as refusal:
            await call.refuse(refusal)
        except HTTPException as error:
            code, says = _WORDS.get(error.status_code, ("bad-request", error.detail))
            extra = [(k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items()]
            await call.refuse(Refusal(error.status_code, code, says, None, extra))
        except Gone:
            call.status = GONE
        except Exception as error:  # a bug of ours must not look like a connection that broke
            self._state.log.failure("bug", error, id=call.id.decode())
            says = "This is a bug in rankzero; the server's log has more."
            await call.refuse(Refusal(500, "bug", says))
        seconds = time.perf_counter() - began
        if predicts:
            self._state.metrics.answered(call.status, seconds)
        if self._state.settings.access_log:
            self._tell(scope, headers, call, seconds)

    def _id(self, headers: dict[bytes, bytes]) -> bytes:
        given = headers.get(b"x-request-id", b"")
        return given if _ID.fullmatch(given) else self._state.ids()

    def _authorize(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Errors: Refusal."""
        token = self._state.token
        if token is None or scope["path"] in self._open:
            return
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), token.encode()):
            says = (
                "This server wants its token." if not given else "This is not the server's token."
            )
            hint = "Send it: Authorization: Bearer TOKEN"
            raise Refusal(401, "unauthorized", says, hint, [(b"www-authenticate", b"Bearer")])

    def _tell(self, scope: Scope, headers: dict[bytes, bytes], call: _Call, seconds: float) -> None:
        client: Any = scope.get("client")
        self._state.log.request(
            id=call.id.decode("ascii"),
            method=scope["method"],
            path=scope["path"][:200],
            status=call.status,
            seconds=round(seconds, 6),
            received=headers.get(b"content-length", b"").decode("latin-1")[:20],
            sent=call.sent,
            client=client[0] if client else None,
            **({"error": call.code} if call.code else {}),
        )


class _Call:
    """One request's answer on its way out."""

    def __init__(self, request_id: bytes, send: Send, state: State) -> None:
        self.id, self._send, self._state = request_id, send, state
        self.status, self.sent, self.code = 0, 0, ""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.id)]
            if self._state.draining:
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        else:
            self.sent += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """The answer, unless there is the beginning of another."""
        if self.status:
            raise refusal
        body = refusal.body(self.id.decode("ascii"))
        self.code = refusal.code
        length = (b"content-length", str(len(body)).encode())
        headers = [JSON_TYPE, length, *refusal.headers]
        await self.send(
            {"type": "http.response.start", "status": refusal.status, "headers": headers}
        )
        await self.send({"type": "http.response.body", "body": body})
