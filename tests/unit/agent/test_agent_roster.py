"""Who runs on a node, as its agent writes it down, and who may come in by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rankzero.agent import enter, exits, roster
from rankzero.agent.config import AgentConfig, Command, RoleShape
from rankzero.agent.roster import Roster, RosterFile
from rankzero.contracts.topology import Node, Settings, Topology


def topology(generation: int = 3) -> Topology:
    nodes = tuple(
        Node("worker", index, "127.0.0.1", 2, (1, 2, 3), {"board": 6006 + index})
        for index in range(2)
    )
    return Topology(Settings("by-hand-0000", "torch"), generation, 1, nodes)


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return AgentConfig(
        run="by-hand-0000",
        role="worker",
        index=1,
        roles=(RoleShape("worker", 2, 2),),
        settings=Settings("by-hand-0000", "torch"),
        command=Command("script", "train.py"),
        coordinator="127.0.0.1:1",
        token_file=str(tmp_path / "token"),
        folder=str(tmp_path),
        outputs=str(tmp_path / "outputs"),
        workdir=str(tmp_path),
        python="python3",
        env={"MINE": "1"},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = RosterFile(str(tmp_path))
    file.begin(topology(), 1, {2: 100, 3: 101})
    file.exited(3, -9)

    found = roster.read(str(tmp_path))

    assert found == Roster(topology(), 1, {2: 100, 3: 101}, {3: -9})
    assert [rank.rank for rank in found.ranks] == [2, 3]


def test_between_generations_there_is_none(tmp_path: Path) -> None:
    file = RosterFile(str(tmp_path))
    file.begin(topology(), 1, {})
    file.clear()
    file.exited(3, 0)  # of a generation that is over

    assert roster.read(str(tmp_path)) is None


def test_an_agent_that_starts_again_begins_without(tmp_path: Path) -> None:
    RosterFile(str(tmp_path)).begin(topology(), 1, {})
    RosterFile(str(tmp_path))

    assert roster.read(str(tmp_path)) is None


def test_a_disk_that_refuses_harms_nobody(tmp_path: Path) -> None:
    RosterFile(str(tmp_path / "absent")).begin(topology(), 1, {})

    assert roster.read(str(tmp_path / "absent")) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"topology": 1}'])
def test_a_torn_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "roster-3.json").write_text(text)

    assert roster.read(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("rank", "why"),
    [("0", "rank 0 is not on this node: here is 2, 3"), ("3", "rank 3 has ended (code 1)")],
)
def test_who_comes_for_a_rank_that_is_not_here_is_told(
    config: AgentConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rank: str,
    why: str,
) -> None:
    file = RosterFile(str(tmp_path))
    file.begin(topology(), 1, {2: 100, 3: 101})
    file.exited(3, 1)

    assert enter.main(["exec", written(config, tmp_path), rank, "", "true"]) == exits.REFUSED
    assert why in capsys.readouterr().err


def test_before_there_are_ranks_nobody_can_come_for_one(
    config: AgentConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enter.main(["exec", written(config, tmp_path), "2", "", "true"]) == exits.REFUSED
    assert "no rank runs on this node" in capsys.readouterr().err


def written(config: AgentConfig, folder: Path) -> str:
    """The config's file."""
    path = folder / "config.json"
    path.write_text(json.dumps(config.to_json()))
    return str(path)


def entered(config: AgentConfig, folder: Path, *words: str) -> tuple[int, str]:
    """The exit code of a command beside a rank, and what it prints."""
    argv = [sys.executable, "-m", "rankzero.agent", "exec", written(config, folder), *words]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def test_a_command_has_the_rank_s_environment_and_folder(
    config: AgentConfig, tmp_path: Path
) -> None:
    RosterFile(str(tmp_path)).begin(topology(), 1, {})

    code, said = entered(config, tmp_path, "3", "mark", "sh", "-c", "pwd; env; exit 7")

    assert code == 7
    lines = said.splitlines()
    assert lines[0] == str(tmp_path)
    expected = {"RANK=3", "MINE=1", "RANKZERO_PORT_BOARD=6007", "TORCHELASTIC_RESTART_COUNT=1"}
    assert expected | {"RANKZERO_EXEC=mark"} <= set(lines)
    assert not any(line.startswith(("RANKZERO_WORKDIR", "RANKZERO_PARENT")) for line in lines)


def test_without_a_number_it_is_the_node_s_first_rank(config: AgentConfig, tmp_path: Path) -> None:
    RosterFile(str(tmp_path)).begin(topology(), 1, {})

    assert entered(config, tmp_path, "-", "", "sh", "-c", "echo $RANK") == (0, "2\n")


def test_a_node_that_waits_can_be_entered_too(config: AgentConfig, tmp_path: Path) -> None:
    assert entered(config, tmp_path, "-", "", "sh", "-c", "echo $MINE$RANK") == (0, "1\n")


def test_a_command_that_is_not_there_ends_as_in_a_shell(
    config: AgentConfig, tmp_path: Path
) -> None:
    code, said = entered(config, tmp_path, "-", "", "no-such-command")

    assert (code, "no such command on this node" in said) == (127, True)
    assert entered(config, tmp_path, "-", "", str(tmp_path))[0] == 126


def test_without_a_shell_a_command_is_asked_for(config: AgentConfig, tmp_path: Path) -> None:
    bare = config._replace(env={"PATH": str(tmp_path)})

    code, said = entered(bare, tmp_path, "-", "")

    assert (code, "no shell on this node" in said) == (exits.REFUSED, True)


def test_the_roster_is_printed_for_those_who_look(
    config: AgentConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(config, tmp_path)
    assert enter.main(["roster", path]) == exits.DONE
    RosterFile(str(tmp_path)).begin(topology(), 0, {0: 1})
    assert enter.main(["roster", path]) == exits.DONE

    nothing, _, found = capsys.readouterr().out.partition("null")
    assert nothing == ""
    assert Roster.from_json(json.loads(found)) == Roster(topology(), 0, {0: 1})


def test_an_older_agent_leaves_alone_what_a_newer_one_has_begun(tmp_path: Path) -> None:
    older = RosterFile(str(tmp_path))
    older.begin(topology(9), 1, {2: 10, 3: 11})
    newer = RosterFile(str(tmp_path))
    older.exited(2, -9)
    newer.begin(topology(10), 1, {2: 20, 3: 21})
    older.exited(3, -9)
    older.clear()
    kept = roster.read(str(tmp_path))
    assert kept is not None
    assert (dict(kept.pids), dict(kept.codes)) == ({2: 20, 3: 21}, {})
    newer.exited(2, 0)
    newer.clear()
    assert roster.read(str(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_what_an_agent_that_was_killed_has_left_goes_with_the_next_generation(
    tmp_path: Path,
) -> None:
    older = RosterFile(str(tmp_path))
    older.begin(topology(1), 1, {})
    newer = RosterFile(str(tmp_path))
    older.exited(2, -9)
    newer.begin(topology(2), 1, {2: 20})
    newer.clear()
    assert roster.read(str(tmp_path)) is None
