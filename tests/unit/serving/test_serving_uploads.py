"""A request's body as it comes: within its limit, or refused before it is all there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.serving.answers import Refusal
from rankzero.serving.uploads import IN_MEMORY, Gone, received

LIMIT = 1000


def receive(
    chunks: Iterable[bytes], limit: int = LIMIT, gone: bool = False, **headers: str
) -> tuple[bytes, str, int]:
    """What is made of a body that comes in these pieces: (bytes, media, size). gone: the client
    hangs up behind them."""
    pieces = list(chunks)
    asked = 0

    async def next_one() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if not pieces:
            return {"type": "http.disconnect"}
        body = pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(pieces) or gone}

    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    upload = asyncio.run(received(named, next_one, limit))
    with upload.file as file:
        return file.read(), upload.media, upload.size


def refused(chunks: Iterable[bytes], **how: Any) -> Refusal:
    with pytest.raises(Refusal) as told:
        receive(chunks, **how)
    return told.value


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=6))
def test_a_body_is_whole_however_it_comes_and_never_longer_than_its_limit(
    chunks: list[bytes],
) -> None:
    whole = b"".join(chunks)
    if len(whole) <= LIMIT:
        assert receive(chunks) == (whole, "", len(whole))
    else:
        assert refused(chunks).status == 413


@pytest.mark.parametrize("size", [IN_MEMORY - 1, IN_MEMORY + 1, 3 * IN_MEMORY])
def test_a_long_body_is_read_from_its_beginning(size: int) -> None:
    body = bytes(range(256)) * (size // 256)
    found, _, length = receive([body[:1000], body[1000:]], limit=4 * IN_MEMORY)
    assert (found, length) == (body, len(body))


def test_what_is_said_to_be_too_long_is_not_read() -> None:
    told = refused([], content_length="1001")
    assert (told.status, told.code) == (413, "too-large")
    assert told.message == "The body is larger than 1,000 bytes."
    assert receive([b"x"], content_length="1000")[0] == b"x"
    assert receive([b"x"], content_length="-5")[0] == b"x", "no length at all"


@pytest.mark.parametrize("chunks", [[], [b"half"], [b"half", b"more"]])
def test_whoever_hangs_up_is_gone(chunks: list[bytes]) -> None:
    with pytest.raises(Gone):
        receive(chunks, gone=True)


@pytest.mark.parametrize(
    ("said", "media"),
    [
        ("image/PNG; charset=x", "image/png"),
        (" application/json ", "application/json"),
        ("application/x-www-form-urlencoded", ""),
        ("", ""),
    ],
)
def test_what_it_is_said_to_be(said: str, media: str) -> None:
    assert receive([b"x"], content_type=said)[1] == media


FORM = "multipart/form-data; boundary=b"


def part(name: str, data: bytes, *, file: str = "", media: str = "") -> bytes:
    named = f'; filename="{file}"' if file else ""
    kind = f"Content-Type: {media}\r\n" if media else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{kind}\r\n'
    return head.encode() + data + b"\r\n"


END = b"--b--\r\n"


@pytest.mark.parametrize("name", ["input", "file"])
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_form_s_one_part_is_the_input(name: str, step: int) -> None:
    body = part("more", b"1") + part(name, b"picture", file="../x", media="image/PNG; a=b") + END
    chunks = [body[at : at + step] for at in range(0, len(body), step)]
    assert receive(chunks, content_type=FORM) == (b"picture", "image/png", 7)


def test_a_form_may_say_its_input_as_text() -> None:
    body = part("input", "{é}".encode()) + END
    assert receive([body], content_type=FORM) == ("{é}".encode(), "", 4)


@pytest.mark.parametrize(
    ("body", "media", "says"),
    [
        (part("picture", b"x", file="x") + END, FORM, 'no part called "input" (or "file")'),
        (END, FORM, 'no part called "input" (or "file")'),
        (part("input", b"x") + END, "multipart/form-data", "boundary"),
        (b"no form", FORM, "The form cannot be read: "),
        (
            part("input", b"x", file="a") + part("file", b"x", file="b") + END,
            FORM,
            "The form cannot be read: Too many files",
        ),
        (b"".join(part(f"n{at}", b"x") for at in range(5)) + END, FORM, "Too many fields"),
    ],
)
def test_a_form_that_is_none_is_refused_in_words(body: bytes, media: str, says: str) -> None:
    told = refused([body], content_type=media)
    assert (told.status, told.code, says in told.message) == (400, "bad-input", True), told.message


@pytest.mark.parametrize("how", [{"file": "x"}, {}])
@pytest.mark.parametrize("more", [0, 1, 5000, 100_000])
def test_a_form_s_input_has_the_limit_of_any(how: dict[str, str], more: int) -> None:
    body = part("input", b"x" * (LIMIT + more), **how) + END
    if more == 0:
        assert receive([body], content_type=FORM)[2] == LIMIT
    else:
        assert refused([body], content_type=FORM).status == 413


def test_a_form_that_is_cut_off_is_gone() -> None:
    body = part("input", b"x" * 500, file="x") + END
    with pytest.raises(Gone):
        receive([body[:100]], gone=True, content_type=FORM)
