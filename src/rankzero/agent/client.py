"""`python agent.zip client CONFIG`: the way in for one who looks, inside the coordinator's pod.

Who may `exec` into the pod may look at the run: this process knows the token and proves itself to
the coordinator; on its stdin and stdout go the same messages, one JSON object a line, unsealed, for
the connection that it was started over is sealed already.
"""

import json
import os
import signal
from typing import Any, Dict

from rankzero.agent import exits
from rankzero.agent.config import AgentConfig
from rankzero.agent.loop import Loop
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.dial import dial
from rankzero.agent.wire.seal import MAX_LINE, Broken, Handshake, parse, plain

_STDIN, _STDOUT = 0, 1
_BLOCK = 256 * 1024


def main(config: AgentConfig) -> int:
    """Run until either side ends; the exit code is from `exits`."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    assert config.listen is not None, "only the first role's config leads to the coordinator"
    with open(config.token_file, "rb") as file:
        token = file.read().strip()
    return Client(token).run("127.0.0.1:" + config.listen.rpartition(":")[2])


class Client:
    """Messages from stdin to the coordinator, and its answers to stdout."""

    def __init__(self, token: bytes) -> None:
        self._loop = Loop()
        self._token = token
        self._code = exits.DONE
        self._in = bytearray()

    def run(self, address: str) -> int:
        dial(self._loop, address, self._dialled, self._lost)
        self._loop.run()
        return self._code

    def _dialled(self, sock: Any) -> None:
        self._connection = Connection(
            self._loop,
            sock,
            Handshake(self._token, "viewer"),
            dials=True,
            on_ready=self._ready,
            on_message=self._answer,
            on_close=self._lost,
        )

    def _ready(self) -> None:
        _write(plain({"type": "ready"}))
        self._loop.watch(_STDIN, self._read)

    def _lost(self, reason: str) -> None:
        _write(json.dumps({"type": "lost", "reason": reason}).encode() + b"\n")
        self._end(exits.REFUSED)

    def _read(self) -> None:
        block = os.read(_STDIN, _BLOCK)
        if not block:
            self._end(exits.DONE)
            return
        self._in += block
        *lines, rest = self._in.split(b"\n")
        self._in = bytearray(rest)
        if len(rest) > MAX_LINE:
            self._end(exits.BAD_REQUEST)
        for line in lines:
            try:
                self._connection.send(parse(bytes(line)))
            except Broken:
                self._end(exits.BAD_REQUEST)

    def _answer(self, message: Dict[str, Any]) -> None:
        _write(plain(message))

    def _end(self, code: int) -> None:
        self._code = code
        self._loop.stop()


def _write(data: bytes) -> None:
    """All of it; a viewer that is slow holds up this process only, for it pulls what it gets."""
    while data:
        data = data[os.write(_STDOUT, data) :]
