"""Commands beside a rank: its environment, its folder, the caller's streams."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from contract.conftest import Runner
from rankzero.backends.spot import Spot
from rankzero.backends.streams import Streams
from rankzero.errors import BadRequest

#: Each rank shows its environment and its folder, and goes on.
SHOWS = """
import json, os, time
print(json.dumps([os.getcwd(), dict(os.environ)]), flush=True)
time.sleep(300)
"""
ENDS = "import os, time\nif os.environ['RANKZERO_RANK'] == '0': time.sleep(300)\n"
SAYS = "import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))"
#: What belongs to the rank's own process, or to the command's.
OWN = {"RANKZERO_REPORT_FD", "TORCHELASTIC_ERROR_FILE", "RANKZERO_EXEC", "TERM", "PWD", "_"}
#: An interpreter may set it for itself.
OWN |= {"LC_CTYPE"}


class Inside:
    """Commands in one run. Their streams are files, so that none waits for its reader."""

    def __init__(self, runner: Runner, run: str, folder: Path) -> None:
        self._runner, self.run, self._folder = runner, run, folder
        self.out, self.err = b"", b""
        self.shown: dict[int, tuple[str, dict[str, str]]] = {}

    def call(self, spot: Spot, *command: str, stdin: bytes = b"") -> int:
        paths = [self._folder / name for name in ("stdin", "stdout", "stderr")]
        paths[0].write_bytes(stdin)
        files = [os.open(paths[0], os.O_RDONLY)]
        files += [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in paths[1:]]
        try:
            return self._runner.backend.execute(self.run, spot, command, Streams(*files))
        finally:
            for file in files:
                os.close(file)
            self.out, self.err = (path.read_bytes() for path in paths[1:])


@pytest.fixture
def inside(runner: Runner, tmp_path: Path) -> Inside:
    """A run of two nodes with two ranks each, all of which run; a folder beside their own."""
    seen = runner.follow(SHOWS, nodes=2, nproc=2, env={"MINE": "1"}).until_lines_of(4)
    made = Inside(runner, runner.submitted[0], tmp_path)
    lines = [json.loads(line) for line in seen.lines()]
    made.shown = {int(env["RANKZERO_RANK"]): (folder, env) for folder, env in lines}
    return made


def python(runner: Runner) -> str:
    """An interpreter on a node."""
    return sys.executable if not runner.place.takes_along else "python3"


@pytest.mark.parametrize("rank", [0, 3])
def test_a_command_has_its_rank_s_environment_and_folder(
    runner: Runner, inside: Inside, rank: int
) -> None:
    assert inside.call(Spot(rank=rank), python(runner), "-c", SAYS) == 0

    folder, env = json.loads(inside.out)
    expected_folder, expected = inside.shown[rank]
    assert folder == expected_folder
    assert without_own(env) == without_own(expected)
    assert not [name for name in env if "TOKEN" in name or "LIFELINE" in name]


def without_own(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in OWN}


def test_a_node_is_entered_at_its_first_rank(inside: Inside) -> None:
    assert inside.call(Spot(node="worker/1"), "sh", "-c", "echo $RANKZERO_RANK") == 0
    assert inside.out == b"2\n"


def test_streams_stay_apart_and_the_code_is_the_command_s_own(inside: Inside) -> None:
    assert inside.call(Spot(), "sh", "-c", "echo out; echo err >&2; exit 41") == 41
    assert (inside.out, inside.err) == (b"out\n", b"err\n")


def test_bytes_pass_unchanged_to_their_end(inside: Inside) -> None:
    sent = os.urandom(3_000_000)

    assert inside.call(Spot(rank=3), "cat", stdin=sent) == 0
    assert inside.out == sent


def test_a_command_killed_by_a_signal_ends_as_in_a_shell(inside: Inside) -> None:
    assert inside.call(Spot(), "sh", "-c", "kill -TERM $$") == 143


def test_without_a_command_it_is_a_shell(inside: Inside) -> None:
    assert inside.call(Spot(rank=1), stdin=b"echo rank $RANKZERO_RANK\nexit 5\n") == 5
    assert inside.out == b"rank 1\n"


def test_a_command_that_is_not_there_says_so(inside: Inside) -> None:
    assert inside.call(Spot(), "no-such-command") == 127
    assert b"no such command on this node" in inside.err


@pytest.mark.parametrize("spot", [Spot(rank=4), Spot(node="worker/2"), Spot(node="ps/0")])
def test_where_the_run_has_nothing_is_a_wrong_request(inside: Inside, spot: Spot) -> None:
    with pytest.raises(BadRequest, match=r"rank 4|has no node"):
        inside.call(spot, "true")


def test_a_rank_that_has_ended_says_so_and_its_node_can_be_entered(
    runner: Runner, tmp_path: Path
) -> None:
    seen = runner.follow(ENDS, nproc=2).until_event("rank-exited")
    inside = Inside(runner, runner.submitted[0], tmp_path)

    assert seen.of_kind("rank-exited")[0]["rank"] == 1
    assert inside.call(Spot(rank=1), "true") == 3
    assert b"rank 1 has ended (code 0)" in inside.err
    assert inside.call(Spot(node="worker/0"), "true") == 0
