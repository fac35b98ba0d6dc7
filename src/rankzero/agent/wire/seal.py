"""The handshake and the seal on every line. Pure: bytes in, bytes out; no socket here.

Both sides prove by HMAC-SHA256 over both nonces that they know the token, which is never sent.
Each direction then has a key of its own, so that no line can be played back to its sender, and
every line a counter, so that none can be played again or left out.
"""

import hashlib
import hmac
import json
import os
from typing import Any, Dict, Mapping, Tuple

#: The longest line after the handshake, and during it.
MAX_LINE = 4 * 1024 * 1024
MAX_HANDSHAKE = 1024
VERSION = 1

_HEAD, _JOINT = b'{"mac":"', b'",'
_MAC_HEX = 32
_BODY = len(_HEAD) + _MAC_HEX + len(_JOINT)


class Broken(Exception):
    """The peer is not who it should be, or does not keep to the protocol."""


def _hmac(key: bytes, *parts: str) -> str:
    message = "\0".join(parts).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


class Sealer:
    """Seals the lines of one direction."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counter = 0

    def seal(self, message: Mapping[str, Any]) -> bytes:
        """One line, newline included."""
        self._counter += 1
        fields: Dict[str, Any] = {"n": self._counter}
        fields.update(message)
        body = json.dumps(fields, separators=(",", ":")).encode()
        return _HEAD + _mac(self._key, body) + _JOINT + body[1:] + b"\n"


class Opener:
    """Opens the lines of one direction, in order. Raises Broken for any that is not the next."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counter = 0

    def open(self, line: bytes) -> Dict[str, Any]:
        """The message in a line without its newline."""
        body = b"{" + line[_BODY:]
        given = line[len(_HEAD) : len(_HEAD) + _MAC_HEX]
        framed = line.startswith(_HEAD) and line[_BODY - len(_JOINT) : _BODY] == _JOINT
        if not framed or not hmac.compare_digest(given, _mac(self._key, body)):
            raise Broken("a line's MAC is wrong")
        message = parse(body)
        self._counter += 1
        if message.pop("n", None) != self._counter or not isinstance(message.get("type"), str):
            raise Broken("a line is out of order")
        return message


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest()[:_MAC_HEX].encode()


def parse(line: bytes) -> Dict[str, Any]:
    """A JSON object. Raises Broken for anything else, also for depth that exhausts the stack."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Broken("a line is no JSON") from error
    if not isinstance(data, dict):
        raise Broken("a line is no JSON object")
    return data


def plain(message: Mapping[str, Any]) -> bytes:
    """An unsealed line, for the handshake."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class Handshake:
    """One side of the proof. `dialler` speaks first; both end with a (Sealer, Opener)."""

    def __init__(self, token: bytes, purpose: str = "") -> None:
        self._token = token
        self._nonce = os.urandom(16).hex()
        self.purpose = purpose

    # the side that dials

    def greet(self) -> bytes:
        return plain({"rankzero": VERSION, "purpose": self.purpose, "nonce": self._nonce})

    def check_listener(self, line: bytes) -> Tuple[bytes, Sealer, Opener]:
        """The last line to send, and the seals. Raises Broken if the listener lacks the token."""
        answer = parse(line)
        theirs = _text(answer, "nonce")
        self._prove(answer, "listener", self._nonce, theirs)
        proof = _hmac(self._token, "dialler", self.purpose, self._nonce, theirs)
        to, back = self._keys(self._nonce, theirs)
        return plain({"proof": proof}), Sealer(to), Opener(back)

    # the side that listens

    def answer(self, line: bytes) -> bytes:
        """The answer to a greeting. Raises Broken for another program or version."""
        greeting = parse(line)
        if greeting.get("rankzero") != VERSION:
            raise Broken("the peer speaks version %r, not %d" % (greeting.get("rankzero"), VERSION))
        self.purpose = _text(greeting, "purpose")
        self._theirs = _text(greeting, "nonce")
        proof = _hmac(self._token, "listener", self.purpose, self._theirs, self._nonce)
        return plain({"nonce": self._nonce, "proof": proof})

    def check_dialler(self, line: bytes) -> Tuple[Sealer, Opener]:
        self._prove(parse(line), "dialler", self._theirs, self._nonce)
        to, back = self._keys(self._theirs, self._nonce)
        return Sealer(back), Opener(to)

    # both

    def _prove(self, message: Mapping[str, Any], side: str, dialler: str, listener: str) -> None:
        expected = _hmac(self._token, side, self.purpose, dialler, listener)
        if not hmac.compare_digest(expected, _text(message, "proof")):
            raise Broken("the peer does not know this run's token")

    def _keys(self, dialler: str, listener: str) -> Tuple[bytes, bytes]:
        to = _hmac(self._token, "to listener", self.purpose, dialler, listener)
        back = _hmac(self._token, "to dialler", self.purpose, dialler, listener)
        return bytes.fromhex(to), bytes.fromhex(back)


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value.isascii():
        raise Broken("%s is missing" % key)
    return value
