"""The agent as one file: what is in it, that it is always the same, and that any Python runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.agent.chronicle import read
from rankzero.agent.config import AgentConfig, Command, Limits, RoleShape
from rankzero.agent.history import fold
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader
from rankzero.code import agent_zip as module
from rankzero.code.agent_zip import TRAVELS, agent_zip
from rankzero.code.shipment import PART
from rankzero.contracts.topology import Settings
from support import processes
from support.interpreters import extremes
from support.waiting import PATIENCE

SOURCES = Path(module.__file__).parents[1]
SCRIPT = """
import rankzero, net
context = rankzero.context()
rankzero.report(step=1, loss=0.5)
print("rank", context.rank, "of", context.world_size, net.x, rankzero.__file__)
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "agent.zip"
    path.write_bytes(agent_zip())
    return path


def test_it_holds_the_sources_that_travel_and_a_beginning(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        held = {name: opened.read(name) for name in opened.namelist()}
        assert {stamp.date_time for stamp in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    expected = {"__main__.py", "rankzero/__init__.py"}
    for part in TRAVELS:
        for path in (SOURCES / part).rglob("*.py"):
            expected.add(f"rankzero/{path.relative_to(SOURCES).as_posix()}")
    assert list(held) == sorted(expected), "whatever order a disk lists them in"
    for name in expected - {"__main__.py"}:
        assert held[name] == (SOURCES.parent / name).read_bytes(), name


def test_it_is_always_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "rankzero"
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCES, copy, copy_function=shutil.copyfile, ignore=compiled)  # new times
    first = agent_zip()
    monkeypatch.setattr(module, "_PACKAGE", copy)
    assert agent_zip() == first
    (copy / "agent" / "exits.py").write_text("DONE = 1\n")
    assert agent_zip() != first


def test_a_config_map_has_room_for_it() -> None:
    assert len(agent_zip()) < PART / 2


IMPORT_ALL = """
import importlib, sys, zipfile
archive = sys.argv[1]
sys.path[:] = [archive] + sys.path
for name in zipfile.ZipFile(archive).namelist():
    if not name.endswith("__main__.py"):
        importlib.import_module(name[:-3].replace("/__init__", "").replace("/", "."))
print(sys.modules["rankzero.agent.node"].__file__)
"""


@pytest.mark.parametrize("python", extremes())
def test_every_module_can_be_imported_from_it(python: str, archive: Path) -> None:
    argv = [python, "-I", "-S", "-W", "error", "-c", IMPORT_ALL, str(archive)]
    done = subprocess.run(argv, env={}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == f"{archive}/rankzero/agent/node.py\n"


@pytest.mark.parametrize("python", extremes())
def test_a_run_of_one_node(python: str, archive: Path, tmp_path: Path) -> None:
    """With no site packages and next to no environment, in a folder that is not the archive's."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "train.py").write_text(SCRIPT)
    (work / "net.py").write_text("x = 'ours'\n")
    (tmp_path / "token").write_bytes(b"a" * 64)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = AgentConfig(
            run="by-hand-0000",
            role="worker",
            index=0,
            roles=(RoleShape("worker", 1, 1),),
            settings=Settings("by-hand-0000", "plain"),
            command=Command("script", "train.py"),
            coordinator=f"127.0.0.1:{listener.getsockname()[1]}",
            token_file=str(tmp_path / "token"),
            folder=str(tmp_path / "node"),
            outputs=str(tmp_path / "outputs"),
            workdir=str(work),
            python=python,
            nproc=2,
            listen=f"fd:{listener.fileno()}",
            events_file=str(tmp_path / "events.jsonl"),
            limits=Limits(join_wait=PATIENCE, coordinator_wait=PATIENCE, linger=0.0),
        )
        (tmp_path / "config.json").write_text(json.dumps(config.to_json()))
        argv = [python, "-I", "-S", str(archive), str(tmp_path / "config.json")]
        try:
            done = subprocess.run(
                argv,
                env={},
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
                pass_fds=[listener.fileno()],
            )
        finally:
            for process in processes.carrying(tmp_path):
                os.kill(process.pid, signal.SIGKILL)

    assert (done.returncode, done.stdout, done.stderr) == (exits.DONE, "", "")
    events = read(str(tmp_path / "events.jsonl"))
    assert fold(events).state == ev.SUCCEEDED
    reader = LogReader(str(tmp_path / "node" / "logs"))
    cursors = [Cursor(reader, rank) for rank in reader.ranks()]
    said = b"".join(chunk.data for _, chunk in merge(cursors, final=True)).decode().splitlines()
    place = f"{archive}/rankzero/__init__.py"
    assert sorted(said) == [f"rank {rank} of 2 ours {place}" for rank in (0, 1)]
