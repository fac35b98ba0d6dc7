"""The proof of the token, and the seal on every line."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankzero.agent.wire.seal import Broken, Handshake, Opener, Sealer, parse

TOKEN = b"a secret"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def shaken(dialler: bytes = TOKEN, listener: bytes = TOKEN):
    """Both sides' seals after a whole handshake."""
    one, other = Handshake(dialler, "node"), Handshake(listener)
    answer = other.answer(one.greet().strip())
    proof, to, back = one.check_listener(answer.strip())
    return (to, back), other.check_dialler(proof.strip()), other


@settings(max_examples=40)
@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key not in ("n", "type")), values))
def test_what_is_sealed_is_opened_unchanged(fields) -> None:
    message = {"type": "any", **fields}
    line = Sealer(b"key").seal(message)

    assert line.count(b"\n") == 1
    assert Opener(b"key").open(line.strip(b"\n")) == message


def test_both_directions_after_a_handshake() -> None:
    (to, back), (answer_to, answer_back), listener = shaken()

    assert listener.purpose == "node"
    assert answer_back.open(to.seal({"type": "hello"}).strip()) == {"type": "hello"}
    assert back.open(answer_to.seal({"type": "welcome"}).strip()) == {"type": "welcome"}


def test_the_token_is_never_sent() -> None:
    one, other = Handshake(TOKEN, "viewer"), Handshake(TOKEN)
    greeting = one.greet()
    answer = other.answer(greeting.strip())
    proof, _, _ = one.check_listener(answer.strip())

    for line in (greeting, answer, proof):
        assert TOKEN not in line
        assert TOKEN.hex().encode() not in line


@pytest.mark.parametrize("side", ["dialler", "listener"])
def test_a_side_without_the_token_is_found_out(side: str) -> None:
    with pytest.raises(Broken, match="token"):
        shaken(**{side: b"a guess"})


def test_a_dialler_that_skips_its_check_is_found_out_too() -> None:
    one, other = Handshake(b"a guess", "node"), Handshake(TOKEN)
    other.answer(one.greet().strip())
    forged = json.dumps({"proof": "0" * 64}).encode()

    with pytest.raises(Broken, match="token"):
        other.check_dialler(forged)


def test_a_proof_is_good_for_one_connection_only() -> None:
    """Played back to a listener with another nonce, it proves nothing."""
    one, other, again = Handshake(TOKEN, "node"), Handshake(TOKEN), Handshake(TOKEN)
    greeting = one.greet().strip()
    proof, _, _ = one.check_listener(other.answer(greeting).strip())
    again.answer(greeting)

    with pytest.raises(Broken, match="token"):
        again.check_dialler(proof.strip())


def test_the_purpose_cannot_be_changed_on_the_way() -> None:
    one, other = Handshake(TOKEN, "viewer"), Handshake(TOKEN)
    greeting = one.greet().strip().replace(b'"viewer"', b'"node"')

    with pytest.raises(Broken, match="token"):
        one.check_listener(other.answer(greeting).strip())


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"rankzero": 2, "purpose": "node", "nonce": "00"}',
        b'{"rankzero": 1, "nonce": "00"}',
        b'{"rankzero": 1, "purpose": 3, "nonce": "00"}',
        b'{"rankzero": 1, "purpose": "node", "nonce": null}',
        '{"rankzero": 1, "purpose": "node", "nonce": "\N{SNOWMAN}"}'.encode(),
    ],
)
def test_a_greeting_that_is_none_is_broken(greeting: bytes) -> None:
    with pytest.raises(Broken):
        Handshake(TOKEN).answer(greeting)


@given(st.binary())
def test_no_bytes_open_by_chance(line: bytes) -> None:
    with pytest.raises(Broken):
        Opener(b"key").open(line)


@given(st.binary())
def test_parsing_gives_an_object_or_is_broken(line: bytes) -> None:
    with contextlib.suppress(Broken):
        assert isinstance(parse(line), dict)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed(at: int, change: int) -> None:
    line = bytearray(Sealer(b"key").seal({"type": "stop", "grace": 3}).strip())
    line[at % len(line)] ^= change

    with pytest.raises(Broken):
        Opener(b"key").open(bytes(line))


def test_a_line_played_again_is_noticed() -> None:
    sealer, opener = Sealer(b"key"), Opener(b"key")
    line = sealer.seal({"type": "stop"}).strip()
    opener.open(line)

    with pytest.raises(Broken, match="order"):
        opener.open(line)


def test_a_line_left_out_is_noticed() -> None:
    sealer, opener = Sealer(b"key"), Opener(b"key")
    sealer.seal({"type": "first"})

    with pytest.raises(Broken, match="order"):
        opener.open(sealer.seal({"type": "second"}).strip())


def test_a_line_sent_back_to_its_writer_is_noticed() -> None:
    (to, back), _, _ = shaken()

    with pytest.raises(Broken, match="MAC"):
        back.open(to.seal({"type": "stop"}).strip())


def test_a_message_without_a_type_is_broken() -> None:
    with pytest.raises(Broken):
        Opener(b"key").open(Sealer(b"key").seal({"no": "type"}).strip())
