"""Real agents that keep what they have on a volume: here a folder that all of them see."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import events as ev
from rankzero.agent import exits, lines
from rankzero.agent.answers import unpack
from rankzero.agent.owned import own
from support.interpreters import extremes
from support.waiting import PATIENCE, until

#: Once its line is out it goes on until the file is there.
LIVE = """
import os, time
print("rank", os.environ["RANKZERO_RANK"], "restarts", os.environ["RANKZERO_RESTARTS"], flush=True)
while not os.path.exists("enough"):
    time.sleep(0.01)
"""
WRITES = """
import os
path = os.path.join(os.environ["RANKZERO_OUTPUTS"], "rank-" + os.environ["RANKZERO_RANK"])
open(path, "w").write("42")
"""


def kept(folder: Path, **query: Any) -> list[str]:
    """The lines on the volume, by time."""
    messages = lines.answers(str(folder), query)
    blocks = [unpack(one["chunk"]).data for one in messages if one["type"] == "log"]
    return b"".join(blocks).decode().splitlines()


@pytest.mark.parametrize("python", extremes(), ids=lambda path: path.split("/")[-3])
def test_lines_of_an_agent_that_was_killed_are_beside_its_successors(cluster, python: str) -> None:
    cluster.python = python
    volume = cluster.folder / "volume" / "by-hand-0000" / "logs"
    settings = cluster.config(0, LIVE).settings._replace(max_restarts=1)
    how = {"settings": settings, "log_folder": str(volume)}
    cluster.start_all(LIVE, **how)
    first = {"rank 0 restarts 0", "rank 1 restarts 0"}
    until(lambda: volume.is_dir() and first <= set(kept(volume)), "the first lines of both")

    agent = cluster.agents["worker/1"]
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    own_disk = str(cluster.folder / "node-1-again")
    cluster.start(cluster.config(1, LIVE, **how, folder=own_disk))
    until(lambda: "rank 1 restarts 1" in kept(volume), "lines of the next agent")
    (cluster.folder / "enough").touch()

    assert set(cluster.codes().values()) == {exits.DONE}
    assert kept(volume, nodes=["worker/1"]) == ["rank 1 restarts 0", "rank 1 restarts 1"]
    assert kept(volume, nodes=["worker/0"]) == ["rank 0 restarts 0", "rank 0 restarts 1"]
    assert len(os.listdir(volume / "worker-1")) == 2


def test_a_volume_that_takes_nothing_from_the_start_is_told_once_there_is_a_coordinator(
    cluster,
) -> None:
    nowhere = str(cluster.folder / ("long" * 100) / "by-hand-0000" / "logs")
    cluster.start(cluster.config(1, WRITES, log_folder=nowhere))
    until((cluster.folder / "node-1" / "logs" / "book").exists, "the agent that is first")
    cluster.start(cluster.config(0, LIVE))

    (notice,) = cluster.until_event(ev.NOTICE)
    assert notice.data["node"] == "worker/1"
    assert "the log volume takes no lines (File name too long)" in notice.data["text"]
    (cluster.folder / "enough").touch()
    assert set(cluster.codes().values()) == {exits.DONE}


def test_all_nodes_write_into_one_folder_of_the_run(cluster) -> None:
    outputs = cluster.folder / "volume" / "by-hand-0000" / "outputs"
    cluster.start_all(WRITES, outputs=str(outputs), shared_outputs=True)

    assert set(cluster.codes().values()) == {exits.DONE}
    assert sorted(os.listdir(outputs)) == ["rank-0", "rank-1"]


def test_what_an_earlier_run_of_the_name_has_left_is_not_written_to(cluster) -> None:
    folder = cluster.folder / "volume" / "by-hand-0000"
    own(str(folder), b"another token")
    cluster.start_all(WRITES, outputs=str(folder / "outputs"), shared_outputs=True)

    cluster.codes()
    history = cluster.history()
    assert history.state == ev.FAILED
    assert "an earlier run of this name" in (history.cause or {})["message"]
    assert not (folder / "outputs").exists()


def test_a_helper_leaves_when_it_is_told_to(cluster) -> None:
    command = [cluster.python, "-m", "rankzero.agent", "helper"]
    # As for the first process of a pod, what comes before it listens does not end it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        helper = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": cluster.root})
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    helper.send_signal(signal.SIGTERM)
    assert helper.wait(PATIENCE) == exits.DONE
