"""What `mpirun` calls in place of ssh: `remote HOST COMMAND...` has the agent on that host run it.

It stays as long as the command runs, prints what that has said, and ends with its code.
"""

import json
import os
import socket
import sys
from typing import Any, Dict

from rankzero.agent.loop import Loop
from rankzero.agent.mpi import LOST, PURPOSE
from rankzero.agent.mpi.variables import WIRING
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.dial import dial
from rankzero.agent.wire.seal import Handshake


def main() -> None:
    """argv: the host, as `mpirun` was told it, and the words that a shell there takes."""
    with open(os.environ[WIRING], encoding="utf-8") as file:
        told = json.load(file)
    host, command = sys.argv[1], " ".join(sys.argv[2:])
    node = told["nodes"].get(host)
    if node is None:
        sys.exit("rankzero: no node of this run is at %s" % host)
    with open(told["token_file"], "rb") as file:
        token = file.read().strip()
    question = {"type": "launch", "node": node, "generation": told["generation"]}
    sys.exit(Remote(token, dict(question, command=command)).run(told["coordinator"]))


class Remote:
    """One question to the coordinator, and the wait for its answer."""

    def __init__(self, token: bytes, question: Dict[str, Any]) -> None:
        self._loop, self._token, self._question = Loop(), token, question
        self._code = LOST

    def run(self, coordinator: str) -> int:
        """The command's exit code."""
        dial(self._loop, coordinator, self._dialled, self._lost)
        self._loop.run()
        return self._code

    def _dialled(self, sock: socket.socket) -> None:
        self._connection = Connection(
            self._loop,
            sock,
            Handshake(self._token, PURPOSE),
            dials=True,
            on_ready=lambda: self._connection.send(self._question),
            on_message=self._answered,
            on_close=self._lost,
        )

    def _answered(self, message: Dict[str, Any]) -> None:
        if message["type"] == "launched":
            self._code = int(message["code"])
            sys.stderr.write(str(message["text"]))
            self._loop.stop()

    def _lost(self, reason: str) -> None:
        sys.stderr.write("rankzero: lost the coordinator: %s\n" % reason)
        self._loop.stop()
