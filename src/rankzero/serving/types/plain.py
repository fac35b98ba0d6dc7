"""JSON and text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from rankzero.serving.types.base import (
    JSON,
    UNTYPED,
    BadInput,
    BadOutput,
    Kind,
    Sampled,
    name_of,
    parsed,
)
from rankzero.serving.types.numbers import plain
from rankzero.serving.types.schema import Check, compiled


class Json(Kind):
    """Any JSON, or what a JSON Schema allows. Numpy's numbers and arrays, and tensors, are plain
    numbers and lists in an output."""

    kind = "json"
    media = (JSON,)

    def __init__(
        self, schema: Mapping[str, Any] | None = None, *, title: str = "", help: str = ""
    ) -> None:
        """schema: see `types.schema` for what of JSON Schema counts. Errors: ValueError where it
        says something else."""
        super().__init__(title=title, help=help)
        self._schema = dict(schema or {})
        self._check: Check | None = compiled(self._schema) if schema else None

    def schema(self) -> dict[str, Any]:
        return self._schema

    def decode(self, body: BinaryIO, content_type: str) -> Any:
        if content_type != JSON and content_type not in UNTYPED:
            self.unwelcome(content_type)
        value = parsed(body)
        if self._check is not None and (wrong := self._check(value, "")):
            raise BadInput(wrong)
        return value

    def encode(self, value: Any) -> Any:
        value = plain(value)
        if self._check is not None and (wrong := self._check(value, "")):
            raise BadOutput(f"what it returned does not fit its schema: {wrong}")
        return value


class Text(Kind):
    """A text, in UTF-8."""

    kind = "text"
    media = ("text/plain", JSON)

    def __init__(
        self,
        *,
        max_length: int = 100_000,
        lines: int = 4,
        placeholder: str = "",
        title: str = "",
        help: str = "",
    ) -> None:
        """max_length: in characters. lines, placeholder: of the box on the page."""
        super().__init__(title=title, help=help)
        self.max_length, self.lines, self.placeholder = max_length, lines, placeholder

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length}

    def limits(self) -> dict[str, Any]:
        return {"max_length": self.max_length}

    def ui(self) -> dict[str, Any]:
        return {"lines": self.lines, "placeholder": self.placeholder}

    def decode(self, body: BinaryIO, content_type: str) -> str:
        if content_type == JSON:
            text = parsed(body)
        elif content_type.startswith("text/") or content_type in UNTYPED:
            text = _utf8(body.read())
        else:
            self.unwelcome(content_type)
        if not isinstance(text, str):
            raise BadInput(f"A text is wanted, not {name_of(text)}.")
        if len(text) > self.max_length:
            raise BadInput(
                f"The text has {len(text):,} characters; at most {self.max_length:,} are taken.",
                status=413,
            )
        return text

    def encode(self, value: Any) -> str:
        if not isinstance(value, str):
            raise BadOutput(f"a text (str) was declared, it returned {name_of(value)}")
        return value

    def sample(self, value: Any) -> Sampled:
        return Sampled(self.encode(value).encode(), "text/plain", value)


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"The text is not UTF-8, at byte {error.start}.", status=400) from None
