"""The coordinator's part: what `mpirun` wants run on a node goes there, and its end comes back."""

from typing import Any, Callable, Dict, Mapping, NamedTuple

from rankzero.agent.mpi import LOST
from rankzero.agent.wire.connection import Connection


class _Asked(NamedTuple):
    launcher: Connection
    node: str


class Relay:
    """ask_node: send to a node; False where it is not here."""

    def __init__(self, ask_node: Callable[[str, Mapping[str, Any]], bool]) -> None:
        self._ask_node = ask_node
        self._asked: Dict[int, _Asked] = {}
        self._count = 0

    def message(self, launcher: Connection, message: Mapping[str, Any]) -> None:
        """Errors: KeyError, TypeError, ValueError for what makes no sense."""
        if message["type"] != "launch":
            return
        node, command = str(message["node"]), str(message["command"])
        self._count += 1
        question = {"type": "launch", "id": self._count, "command": command}
        question["generation"] = int(message["generation"])
        if self._ask_node(node, question):
            self._asked[self._count] = _Asked(launcher, node)
        else:
            _answer(launcher, LOST, "rankzero: %s is not here at the moment\n" % node)

    def left(self, launcher: Connection) -> None:
        """Nobody waits for its answers any more; what runs is ended with its generation."""
        self._asked = {n: asked for n, asked in self._asked.items() if asked.launcher != launcher}

    def answered(self, node: str, message: Mapping[str, Any]) -> None:
        """A node's word that what it was to run has ended."""
        asked = self._asked.get(message["id"])
        if asked is not None and asked.node == node:
            del self._asked[message["id"]]
            _answer(asked.launcher, int(message["code"]), str(message["text"]))

    def node_gone(self, node: str) -> None:
        """The node is lost, with what it ran."""
        for number, asked in list(self._asked.items()):
            if asked.node == node:
                del self._asked[number]
                _answer(asked.launcher, LOST, "rankzero: %s was lost\n" % node)


def _answer(launcher: Connection, code: int, text: str) -> None:
    launcher.send({"type": "launched", "code": code, "text": text})
