"""A request's body, taken in with a limit: small ones in memory, others on disk, whoever sends them
and however many at once. Names of files that a form brings are not used for anything."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from rankzero.serving.answers import Refusal, too_large

if TYPE_CHECKING:
    from starlette.types import Receive

FORM = "multipart/form-data"
#: What curl and others say of a body when nobody told them what it is.
_UNSAID = "application/x-www-form-urlencoded"
#: The names that a form's one part may have.
PARTS = ("input", "file")
#: What of one upload is kept in memory, and what its form may add to it (bytes).
IN_MEMORY = 256 << 10
_AROUND = 16 << 10


class Gone(Exception):
    """The client has hung up."""


class Upload(NamedTuple):
    """file: at its beginning. media: as declared, without parameters, in small letters."""

    file: BinaryIO
    media: str
    size: int


async def received(headers: dict[bytes, bytes], receive: Receive, limit: int) -> Upload:
    """A request's whole body. Errors: Refusal, Gone."""
    declared = headers.get(b"content-type", b"").decode("latin-1")
    media = declared.partition(";")[0].strip().lower()
    media = "" if media == _UNSAID else media
    form = media == FORM
    _allowed(headers.get(b"content-length"), limit + (_AROUND if form else 0), limit)
    if form:
        return await _of_form(headers, receive, limit)
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise too_large(limit)
        return Upload(io.BytesIO(body), media, len(body))
    file = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - the caller closes it
    try:
        file.write(body)
        async for part in _chunks(receive, limit, len(body)):
            file.write(part)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Upload(file, media, size)


def _allowed(length: bytes | None, most: int, limit: int) -> None:
    """What is declared to be too long is not read at all. Errors: Refusal."""
    if length is not None and length.isdigit() and int(length) > most:
        raise too_large(limit)


async def _chunks(receive: Receive, limit: int, already: int = 0) -> AsyncGenerator[bytes, None]:
    """The body's pieces as they come. Errors: Refusal, Gone."""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        body: bytes = message.get("body", b"")
        already += len(body)
        if already > limit:
            raise too_large(limit)
        more = message.get("more_body", False)
        yield body


async def _of_form(headers: dict[bytes, bytes], receive: Receive, limit: int) -> Upload:
    """The one part of a form that is the input. Errors: Refusal, Gone."""
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    class Parser(MultiPartParser):
        spool_max_size = IN_MEMORY

    stream = _chunks(receive, limit + _AROUND)
    parser = Parser(
        Headers(raw=list(headers.items())),
        stream,
        max_files=1,
        max_fields=4,
        max_part_size=IN_MEMORY,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refusal(400, "bad-input", f"The form cannot be read: {error.message}") from None
    except KeyError:
        raise Refusal(400, "bad-input", "The form has no boundary.") from None
    part: Any = next((form[name] for name in PARTS if name in form), None)
    if part is None:
        hint = "curl -F input=@cat.png ..."
        raise Refusal(400, "bad-input", 'The form has no part called "input" (or "file").', hint)
    if isinstance(part, UploadFile):
        media = (part.content_type or "").partition(";")[0].strip().lower()
        upload = Upload(part.file, media, part.size or 0)
    else:
        text = part.encode()
        upload = Upload(io.BytesIO(text), "", len(text))
    if upload.size > limit:  # what a form may add is not the input's to use
        upload.file.close()
        raise too_large(limit)
    return upload
