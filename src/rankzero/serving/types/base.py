"""What all kinds have in common, and the two ways in which a value can be wrong."""

from __future__ import annotations

import base64
import binascii
import importlib.util
import json
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

#: What stands in for "of any type": clients that say nothing of it.
UNTYPED = ("", "application/octet-stream")
JSON = "application/json"


class BadInput(Exception):
    """What came is not what the predictor takes: the sender's fault.

    status: 400 unreadable, 413 too large, 415 of another type, 422 readable but not allowed.
    hint: what to do next. A predictor may raise it too, for an input that it cannot use: the others
    of its batch are not hurt where it puts the exception in its list of outputs instead.
    """

    def __init__(self, message: str, hint: str | None = None, *, status: int = 422) -> None:
        super().__init__(message)
        self.hint, self.status = hint, status


class BadOutput(Exception):
    """The predictor returned something that is not what its `output` says: its author's fault."""


class Sample(NamedTuple):
    """An input to try. value: as `Kind.sample` of the predictor's input takes it."""

    name: str
    value: Any


class Sampled(NamedTuple):
    """A sample as it travels: a body for `POST /predict`. value: for reading, where it is JSON."""

    body: bytes
    media: str
    value: Any = None


class Kind:
    """A type of input or output. Its subclasses say what it is in plain data, and turn what came
    into what a predictor gets, and what that returns into plain JSON."""

    #: The word for it in descriptions.
    kind = ""
    #: Media types of an input; empty for what can only be an output.
    media: tuple[str, ...] = ()
    #: Modules, each with the package that brings it, without which it cannot work.
    needs: tuple[tuple[str, str], ...] = ()

    def __init__(self, *, title: str = "", help: str = "") -> None:
        """title, help: for people, on the page."""
        self.title, self.help = title, help

    def describe(self) -> dict[str, Any]:
        """Itself as plain data; the package's docstring has the keys."""
        return {
            "kind": self.kind,
            "title": self.title,
            "help": self.help,
            "schema": self.schema(),
            "media": list(self.media),
            "limits": self.limits(),
            "ui": self.ui(),
        }

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its JSON form."""
        return {}

    def limits(self) -> dict[str, Any]:
        """How much is taken."""
        return {}

    def ui(self) -> dict[str, Any]:
        """What a page may want to know besides."""
        return {}

    def missing(self) -> list[str]:
        """The packages that it needs and that are not installed."""
        return [package for module, package in self.needs if not _there(module)]

    def cost(self, body: BinaryIO, size: int) -> int:
        """About how many bytes decoding takes, of a body of so many. The file is at its beginning
        before and after. Where it is much, decoding waits for its turn, away from the event
        loop."""
        return 4 * size

    def decode(self, body: BinaryIO, content_type: str) -> Any:
        """What the predictor gets. body: seekable, at its beginning; content_type: as declared, in
        small letters and without parameters, may be empty. Errors: BadInput."""
        raise NotImplementedError(f"{type(self).__name__} can only be an output")

    def encode(self, value: Any) -> Any:
        """Plain JSON of what a predictor returned. Errors: BadOutput."""
        raise NotImplementedError(f"{type(self).__name__} can only be an input")

    def sample(self, value: Any) -> Sampled:
        """A sample's body. Errors: BadOutput, OSError where it names a file."""
        body = json.dumps(value, allow_nan=False).encode()
        return Sampled(body, JSON, value)

    def unwelcome(self, content_type: str) -> NoReturn:
        """Errors: BadInput, always: it is of a type that is not taken."""
        hint = f"Send one of: {', '.join(self.media)}"
        raise BadInput(f"{content_type} is not taken here.", hint, status=415)


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def parsed(body: BinaryIO) -> Any:
    """JSON. Errors: BadInput."""
    raw = body.read()
    if not raw:
        raise BadInput("The body is empty.", "Send a JSON document.", status=400)
    try:
        return _JSON.decode(raw.decode())
    except UnicodeDecodeError:
        raise BadInput("The body is not JSON: it is not UTF-8.", status=400) from None
    except RecursionError:
        raise BadInput("The body is JSON that is nested too deeply.", status=400) from None
    except ValueError as error:
        raise BadInput(f"The body is not JSON: {error}", status=400) from None


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


#: Made once: `json.loads` would make one for each body.
_JSON = json.JSONDecoder(parse_constant=_refused)


def from_base64(body: BinaryIO, what: str) -> bytes:
    """The bytes that a JSON string holds, as base64 or as a `data:` URL. Errors: BadInput."""
    text = parsed(body)
    if not isinstance(text, str):
        raise BadInput(f"As JSON, {what} is a string: its bytes in base64, or a data: URL.")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"The string is not base64, so it is no {what}.", status=400) from None


def data_url(raw: bytes, media: str) -> str:
    """Bytes within JSON, as a page can show them."""
    return f"data:{media};base64,{base64.b64encode(raw).decode('ascii')}"


def name_of(value: object) -> str:
    """A value's type, for messages: `numpy.ndarray`, `dict`."""
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def mismatch(declared: str, value: object) -> BadOutput:
    """The error of a predictor that returned something else."""
    return BadOutput(f"{declared} was declared, it returned {name_of(value)}")


def raw_of(value: Any) -> bytes | None:
    """The bytes where a value is some, or a file's path. Errors: OSError."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str | Path):
        return Path(value).read_bytes()
    return None
