"""Those who look at a run: they ask for events and log ranges, and may ask it to stop."""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

from rankzero.agent.events import Event, to_line
from rankzero.agent.wire.connection import Connection

#: Events in one answer, and their characters, about: well below what a line of the wire holds.
PAGE, PAGE_SIZE = 500, 512 * 1024


class Viewer:
    """One that looks. events_from: the number of the next event it wants, None if it asked for
    none yet or was answered."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.question = 0
        self.events_from: Optional[int] = None


class Asked(NamedTuple):
    """A question about a node's log that is not answered yet."""

    viewer: Viewer
    question: Mapping[str, Any]
    node: str


class Viewers:
    """All that look at this run at the moment. They may ask for events from a number on, for the
    history that these make, for a node's log, for the run to stop, and, once they
    have all that it leaves, for it to go.

    Questions about a node's log go to that node under an id of ours, and come back by it. One
    whose node is not here waits for it, if it is willing to.
    """

    def __init__(
        self,
        since: Callable[[int, int], Sequence[Event]],
        history: Callable[[], Mapping[str, Any]],
        ask_node: Callable[[str, Mapping[str, Any]], bool],
        on_stop: Callable[[str, Optional[float]], None],
        on_release: Callable[[], None],
    ) -> None:
        """since: the events from a number on, at most so many. history: what they make, as plain
        data."""
        self._since, self._history, self._ask_node = since, history, ask_node
        self._on_stop, self._on_release = on_stop, on_release
        self._viewers: List[Viewer] = []
        self._asked: Dict[int, Asked] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._viewers)

    @property
    def unsent(self) -> int:
        return sum(viewer.connection.unsent for viewer in self._viewers)

    def add(self, connection: Connection) -> Viewer:
        viewer = Viewer(connection)
        self._viewers.append(viewer)
        return viewer

    def remove(self, viewer: Viewer) -> None:
        self._viewers.remove(viewer)
        for number, asked in list(self._asked.items()):
            if asked.viewer is viewer:
                del self._asked[number]
                self._ask_node(asked.node, {"type": "forget", "id": number})

    def message(self, viewer: Viewer, message: Mapping[str, Any]) -> None:
        """What a viewer says. Errors: KeyError, TypeError, ValueError for what makes no sense;
        nothing unchecked goes on from here, for what a viewer says must harm nobody else."""
        kind, number = message["type"], int(message["id"])
        if kind == "events":
            viewer.question, viewer.events_from = number, int(message["from"])
            self._answer(viewer)
        elif kind == "release":
            self._on_release()
            viewer.connection.send({"type": "released", "id": number})
        elif kind == "history":
            told = self._history()
            viewer.connection.send({"type": "history", "id": number, "history": told})
        elif kind == "log":
            self._ask_log(viewer, log_question(message))
        elif kind == "stop":
            grace = _optional(message.get("grace"), float)
            if grace is not None and not 0 <= grace < float("inf"):
                raise ValueError("grace is %r" % grace)
            self._on_stop(str(message.get("by", "a viewer")), grace)
            viewer.connection.send({"type": "stopping", "id": number})

    def event(self) -> None:
        """The history has grown."""
        for viewer in list(self._viewers):
            self._answer(viewer)

    def answered(self, node: str, message: Mapping[str, Any]) -> None:
        """A node's answer about its log."""
        asked = self._asked.get(message["id"])
        if asked is not None and asked.node == node:
            del self._asked[message["id"]]
            answer = dict(message, id=asked.question["id"], node=asked.node)
            asked.viewer.connection.send(answer)

    def node_here(self, node: str) -> None:
        """The node's agent has dialled: ask it what is still open."""
        for number, asked in list(self._asked.items()):
            if asked.node == node:
                self._ask_node(node, dict(asked.question, id=number))

    def node_gone(self, node: str) -> None:
        """The node is lost: who is not willing to wait for it need not."""
        for number, asked in list(self._asked.items()):
            if asked.node == node and not asked.question.get("wait"):
                del self._asked[number]
                asked.viewer.connection.send(_gone(asked.question))

    def _answer(self, viewer: Viewer) -> None:
        if viewer.events_from is None:
            return
        lines: List[str] = []
        size = 0
        for event in self._since(viewer.events_from, PAGE):
            lines.append(to_line(event))
            size += len(lines[-1])
            if size >= PAGE_SIZE:
                break
        if lines:
            viewer.events_from = None
            viewer.connection.send({"type": "events", "id": viewer.question, "events": lines})

    def _ask_log(self, viewer: Viewer, message: Mapping[str, Any]) -> None:
        self._count += 1
        number, node = self._count, str(message["node"])
        if self._ask_node(node, dict(message, id=number)) or message.get("wait"):
            self._asked[number] = Asked(viewer, message, node)
        else:
            viewer.connection.send(_gone(message))


def _gone(question: Mapping[str, Any]) -> Dict[str, Any]:
    return {"type": "log", "id": question["id"], "node": question["node"], "gone": True}


def log_question(message: Mapping[str, Any]) -> Dict[str, Any]:
    """A question about a node's log, checked. Errors: KeyError, TypeError, ValueError.

    offsets: rank -> bytes read already; ranks: which ones, None for all; since, tail: where to
    begin with a rank that has no offset; wait: whether an answer without lines is of no use.
    book: the log that the offsets are of; None where there are none yet. below: all ranks below it
    are over, and were read to their ends.
    """
    offsets, ranks = message.get("offsets", {}), message.get("ranks")
    if not isinstance(offsets, dict) or not isinstance(ranks, (list, type(None))):
        raise TypeError("offsets or ranks")
    return {
        "type": "log",
        "id": int(message["id"]),
        "node": str(message["node"]),
        "offsets": {str(int(rank)): max(0, int(offset)) for rank, offset in offsets.items()},
        "ranks": None if ranks is None else [int(rank) for rank in ranks],
        "since": _optional(message.get("since"), float),
        "tail": _optional(message.get("tail"), int),
        "wait": bool(message.get("wait")),
        "book": _optional(message.get("book"), str),
        "below": _optional(message.get("below"), int),
    }


def _optional(value: Any, kind: Callable[[Any], Any]) -> Any:
    return None if value is None else kind(value)
