"""The verbs that go into a run, or show all of it, on a laptop."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from support import processes
from support.home import Home
from support.terminals import Terminal
from support.waiting import until

SERVES = """
import os, socket, time
port = int(os.environ["RANKZERO_PORT_BOARD"])
listener = socket.create_server(("127.0.0.1", port))
print("up", flush=True)
time.sleep(3000)
"""
JOB = """
name: served
run: train.py
roles:
  worker: {nodes: 2, ports: {board: 6006}}
"""
WAITS = "import time\nprint('up', flush=True)\ntime.sleep(3000)\n"


def running(home: Home, *words: str, ranks: int = 1) -> str:
    started = home.call("run", *words, "--detach")
    assert started.code == 0, started
    run = started.out.strip()
    until(lambda: home.call("logs", run).out.count("up\n") == ranks, f"{run} to be up")
    return run


@pytest.fixture
def run(home: Home) -> str:
    return running(home, home.script(WAITS))


def shell(home: Home, run: str) -> Terminal:
    argv = [sys.executable, "-m", "rankzero", "exec", run]
    env = {**home.env, "TERM": "xterm", "PS1": "$ "}
    return Terminal(argv, env, home.work, 33, 101)


def test_a_shell_has_the_terminal_and_the_rank_s_environment(home: Home, run: str) -> None:
    with shell(home, run) as terminal:
        terminal.press("echo rank=$RANKZERO_RANK; stty size; pwd\n")
        terminal.until_shown("rank=0")
        terminal.until_shown("33 101")
        terminal.until_shown(str(home.work))
        terminal.press("sleep 3001\n")
        until(lambda: processes.carrying("3001"), "sleep")
        terminal.press("\x03")
        terminal.press("echo co''de $?\n")
        terminal.until_shown("code 130")
        terminal.press("exit 5\n")
        assert terminal.wait() == 5
        assert terminal.as_before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_ended_takes_the_shell_along(home: Home, run: str, number: int) -> None:
    with shell(home, run) as terminal:
        terminal.press("echo rea''dy $$\n")
        terminal.until_shown("ready ")
        terminal.process.send_signal(number)
        assert terminal.wait() == 128 + number
        assert terminal.as_before


def test_ctrl_c_is_the_command_s_own_affair(home: Home, run: str) -> None:
    trap = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done"
    asked = home.start("exec", run, "--", "sh", "-c", trap)
    asked.until_said("ready")
    os.killpg(asked.process.pid, signal.SIGINT)

    said = asked.wait()
    assert (said.code, said.out) == (9, "ready\ncaught\n")


def test_a_run_that_has_ended_is_entered_by_nobody(home: Home) -> None:
    assert home.call("run", home.script("print('up')")).code == 0

    said = home.call("exec", "-", "--", "true")

    assert said.code == 3
    assert "has ended (succeeded)" in said.err
    assert "rankzero logs" in said.err


def test_a_rank_and_a_node_at_once_are_too_much(home: Home, run: str) -> None:
    said = home.call("exec", run, "--rank", "0", "--node", "worker/0", "--", "true")

    assert (said.code, "not both" in said.err) == (2, True)


def test_an_agent_that_is_gone_says_where_to_look(home: Home, run: str) -> None:
    os.kill(home.supervisor(), signal.SIGSTOP)  # so that nobody starts it again
    os.kill(home.agents()["worker/0"], signal.SIGKILL)
    until(lambda: not processes.alive(home.agents()["worker/0"]), "the agent's end")

    said = home.call("exec", run, "--", "true")

    os.kill(home.supervisor(), signal.SIGCONT)
    assert said.code == 3
    assert f"worker/0 of {run} is not there at present" in said.err
    assert f"rankzero status {run}" in said.err


def test_a_port_is_there_already_and_shown(home: Home) -> None:
    home.script(SERVES)
    run = running(home, home.script(JOB, "job.yaml"), ranks=2)

    told = home.call("port-forward", run, "board", "--rank", "1", "-o", "json")

    document = json.loads(told.out)
    assert (told.code, document["node"], document["name"]) == (0, "worker/1", "board")
    with socket.create_connection((document["address"], document["local"])):
        assert document["port"] == document["local"]
    said = home.call("port-forward", run, "board")
    shown = f"127.0.0.1:{port_of(said.out)} -> worker/0:{port_of(said.out)} (board)  "
    assert said.out == f"{shown}(on this machine already: nothing is forwarded)\n"


def port_of(line: str) -> str:
    return line.split(" ")[0].rpartition(":")[2]


@pytest.mark.parametrize(
    "words", [("18080:8080",), ("8080", "--address", "0.0.0.0"), ("board",), ("80:x:y",)]
)
def test_what_a_laptop_does_not_forward_is_a_wrong_request(
    home: Home, run: str, words: tuple[str, ...]
) -> None:
    said = home.call("port-forward", run, *words)

    assert said.code == 2, said
    assert said.out == ""


def test_a_run_is_described_by_its_processes_and_folders(home: Home) -> None:
    run = running(home, home.script(WAITS), "--nodes", "2", ranks=2)

    found = json.loads(home.call("describe", run, "-o", "json").out)

    assert (found["kind"], found["state"], found["where"]) == ("run", "running", "local")
    pids = {one["node"]: int(one["name"]) for one in found["nodes"]}
    assert pids == home.agents()
    assert {one["rank"]: one["pid"] for one in found["ranks"]} == {
        rank: process.pid for rank, process in home.ranks().items()
    }
    assert all(Path(one["name"]).exists() and one["size"] >= 0 for one in found["objects"])

    node = json.loads(home.call("describe", run, "worker/1", "-o", "json").out)
    assert [one["node"] for one in node["nodes"] + node["ranks"]] == ["worker/1", "worker/1"]
    text = home.call("describe", run).out
    assert text.startswith(f"{run} · running · local\n")
    for head in ("OBJECT", "NODE", "RANK"):
        assert f"\n{head} " in text
    assert "SERVICE" not in text


def test_a_run_that_has_ended_has_its_folders_and_no_ranks(home: Home) -> None:
    done = home.call("run", home.script("print('up')"))
    assert done.code == 0, done
    run = home.only().run

    found = json.loads(home.call("describe", run, "-o", "json").out)

    assert (found["state"], found["ranks"]) == ("succeeded", [])
    assert found["objects"]


@pytest.mark.parametrize("words", [("worker/7",), ("ps/0",)])
def test_a_node_that_there_is_not_is_no_description(
    home: Home, run: str, words: tuple[str, ...]
) -> None:
    said = home.call("describe", run, *words)

    assert (said.code, "It has: worker/0" in said.err) == (2, True)


def test_on_one_machine_nothing_is_to_be_recovered(home: Home, run: str) -> None:
    said = home.call("recover", run)

    assert (said.code, said.out) == (0, f"No machine holds a node of {run}; nothing was done.\n")
    assert json.loads(home.call("recover", run, "-o", "json").out) == {"run": run, "held": []}
