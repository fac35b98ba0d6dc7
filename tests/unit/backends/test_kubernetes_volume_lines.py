"""A run's lines read on a volume, over connections that may be cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rankzero.agent import lines
from rankzero.agent.logs.writer import LogWriter
from rankzero.backends.base import LogBlock, LogQuery
from rankzero.backends.following import Progress
from rankzero.backends.kubernetes import kept
from rankzero.backends.kubernetes import lines as kubernetes_lines
from rankzero.backends.kubernetes.volumes import Lines, NoLines
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused

TEXT = b"".join(b"line %03d\n" % number for number in range(300))


class There:
    """The agent's answers, of which each connection gives so many bytes."""

    def __init__(self, folder: Path, *limits: int) -> None:
        self._folder, self._limits = folder, list(limits)

    def dial(self, *words: str) -> There:
        assert words == ("lines", "/v/any-0000/logs")
        return self

    def send(self, query: bytes) -> None:
        assert query.endswith(b"\n")
        answers = lines.answers(str(self._folder), json.loads(query))
        data = b"".join(json.dumps(one).encode() + b"\n" for one in answers)
        most = self._limits.pop(0) if self._limits else len(data)
        self._coming = self._blocks(data[:most])

    def _blocks(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]
        raise Lost("cut")

    def receive(self, timeout: float | None) -> bytes:
        return next(self._coming)

    def close(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = LogWriter(str(tmp_path / "logs" / "worker-0" / "1-a"), 1 << 30, segment=1000)
    for number, line in enumerate(TEXT.splitlines(keepends=True)):
        writer.append(number % 2, 1, line, 1000.0 + number)
    writer.close()
    return tmp_path / "logs"


def read(there: There, query: LogQuery | None = None) -> tuple[Lines, bytes]:
    progress = Progress(["worker/0"], query or LogQuery())
    found = Lines(there.dial, "any-0000", "/v/any-0000/logs", progress)  # type: ignore[arg-type]
    found.begin()
    return found, b"".join(block.data for block in found.items())


def test_all_lines_by_time(folder: Path) -> None:
    found, text = read(There(folder))
    assert text == TEXT
    assert [*found.ends.values()] == [{0: len(TEXT) // 2, 1: len(TEXT) // 2}]


def test_a_cut_connection_goes_on_where_it_was(folder: Path) -> None:
    _, text = read(There(folder, 5000, 0, 100, 9000))
    assert sorted(text.splitlines()) == TEXT.splitlines()


def test_one_that_never_holds_is_given_up(folder: Path) -> None:
    with pytest.raises(Refused, match="cannot read the lines of any-0000 on the volume: cut"):
        read(There(folder, *[0] * 9))


def test_one_that_begins_and_comes_no_further_is_given_up(folder: Path) -> None:
    begin = json.dumps(next(lines.answers(str(folder), {}))).encode() + b"\n"
    there = There(folder, *[len(begin)] * 9)
    with pytest.raises(Refused, match="cannot read the lines of any-0000 on the volume: cut"):
        read(there)


def test_the_last_lines_are_counted_once(folder: Path) -> None:
    _, text = read(There(folder, 900), LogQuery(tail=2))
    assert text == b"".join(TEXT.splitlines(keepends=True)[-4:])


def test_a_run_without_lines(folder: Path) -> None:
    with pytest.raises(NoLines, match="the volume has no lines of any-0000"):
        read(There(folder.parent / "other" / "logs"))


class Silent(There):
    """A volume that hangs. patience: how long it was waited for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.patience: list[float | None] = []

    def receive(self, timeout: float | None) -> bytes:
        self.patience.append(timeout)
        raise TimeoutError


def test_a_volume_that_never_answers_is_not_waited_for_as_for_a_slow_one(folder: Path) -> None:
    there = Silent(folder)
    with pytest.raises(Refused, match="nothing came for 20 s"):
        read(there)
    assert set(there.patience) == {20.0}


#: All that is asked of a run here.
RUN = SimpleNamespace(run="any-0000")


class Broken:
    """Lines of which some can be read, and then the volume is gone."""

    def __init__(self, *blocks: LogBlock) -> None:
        self.ends: dict[str, dict[int, int]] = {}
        self._blocks = blocks

    def items(self) -> Iterator[LogBlock]:
        yield from self._blocks
        raise Refused("cannot read the lines of any-0000 on the volume: gone")


def said(rank: int, time: float) -> LogBlock:
    return LogBlock(rank, "worker/0", 1, time, b"line\n", 0)


@pytest.mark.parametrize("earlier", [(), (said(0, 1.0), said(0, 3.0))])
def test_what_the_nodes_have_comes_before_the_volumes_error(monkeypatch, earlier) -> None:
    now = [said(1, 2.0), said(1, 4.0)]
    monkeypatch.setattr(kubernetes_lines, "_from_a_pod", lambda *_: Broken(*earlier))
    monkeypatch.setattr(kept, "lines", lambda *_, **__: iter(()))
    progress = Progress(["worker/0"], LogQuery())
    given = []
    with pytest.raises(Refused, match="gone"):
        for block in kubernetes_lines._with_earlier(None, RUN, progress, now):  # type: ignore[arg-type]
            given.append(block)
    assert given == sorted([*earlier, *now], key=lambda block: block.time)
