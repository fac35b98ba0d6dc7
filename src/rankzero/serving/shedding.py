"""A refusal that costs next to nothing: a server that has more to do than it can must not spend its
time on saying so. Only for the plainest requests; all others are refused on the usual way."""

from __future__ import annotations

import re
from typing import NamedTuple

from rankzero.serving.answers import Refusal

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,9})(?=\r\n|$)", re.IGNORECASE)
_ID = re.compile(rb"\r\nx-request-id: *([\x21-\x7e]{1,128})(?=\r\n|$)", re.IGNORECASE)
#: What changes how a request is to be read, or what comes after it.
_SPECIAL = re.compile(rb"\r\n(?:connection|expect|transfer-encoding|upgrade):", re.IGNORECASE)


class Plain(NamedTuple):
    """A request for a prediction that is here as a whole. request_id: its sender's, or empty."""

    request_id: bytes
    length: int


def plain_request(data: bytes) -> Plain | None:
    """What the data is, where it is exactly one such request and nothing about it is special."""
    if not data.startswith(b"POST /predict HTTP/1.1\r\n"):
        return None
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = _LENGTH.findall(head)
    if len(lengths) != 1 or int(lengths[0]) != len(body) or _SPECIAL.search(head):
        return None
    found = _ID.search(head)
    return Plain(found[1] if found else b"", len(body))


def answer(refusal: Refusal, request_id: bytes) -> bytes:
    """A refusal as it goes over the wire; the connection stays."""
    body = refusal.body(request_id.decode("ascii"))
    lines = [b"HTTP/1.1 %d Too Many Requests" % refusal.status, b"content-type: application/json"]
    lines += [b"%s: %s" % header for header in refusal.headers]
    lines += [b"content-length: %d" % len(body), b"x-request-id: " + request_id]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
