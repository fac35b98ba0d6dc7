"""How a run ends on the screen, and for programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from rankzero.agent.events import Event
from rankzero.agent.history import History, NodeState
from rankzero.backends.base import LogBlock, RunInfo
from rankzero.cli.show import programs
from rankzero.cli.show.ending import end_line, home, say_end, times
from rankzero.cli.show.explained import neighbours, say_why
from rankzero.cli.show.table import note, run_line, run_row, say_runs
from rankzero.why import Facts

CAUSE = {
    "kind": "rank-failed",
    "rank": 3,
    "node": "worker/1",
    "code": 1,
    "others": 3,
    "exception": {
        "type": "ValueError",
        "message": "bad \x1b[2Jbatch",
        "frames": [{"file": "/w/train.py", "line": 58, "function": "fit", "source": "step(x)"}],
        "traceback": "Traceback:\nValueError: bad batch",
    },
}
NODES = {
    "worker/0": NodeState("worker/0", "running", "127.0.0.1", (0, 1)),
    "worker/1": NodeState("worker/1", "lost", "127.0.0.1", (2, 3), losses=1),
}
WELL = History(state="succeeded", submitted=10.0, first_step=12.1, finished=21.2, world_size=4)
BADLY = History(state="failed", submitted=10.0, finished=51.0, cause=CAUSE, nodes=NODES)


def info(history, **labels):
    return RunInfo("digits-7f3a", "digits", "local", 5.0, labels, history)


@pytest.mark.parametrize(
    ("history", "text"),
    [
        (WELL, "in 11.2 s (first step after 2.1 s)"),
        (WELL._replace(restarts=2), "in 11.2 s (first step after 2.1 s, 2 restarts)"),
        (WELL._replace(first_step=None), "in 11.2 s"),
        (BADLY, "after 41 s (exit 1)"),
        (WELL._replace(state="stopped", first_step=None), "after 11.2 s"),
        (History(state="failed"), ""),
    ],
)
def test_times(history, text):
    assert times(history) == text


def test_a_success_says_where_its_things_are():
    line = end_line(WELL, "/o", "/l")
    assert line == "succeeded in 11.2 s (first step after 2.1 s) · outputs: /o · logs: /l"


def test_the_home_folder_is_short():
    assert home(Path(os.path.expanduser("~/runs/x"))) == "~/runs/x"
    assert home(Path("/elsewhere")) == "/elsewhere"


def test_a_success_is_one_line(paper):
    screen, sheet = paper()
    say_end(screen, Facts("digits-7f3a", WELL), Path("/o"), None)
    assert sheet.text() == "✓ succeeded in 11.2 s (first step after 2.1 s) · outputs: /o\n"


def test_a_failure_says_why_and_what_to_do_next(paper):
    screen, sheet = paper()
    plan = {"nodes": [{"role": "worker", "index": 1, "workdir": "/w"}]}
    say_end(screen, Facts("digits-7f3a", BADLY, plan), Path("/o"), None)
    assert sheet.text().splitlines() == [
        "✗ failed after 41 s (exit 1)",
        "  cause   rank 3 (worker/1) raised ValueError: bad batch",
        "          train.py:58 in fit:  step(x)",
        "  others  3 other ranks were stopped by it",
        "  more    rankzero logs digits-7f3a --rank 3 --tail 50",
    ]


def test_of_several_runs_each_is_named(paper):
    screen, sheet = paper()
    say_end(screen, Facts("digits-7f3a", WELL), None, None, name=True)
    assert sheet.text().startswith("digits-7f3a  ✓ succeeded")


def test_why_shows_the_traceback_and_the_neighbours(paper):
    screen, sheet = paper()
    say_why(screen, Facts("digits-7f3a", BADLY))
    text = sheet.text()
    assert text.startswith("digits-7f3a  failed after 41 s (exit 1)\n  cause   ")
    assert "\ntraceback\n  Traceback:\n  ValueError: bad batch\n" in text
    assert "\nnodes\n  worker/0  running  ranks 0-1\n" in text
    assert "worker/1  lost     ranks 2-3  lost 1 time  <- the cause" in text


def test_only_a_failure_has_a_cause_among_its_nodes():
    assert not any("cause" in line for line in neighbours(WELL._replace(nodes=NODES, cause=CAUSE)))


@pytest.mark.parametrize(
    ("history", "text"),
    [
        (BADLY, "rank 3 (worker/1) raised ValueError: bad \x1b[2Jbatch"),
        (History(state="failed"), "no cause recorded"),
        (History(waiting_for=("worker/1",)), "waits for worker/1"),
        (WELL._replace(restarts=1), "11.2 s · 1 restart"),
        (
            History(state="running", report={"step": 410, "loss": 0.21123, "on": None}),
            "step 410 · loss 0.2112",
        ),
    ],
)
def test_notes(history, text):
    assert note(history) == text


def test_a_row_counts_who_is_here():
    history = History(nodes={"worker/0": NODES["worker/0"]}, waiting_for=("worker/1",))
    row = run_row(info(history), now=65.0)
    assert row == ("digits-7f3a", "waiting", "1/2", "-", "local", "1m", "waits for worker/1")


def test_a_line_tells_generation_and_restarts():
    history = History(state="running", generation=2, restarts=1, cause={**CAUSE, "exception": None})
    assert run_line(info(history)) == (
        "digits-7f3a · running · generation 2 (1 restart: rank 3 (worker/1) exited with code 1)"
        " · local"
    )


def test_a_pipe_gets_whole_rows_without_control_sequences(paper):
    screen, sheet = paper()
    long = {**CAUSE, "exception": {"type": "E", "message": "\x1b[31m" + "m" * 190}}
    say_runs(screen, [info(BADLY._replace(cause=long)), info(WELL)])
    head, first, second = sheet.text().splitlines()
    assert head.split() == ["RUN", "STATE", "NODES", "RANKS", "WHERE", "AGE", "NOTE"]
    assert first.endswith("m" * 190)
    assert "\x1b" not in first
    assert second.split()[:4] == ["digits-7f3a", "succeeded", "-", "4"]


def test_colour_marks_the_state(paper):
    screen, sheet = paper(colour=True)
    say_runs(screen, [info(WELL)])
    assert "\x1b[32msucceeded" in sheet.text()


def test_no_runs_says_how_to_start_one(paper):
    screen, sheet = paper()
    say_runs(screen, [])
    assert sheet.text() == "No runs. Start one: rankzero run train.py\n"


def test_a_filter_that_no_run_passes_says_so(paper):
    screen, sheet = paper()
    say_runs(screen, [], filtered=True)
    assert sheet.text() == "No run matches. See them all: rankzero list\n"


@pytest.mark.parametrize("columns", [80, 60])
def test_on_a_terminal_only_the_last_column_is_cut(paper, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    screen, sheet = paper(tty=True)
    long = {**CAUSE, "exception": {"type": "E", "message": "数" * 190}}
    say_runs(screen, [info(BADLY._replace(cause=long)), info(WELL)])
    head, first, _ = sheet.text().splitlines()
    assert head.split() == ["RUN", "STATE", "NODES", "RANKS", "WHERE", "AGE", "NOTE"]
    assert first.split()[:5] == ["digits-7f3a", "failed", "2", "-", "local"]
    assert first[-1] == "…"
    assert columns - 1 <= cell_len(first) <= columns


def test_a_terminal_too_narrow_for_the_last_column_does_without_it(paper, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    screen, sheet = paper(tty=True)
    say_runs(screen, [info(WELL)])
    head, row = sheet.text().splitlines()
    assert (head.split()[-1], row.split()[:2]) == ("AGE", ["digits-7f3a", "succeeded"])


def test_nodes_stand_by_role_and_number_however_they_came(paper):
    came = ["worker/10", "ps/1", "worker/2", "ps/0"]
    history = BADLY._replace(nodes={name: NodeState(name) for name in came})
    wanted = ["ps/0", "ps/1", "worker/2", "worker/10"]
    assert [node["node"] for node in programs.nodes_json(history)] == wanted
    assert [line.split()[0] for line in neighbours(history)] == wanted


def test_a_run_of_which_no_node_is_known_counts_none():
    assert run_row(info(History(world_size=4)), now=5.0)[2:4] == ("-", "4")


def test_the_exit_code_of_a_failure_is_the_command_s():
    refused = BADLY._replace(exit_code=3)
    assert times(refused) == "after 41 s (exit 3)"
    assert programs.result_json(Facts("r", refused), None, None)["exit_code"] == 3


def test_the_last_lines_of_a_rank_that_left_are_not_called_a_traceback(paper):
    screen, sheet = paper()
    left = {**CAUSE, "exception": {**CAUSE["exception"], "type": "SystemExit"}, "tail": ["usage"]}
    say_why(screen, Facts("digits-7f3a", BADLY._replace(cause=left)))
    assert "\nits last lines\n  usage\n" in sheet.text()
    assert "traceback" not in sheet.text()


def test_a_run_for_programs_is_plain_data():
    data = programs.run_json(info(BADLY, team="a"))
    assert (data["run"], data["labels"], data["state"]) == ("digits-7f3a", {"team": "a"}, "failed")
    assert data["nodes"][1] == {
        "node": "worker/1",
        "state": "lost",
        "address": "127.0.0.1",
        "ranks": [2, 3],
        "losses": 1,
        "left": False,
        "pid": None,
        "restarts": 0,
        "usage": {},
    }


def test_a_result_for_programs():
    data = programs.result_json(Facts("digits-7f3a", BADLY), Path("/o"), None)
    assert (data["kind"], data["exit_code"], data["elapsed"]) == ("result", 1, 41.0)
    assert data["why"]["cause"] == "exception"
    assert (data["outputs"], data["logs"]) == ("/o", None)


def test_lines_for_programs_are_objects():
    block = LogBlock(2, "worker/1", 1, 7.0, b"a\n\xff\n", dropped=5)
    first, second = programs.log_json(block, "digits-7f3a")
    assert first == {
        "kind": "log",
        "run": "digits-7f3a",
        "time": 7.0,
        "rank": 2,
        "node": "worker/1",
        "generation": 1,
        "dropped": 5,
        "text": "a",
    }
    assert (second["text"], "dropped" in second) == ("\\xff", False)


def test_an_event_for_programs_has_its_own_keys():
    data = programs.event_json(Event(3, 1.5, "node-lost", {"node": "worker/1"}))
    assert data == {"seq": 3, "time": 1.5, "kind": "node-lost", "node": "worker/1"}
