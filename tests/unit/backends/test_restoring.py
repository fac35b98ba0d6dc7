"""A pod's log, as the API server gives it, made into the folder that its agent had."""

from __future__ import annotations

from pathlib import Path

from rankzero.agent.logs.printed import Printer
from rankzero.agent.logs.reader import LogReader
from rankzero.backends.base import LogQuery
from rankzero.backends.following import Progress
from rankzero.backends.kubernetes.restoring import restore
from rankzero.backends.ondisk import unseen

_STAMP = b"2026-01-02T03:04:%02d.%09dZ "


class Printed:
    """A pod's log of one rank that wrote numbered lines."""

    def __init__(self, folder: Path) -> None:
        self.path, self.folder = folder / "log.printed", folder / "log"
        self.whole = b""
        self._printer = Printer("b00c")
        self._out: list[bytes] = []

    def write(self, *blocks: bytes, generation: int = 1, rank: int = 0) -> None:
        for block in blocks:
            out = self._printer.write(rank, generation, len(self.whole), block)
            self._out += out.split(b"\n")[:-1]
            self.whole += block

    def lose(self, block: bytes) -> None:
        """What the agent left out because its reader was slow."""
        self._printer.write(0, 1, len(self.whole), block)
        self._printer.lost()
        self.whole += block

    def restored(self, rotated: int = 0) -> Path:
        """The folder; rotated: how many of the first lines are gone."""
        stamped = [_STAMP % (at % 60, at) + line for at, line in enumerate(self._out)]
        self.path.write_bytes(b"".join(line + b"\n" for line in stamped[rotated:]))
        restore(self.path, self.folder)
        return self.folder


def test_the_rank_is_read_as_on_its_node(tmp_path: Path) -> None:
    printed = Printed(tmp_path)
    printed.write(b"one\n", b"progress\rbar\n", b"no end")
    printed.write(b"again\n", generation=2)

    reader = LogReader(str(printed.restored()))

    assert reader.book() == "b00c"
    first = reader.read(0, 0)
    assert (first.data, first.generation) == (b"one\nprogress\rbar\nno end", 1)
    second = reader.read(0, first.next)
    assert (second.data, second.generation) == (b"again\n", 2)


def test_what_rotation_took_is_a_gap(tmp_path: Path) -> None:
    printed = Printed(tmp_path)
    for number in range(9000):
        printed.write(b"%0100d\n" % number)

    blocks = list(
        unseen([("worker/0", printed.restored(3000))], Progress(["worker/0"], LogQuery()))
    )

    kept = b"".join(block.data for block in blocks)
    assert printed.whole.endswith(kept)
    assert kept
    assert sum(block.dropped for block in blocks) == len(printed.whole) - len(kept)


def test_what_the_agent_left_out_is_a_gap(tmp_path: Path) -> None:
    printed = Printed(tmp_path)
    printed.write(b"one\n")
    printed.lose(b"lost\n")
    printed.write(b"three\n")

    blocks = list(unseen([("worker/0", printed.restored())], Progress(["worker/0"], LogQuery())))

    assert b"".join(block.data for block in blocks) == b"one\nthree\n"
    assert [block.dropped for block in blocks] == [0, len(b"lost\n")]


def test_what_was_seen_before_is_not_given_again(tmp_path: Path) -> None:
    printed = Printed(tmp_path)
    printed.write(b"seen\n", b"new\n")
    progress = Progress(["worker/0"], LogQuery())
    progress.books["worker/0"], progress.read["b00c"] = "b00c", {0: len(b"seen\n")}

    blocks = list(unseen([("worker/0", printed.restored())], progress))

    assert [block.data for block in blocks] == [b"new\n"]


def test_an_empty_log_is_an_empty_folder(tmp_path: Path) -> None:
    folder = Printed(tmp_path).restored()

    assert LogReader(str(folder)).ranks() == []
