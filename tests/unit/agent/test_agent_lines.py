"""What is kept of a run's lines on a volume, as it is told to those who ask."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import exits, lines
from rankzero.agent.answers import unpack
from rankzero.agent.logs.writer import LogWriter


def keep(folder: Path, agent: str, rank: int, start: float, *texts: bytes) -> None:
    """Lines of a rank on a node's volume: `worker-0/1-a`."""
    writer = LogWriter(str(folder / agent), 1 << 30)
    for number, text in enumerate(texts):
        writer.append(rank, 1, text, start + number)
    writer.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """worker/0 had two agents, one after the other, and worker/1 has one all the time."""
    made = tmp_path / "any-0000" / "logs"
    keep(made, "worker-0/1-a", 0, 1000.0, b"a0\n", b"a1\n")
    keep(made, "worker-0/2-b", 0, 1010.0, b"b0\n", b"b1\n", b"torn")
    keep(made, "worker-1/1-c", 1, 1000.5, b"c0\n", b"c1\n")
    return made


def ask(folder: Path, **query: Any) -> list[dict[str, Any]]:
    return list(lines.answers(str(folder), query))


def told(messages: list[dict[str, Any]]) -> list[tuple[str, bytes]]:
    """(node, what it wrote), in order."""
    found = [(one["node"], unpack(one["chunk"]).data) for one in messages if one["type"] == "log"]
    return [(node, line) for node, data in found for line in data.splitlines(keepends=True)]


def test_all_agents_of_all_nodes_by_time(folder: Path) -> None:
    messages = ask(folder)
    assert [one["type"] for one in (messages[0], messages[-1])] == ["begin", "end"]
    assert [*messages[0]["nodes"].values()] == ["worker/0", "worker/0", "worker/1"]
    assert told(messages) == [
        ("worker/0", b"a0\n"),
        ("worker/1", b"c0\n"),
        ("worker/0", b"a1\n"),
        ("worker/1", b"c1\n"),
        ("worker/0", b"b0\n"),
        ("worker/0", b"b1\n"),
        ("worker/0", b"torn"),
    ]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ({"nodes": ["worker/1"]}, b"c0\nc1\n"),
        ({"ranks": [1]}, b"c0\nc1\n"),
        ({"nodes": ["worker/0"], "tail": 1}, b"a1\ntorn"),
        ({"nodes": ["worker/0"], "since": 1009.0}, b"b0\nb1\ntorn"),
        ({"nodes": ["ps/0"]}, b""),
    ],
)
def test_only_what_is_asked_for(folder: Path, query: dict[str, Any], texts: bytes) -> None:
    assert b"".join(text for _, text in told(ask(folder, **query))) == texts


def test_who_has_read_a_part_gets_the_rest(folder: Path) -> None:
    begin, *_, first, end = ask(folder, nodes=["worker/0"])
    assert end == {"type": "end"}
    read = {first["book"]: {"0": 6}}
    rest = ask(folder, nodes=["worker/0"], read=read, tail=0)
    # Of the other log nothing was read, and of that the last 0 lines are wanted.
    assert told(rest) == [("worker/0", b"torn")]
    assert rest[0]["read"][first["book"]] == {"0": 6}
    assert begin["ends"] == rest[0]["ends"]
    assert sorted(ends["0"] for ends in begin["ends"].values()) == [6, 10]


def test_of_a_run_without_lines_those_that_have_some_are_named(folder: Path) -> None:
    other = folder.parents[1] / "other-1111" / "logs"
    assert ask(other) == [{"type": "absent", "runs": ["any-0000"]}]
    assert ask(other / "deep" / "er") == [{"type": "absent", "runs": []}]


@pytest.fixture
def pipes() -> Iterator[None]:
    """What the command does to broken pipes is undone."""
    before = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, before)


@pytest.mark.usefixtures("pipes")
def test_the_command(folder: Path, capsys, monkeypatch) -> None:
    asked = {"ranks": [1], "read": {f"other-{number}": {"0": 1} for number in range(5000)}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asked) + "\n"))
    assert lines.main(str(folder)) == exits.DONE
    messages = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told(messages) == [("worker/1", b"c0\n"), ("worker/1", b"c1\n")]


@pytest.mark.usefixtures("pipes")
@pytest.mark.parametrize("torn", ["", '{"ranks": nu'])
def test_a_question_that_was_cut_off_has_no_answer(folder: Path, capsys, monkeypatch, torn) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(torn))
    assert lines.main(str(folder)) == exits.REFUSED
    assert capsys.readouterr().out == ""
