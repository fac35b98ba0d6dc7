"""What a node answers about its log, and what it says on its own stdout."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.agent.answers import ANSWER, Answers, pack, unpack
from rankzero.agent.logs.reader import Chunk, LogReader
from rankzero.agent.logs.writer import LogWriter


class Log:
    """A node's log with its writer and the answers about it."""

    def __init__(self, loop, folder: Path) -> None:
        self._loop = loop
        self._writer = LogWriter(str(folder), 1 << 30)
        self.told: list[dict] = []
        self.answers = Answers(loop, LogReader(str(folder)), self.told.append)

    def write(self, rank: int, data: bytes) -> None:
        self._writer.append(rank, 1, data, self._loop.now())
        self.answers.wrote()

    def ask(self, number: int = 1, **question) -> None:
        self.answers.ask({"type": "log", "id": number, "wait": True, "offsets": {}, **question})

    def text(self) -> bytes:
        return b"".join(unpack(chunk).data for answer in self.told for chunk in answer["chunks"])


@pytest.fixture
def log(loop, tmp_path: Path) -> Log:
    return Log(loop, tmp_path / "logs")


def test_what_is_there_is_answered_at_once(log: Log) -> None:
    log.write(0, b"one\n")
    log.write(1, b"two\n")
    log.ask(7)

    (answer,) = log.told
    assert (answer["type"], answer["id"]) == ("log", 7)
    assert sorted(log.text().split()) == [b"one", b"two"]
    assert answer["offsets"] == {"0": 4, "1": 4}


def test_a_question_waits_for_what_comes(loop, log: Log) -> None:
    log.ask()
    assert log.told == []
    log.write(3, b"late\n")
    loop.until(lambda: log.told)

    assert log.text() == b"late\n"
    assert log.told[0]["offsets"] == {"3": 5}


def test_nobody_waits_who_does_not_want_to(log: Log) -> None:
    log.ask(wait=False)

    (answer,) = log.told
    assert (answer["type"], answer["id"], answer["chunks"], answer["offsets"]) == ("log", 1, [], {})


def test_offsets_of_another_log_count_for_nothing(log: Log) -> None:
    """A pod has taken the place of another, and its log begins anew."""
    log.write(0, b"one\n")
    log.ask(wait=False, book="another", offsets={"0": 3})

    assert log.text() == b"one\n"
    assert log.told[-1]["book"] != "another"


def test_a_question_is_answered_once(loop, log: Log) -> None:
    log.ask()
    log.write(0, b"one\n")
    loop.until(lambda: log.told)
    log.write(0, b"two\n")
    loop.after(0.05, lambda: log.told.append({"chunks": [], "end": True}))
    loop.until(lambda: "end" in log.told[-1])

    assert log.text() == b"one\n"


def test_a_question_that_is_taken_back_is_not_answered(loop, log: Log) -> None:
    log.ask(1)
    log.ask(2)
    log.answers.forget(1)
    log.write(0, b"one\n")
    loop.until(lambda: log.told)

    assert [answer["id"] for answer in log.told] == [2]


def test_a_line_without_its_end_is_shown_in_the_end(loop, log: Log) -> None:
    log.ask()
    log.write(0, b" 10%")
    assert log.told == []
    loop.until(lambda: log.told)

    assert log.text() == b" 10%"


def test_going_on_from_the_offsets_of_an_answer(log: Log) -> None:
    for number in range(5):
        log.write(0, b"%d\n" % number)
    log.ask()
    offsets = log.told[-1]["offsets"]
    log.write(0, b"more\n")
    log.ask(2, offsets=offsets)

    assert log.text() == b"0\n1\n2\n3\n4\nmore\n"


def test_a_long_log_comes_in_answers_of_a_bounded_size(log: Log) -> None:
    line = b"x" * 999 + b"\n"
    for _ in range(20):
        log.write(0, line * 100)
    offsets: dict = {}
    while len(log.text()) < 2_000_000:
        log.ask(offsets=offsets)
        offsets = log.told[-1]["offsets"]

    assert log.text() == line * 2000
    assert all(
        sum(len(unpack(chunk).data) for chunk in answer["chunks"]) < 2 * ANSWER
        for answer in log.told
    )


def test_only_some_ranks_and_only_the_last_lines(log: Log) -> None:
    for rank in (0, 1):
        log.write(rank, b"a\nb\nc\n")
    log.ask(ranks=[1], tail=2)

    assert log.text() == b"b\nc\n"
    assert set(log.told[0]["offsets"]) == {"1"}


def test_a_burst_after_the_question_comes_whole(loop, log: Log) -> None:
    """`--tail 0 --follow`: the tail is that of the moment when it was asked for."""
    log.write(0, b"old\n" * 5)
    log.ask(tail=0)
    assert log.told == []
    log.write(0, b"new\n" * 100)
    log.write(1, b"another rank\n")
    loop.until(lambda: log.told)

    assert log.text().count(b"new\n") == 100
    assert b"another rank\n" in log.text()
    assert b"old" not in log.text()


def test_a_coordinator_that_is_gone_gets_no_answer(loop, log: Log) -> None:
    log.ask(1)
    log.answers.forget_all()
    log.ask(2)
    log.write(0, b"line\n")
    loop.until(lambda: log.told)

    assert [answer["id"] for answer in log.told] == [2]


def test_a_chunk_passes_the_wire_unchanged() -> None:
    chunk = Chunk(*range(len(Chunk._fields)))._replace(data=bytes(range(256)))

    assert unpack(pack(chunk)) == chunk


def test_ranks_that_are_over_and_were_read_are_not_told_again(log: Log) -> None:
    for rank in (1, 2, 4):
        log.write(rank, b"one\n")
    log.answers.over(0)
    log.answers.over(1)
    log.ask(below=0)
    (first,) = log.told
    assert (first["below"], set(first["offsets"])) == (2, {"1", "2", "4"}), "2 may go on"

    log.write(2, b"two\n")
    log.answers.over(2)
    log.answers.over(3)  # which has said nothing
    log.ask(below=2, book=first["book"], offsets={"2": 4, "4": 4})
    assert (log.told[-1]["below"], log.told[-1]["offsets"]) == (4, {"2": 8, "4": 4})
    assert log.text().count(b"one") == 3
    assert log.text().count(b"two") == 1

    log.ask(below=4, book="another", offsets={"4": 4})
    assert log.text().count(b"one") == 6, "of another log nothing was read"
