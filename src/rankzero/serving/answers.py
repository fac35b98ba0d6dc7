"""What is answered where there is no result: one shape for all of it."""

from __future__ import annotations

import json
from typing import Any

Headers = list[tuple[bytes, bytes]]
JSON_TYPE = (b"content-type", b"application/json")


class Refusal(Exception):
    """An answer that is no result. headers: besides the usual ones."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint = status, code, message, hint
        self.headers = headers or []

    def body(self, request_id: str) -> bytes:
        error: dict[str, Any] = {
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "request_id": request_id,
        }
        return json.dumps({"error": error}).encode()


def busy(seconds: int, message: str) -> Refusal:
    return Refusal(429, "busy", message, f"Try again in {seconds} s.", _later(seconds))


def unavailable(code: str, message: str, seconds: int) -> Refusal:
    """503: not now, but somebody else, or later."""
    return Refusal(503, code, message, f"Try again in {seconds} s.", _later(seconds))


def too_large(limit: int) -> Refusal:
    return Refusal(413, "too-large", f"The body is larger than {limit:,} bytes.", "Send less.")


def _later(seconds: int) -> Headers:
    return [(b"retry-after", str(seconds).encode())]
