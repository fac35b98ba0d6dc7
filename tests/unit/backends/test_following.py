"""A run that is followed over ways that end: what has come is given out, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rankzero.agent.answers import pack
from rankzero.agent.events import FINISHED, Event, to_line
from rankzero.agent.logs.reader import Chunk
from rankzero.backends.base import LogQuery
from rankzero.backends.following import Progress, follow, follow_to_the_last_line, snapshot
from rankzero.backends.viewer import Lost, Viewer

NODE, BOOK = "worker/0", "the log"


class Way:
    """A stream whose other end answers the questions of one node's log, and is gone when `sends`
    messages have been sent to it. It stands for a connection that is cut at that very moment."""

    def __init__(self, log: bytes, sends: int) -> None:
        self._log, self._sends = log, sends
        self._answers: list[dict[str, Any]] = [{"type": "ready"}]

    def send(self, data: bytes) -> None:
        if self._sends == 0:
            raise Lost("cut")
        self._sends -= 1
        question = json.loads(data)
        if question["type"] == "log":
            self._answers.append(self._answer(question))

    def receive(self, timeout: float | None) -> bytes:
        if not self._answers:
            raise Lost("cut")
        return json.dumps(self._answers.pop(0)).encode() + b"\n"

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """The next line of the rank's log from the offset that is asked for."""
        start = int(question["offsets"].get("0", 0))
        line = self._log[start:].partition(b"\n")[0] + b"\n"
        chunk = Chunk(0, start, start + len(line), 1.0, 1, 0, line)
        return {
            "type": "log",
            "id": question["id"],
            "node": NODE,
            "book": BOOK,
            "offsets": {"0": chunk.next},
            "chunks": [pack(chunk)],
        }

    def cut(self) -> None:
        self._sends = 0

    def close(self) -> None:
        pass


def given(progress: Progress, log: bytes, sends: int) -> Iterator[bytes]:
    """What one such way gives out until it is lost."""
    with pytest.raises(Lost), Viewer(Way(log, sends), None) as viewer:
        for item in follow(viewer, progress):
            yield item.data  # type: ignore[union-attr]


@pytest.mark.parametrize("sends", range(2, 6))
def test_lines_that_have_come_are_given_out_wherever_the_way_is_cut(sends: int) -> None:
    log = b"".join(b"%d\n" % number for number in range(20))
    progress = Progress([NODE], LogQuery())

    seen = [line for _ in range(3) for line in given(progress, log, sends)]

    assert b"".join(seen) == log[: len(b"".join(seen))]
    assert len(seen) == 3 * (sends - 1)


class Talking(Way):
    """Beside its answers the other end prints what an image's Python prints when it starts."""

    def receive(self, timeout: float | None) -> bytes:
        return b"Welcome!\n" + super().receive(timeout)


def test_what_is_no_answer_is_passed_over() -> None:
    with Viewer(Talking(b"a\n", 9), None) as viewer:
        number = viewer.ask("log", node=NODE, offsets={})
        assert viewer.next()["id"] == number


class Ending(Way):
    """A coordinator whose run is over, and one of whose two nodes has left already."""

    def __init__(self, log: bytes) -> None:
        super().__init__(log, 99)
        self._given = False

    def send(self, data: bytes) -> None:
        question = json.loads(data)
        if question["type"] == "events":
            said = {"state": "failed", "cause": None, "exit_code": 1}
            event = to_line(Event(1, 5.0, FINISHED, said))
            self._answers.append({"type": "events", "id": question["id"], "events": [event]})
        elif question["node"] != NODE:
            gone = {"type": "log", "id": question["id"], "node": question["node"], "gone": True}
            self._answers.append(gone)
        elif not question["wait"]:
            answer = self._answer(question)
            done = int(question["offsets"].get("0", 0)) >= len(self._log)
            self._answers.append({**answer, "chunks": []} if done else answer)


@pytest.mark.parametrize("read_before", [False, True])
def test_a_node_that_left_before_anything_of_it_was_read_is_not_done_with(
    read_before: bool,
) -> None:
    progress = Progress([NODE, "worker/1"], LogQuery())
    if read_before:
        progress.books["worker/1"], progress.read["another log"] = "another log", {1: 7}
    with Viewer(Ending(b"a\nb\n"), None) as viewer:
        found = list(follow_to_the_last_line(viewer, progress, lambda: ()))
    assert [item.data for item in found] == [b"a\n", b"b\n"]  # type: ignore[union-attr]
    assert progress.exhausted, "this coordinator has nothing more to tell"
    assert progress.complete == read_before
    assert progress.gone == (set() if read_before else {"worker/1"})


def test_a_look_at_the_lines_up_to_now_does_not_wait_for_a_node_that_left() -> None:
    progress = Progress([NODE, "worker/1"], LogQuery())
    with Viewer(Ending(b"a\n"), None) as viewer:
        assert [one.data for one in snapshot(viewer, progress)] == [b"a\n"]
    assert progress.gone == {"worker/1"}
