"""Lines and outputs: complete, in order, byte by byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

from contract.conftest import Runner
from contract.following import Following
from contract.test_contract_outcomes import RANK
from rankzero.agent import events as ev
from rankzero.backends.base import LogBlock, LogQuery

#: Deterministic bytes that no line editor would leave alone; a few million of them a rank.
NOISE = """
import os, sys
rank = int(os.environ['RANKZERO_RANK'])
line = bytes(range(256)).replace(b'\\n', b'') * 16 + b'\\n'
for i in range(500):
    os.write(1, b'%d %06d ' % (rank, i) + line)
"""
COUNTS = RANK + "for i in range(20): print(rank, i)\n"


def noise(rank: int) -> bytes:
    line = bytes(range(256)).replace(b"\n", b"") * 16 + b"\n"
    return b"".join(b"%d %06d " % (rank, i) + line for i in range(500))


def test_large_binary_output_arrives_whole_and_in_order(runner: Runner) -> None:
    seen = runner.follow(NOISE, nodes=2, nproc=2).to_end()
    kept = list(runner.backend.logs(runner.submitted[0], LogQuery()))

    for rank in range(4):
        expected = hashlib.sha256(noise(rank)).hexdigest()
        again = b"".join(block.data for block in kept if block.rank == rank)
        assert hashlib.sha256(seen.bytes(rank)).hexdigest() == expected
        assert hashlib.sha256(again).hexdigest() == expected
    assert sum(block.dropped for block in kept) == 0


def test_each_block_says_whose_it_is_and_holds_whole_lines(runner: Runner) -> None:
    seen = runner.follow(COUNTS, nodes=2).to_end()

    assert {(block.rank, block.node) for block in seen.blocks} == {
        (0, "worker/0"),
        (1, "worker/1"),
    }
    assert all(block.generation == 1 and block.data.endswith(b"\n") for block in seen.blocks)
    times = [block.time for block in seen.blocks if block.rank == 0]
    assert times == sorted(times)


def test_a_last_line_without_its_end_is_not_lost(runner: Runner) -> None:
    seen = runner.follow("print('first')\nprint('last', end='')").to_end()

    assert seen.bytes(0) == b"first\nlast"


def test_stdout_and_stderr_keep_their_order(runner: Runner) -> None:
    script = "import sys\nfor i in range(50): print(i, file=(sys.stdout, sys.stderr)[i % 2])"

    seen = runner.follow(script).to_end()

    assert seen.lines() == [b"%d" % i for i in range(50)]


def test_what_a_failing_rank_said_last_is_there(runner: Runner) -> None:
    # One rank: of several, the others may be stopped before they have said a word.
    seen = runner.follow("print('before')\nraise KeyError('x')").to_end()

    assert b"before\nTraceback" in seen.bytes(0)
    assert b"KeyError: 'x'" in seen.bytes(0)


def test_only_the_ranks_that_were_asked_for(runner: Runner) -> None:
    run = runner.script(COUNTS, nodes=2, nproc=2)
    query = LogQuery(ranks=frozenset((1, 2)))

    watched = Following(runner.backend, run, query).to_end()
    kept = list(runner.backend.logs(run, query))

    assert {block.rank for block in watched.blocks} == {1, 2}
    assert {block.rank for block in kept} == {1, 2}


def test_only_the_nodes_that_were_asked_for(runner: Runner) -> None:
    run = runner.script(COUNTS, nodes=2, nproc=2)

    watched = Following(runner.backend, run, LogQuery(nodes=frozenset(("worker/1",)))).to_end()

    assert {block.rank for block in watched.blocks} == {2, 3}


def test_only_the_last_lines_of_each_rank(runner: Runner) -> None:
    runner.follow(COUNTS, nodes=2).to_end()
    run = runner.submitted[0]

    kept = _text(runner.backend.logs(run, LogQuery(tail=3)))

    assert kept == {rank: [f"{rank} {i}" for i in (17, 18, 19)] for rank in (0, 1)}
    assert _text(runner.backend.logs(run, LogQuery(tail=0))) == {}


def test_only_lines_since_a_moment(runner: Runner) -> None:
    # A pause in the script, longer than any log's sense of time has to be fine.
    script = (
        "import time\nprint('early', flush=True)\ntime.sleep(0.4)\n"
        "print(time.time(), flush=True)\nprint('late')"
    )
    seen = runner.follow(script).to_end()
    late = float(seen.lines()[1])  # a block's time is that of its first line only

    kept = _text(runner.backend.logs(runner.submitted[0], LogQuery(since=late)))

    assert [text[-1:] for text in kept.values()] == [["late"]]
    assert "early" not in kept[0]
    assert _text(runner.backend.logs(runner.submitted[0], LogQuery(since=late + 60))) == {}


def test_lines_of_all_generations_are_kept(runner: Runner) -> None:
    script = RANK + "print('try', os.environ['RANKZERO_RESTARTS'])\nraise SystemExit(1)"

    seen = runner.follow(script, max_restarts=2).to_end()

    assert seen.lines() == [b"try 0", b"try 1", b"try 2"]
    assert [block.generation for block in seen.blocks] == [1, 2, 3]


def test_what_exceeds_log_keep_may_go_oldest_first_and_is_counted(runner: Runner) -> None:
    run = runner.script(NOISE, log_keep="1Mi")
    Following(runner.backend, run, LogQuery(ranks=frozenset())).to_end()

    kept = list(runner.backend.logs(run, LogQuery()))

    data = b"".join(block.data for block in kept)
    assert noise(0).endswith(data)
    assert data  # all of it where the place keeps more than it must, as a pod's log does
    assert sum(block.dropped for block in kept) == len(noise(0)) - len(data)
    assert any(event.kind == ev.LOG_DROPPED for event in runner.backend.events(run))


def test_outputs_come_back(runner: Runner, tmp_path: Path) -> None:
    script = RANK + (
        "import pathlib\n"
        "folder = pathlib.Path(os.environ['RANKZERO_OUTPUTS'])\n"
        "(folder / 'ünter').mkdir(parents=True, exist_ok=True)\n"
        "(folder / 'ünter' / f'part {rank}.bin').write_bytes(bytes([rank]) * 100_000)\n"
    )
    runner.follow(script, nodes=2, collect="all").to_end()

    there = runner.backend.outputs(runner.submitted[0])
    copied = runner.backend.outputs(runner.submitted[0], tmp_path / "copy")

    assert copied == tmp_path / "copy"
    for folder in (there, copied):
        files = {file.name: file.read_bytes() for file in (folder / "ünter").iterdir()}
        assert files == {f"part {rank}.bin": bytes([rank]) * 100_000 for rank in (0, 1)}


def _text(blocks: object) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for block in blocks:  # type: ignore[attr-defined]
        assert isinstance(block, LogBlock)
        found.setdefault(block.rank, []).extend(block.data.decode().splitlines())
    return found
