"""The verbs that look at runs: each as text and as JSON."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

GOOD = """
    import os, pathlib
    for line in range(3):
        print("line", line, flush=True)
    pathlib.Path(os.environ["RANKZERO_OUTPUTS"], "model.txt").write_text("trained")
"""
BAD = """
    import os, sys
    print("before", flush=True)
    if os.environ["RANKZERO_RANK"] == "1":
        raise KeyError("lost")
    sys.stdin.read() or __import__("signal").pause()
"""


def documents(shell, *argv, code=0):
    return json.loads(shell(*argv, "--output", "json", code=code).stdout)


@pytest.fixture(scope="module")
def runs(looked_at):
    """The ids of a run that went well and of one that did not."""
    shell = looked_at
    shell.write("good.py", GOOD)
    shell.write("bad.py", BAD)
    shell("run", "good.py", "--nodes", "2", "--label", "kind=good")
    shell("run", "bad.py", "--nodes", "2", "--grace", "2", "--label", "kind=bad", code=1)
    bad, good = (run["run"] for run in documents(shell, "list")["runs"])
    return good, bad


def test_list_shows_the_newest_first(looked_at, runs):
    head, bad, good = looked_at("list").stdout.splitlines()
    assert head.split() == ["RUN", "STATE", "NODES", "RANKS", "WHERE", "AGE", "NOTE"]
    assert good.split()[:5] == [runs[0], "succeeded", "2", "2", "local"]
    assert bad.split()[:2] == [runs[1], "failed"]
    assert "rank 1 (worker/1) raised KeyError" in bad


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (("-l", "kind=good"), [0]),
        (("-l", "kind!=good"), [1]),
        (("-l", "kind", "--state", "failed"), [1]),
        (("--name", "good"), [0]),
        (("-l", "absent"), []),
    ],
)
def test_list_selects(looked_at, runs, argv, found):
    listed = [run["run"] for run in documents(looked_at, "list", *argv)["runs"]]
    assert listed == [runs[index] for index in found]


def test_a_list_of_none_that_match_says_so(looked_at, runs):
    assert looked_at("list", "--name", "absent").stdout.startswith("No run matches.")


def test_an_empty_list_says_how_to_begin(shell):
    assert "rankzero run train.py" in shell("list").stdout
    assert documents(shell, "list") == {"runs": []}


def test_status_has_a_row_a_node_with_its_last_line(looked_at, runs):
    lines = looked_at("status", runs[0]).stdout.splitlines()
    assert lines[0].startswith(f"{runs[0]} · succeeded · generation 1 · local")
    rows = [line.split(None, 5) for line in lines if line.startswith("worker/")]
    assert [(row[0], row[3], row[5]) for row in rows] == [
        ("worker/0", "0", "line 2"),
        ("worker/1", "1", "line 2"),
    ]


def test_status_for_programs(looked_at, runs):
    (run,) = documents(looked_at, "status", runs[1])["runs"]
    assert (run["state"], run["cause"]["rank"], run["world_size"]) == ("failed", 1, 2)
    assert {node["node"] for node in run["nodes"]} == {"worker/0", "worker/1"}


def test_status_of_a_selection(looked_at, runs):
    found = documents(looked_at, "status", "-l", "kind")["runs"]
    assert [run["run"] for run in found] == [runs[1], runs[0]]


def test_logs_are_complete_and_marked(looked_at, runs):
    lines = looked_at("logs", runs[0]).stdout.splitlines()
    for rank in (0, 1):
        own = [line for line in lines if line.startswith(f"[{rank}] ")]
        assert own == [f"[{rank}] line {n}" for n in range(3)]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("--rank", "1", "--tail", "1"), "[1] line 2\n"),
        (("--rank", "0", "--raw"), "line 0\nline 1\nline 2\n"),
        (("--node", "worker/1", "--tail", "2"), "[1] line 1\n[1] line 2\n"),
        (("--rank", "0", "--follow", "--tail", "1"), "[0] line 2\n"),
        (("--tail", "0"), ""),
    ],
)
def test_logs_of_a_part(looked_at, runs, argv, text):
    assert looked_at("logs", runs[0], *argv).stdout == text


@pytest.mark.parametrize("verb", ["logs", "attach"])
def test_a_rank_that_is_not_there_is_told(looked_at, runs, verb):
    done = looked_at(verb, runs[0], "--rank", "1,7-9", code=2)
    assert done.stderr == f"There is no rank 7, 8, 9. {runs[0]} has ranks 0-1.\n"
    assert done.stdout == ""


def test_a_rank_is_refused_only_where_no_run_has_it(looked_at, runs):
    looked_at.write("wide.py", "print('wide')\n")
    looked_at("run", "wide.py", "--nproc", "3")
    (wide,) = (run["run"] for run in documents(looked_at, "list", "--name", "wide")["runs"])
    assert looked_at("logs", runs[0], wide, "-r", "2").stdout == f"[{wide} 2] wide\n"
    done = looked_at("logs", runs[0], wide, "-r", "3", code=2)
    assert done.stderr == "There is no rank 3. None of the runs has it.\n"
    looked_at("delete", wide)


def test_a_node_that_no_run_has_is_answered_with_those_there_are(looked_at, runs) -> None:
    done = looked_at("logs", runs[0], "--node", "workr/0", code=2)
    assert 'There is no node workr/0. Did you mean "worker/0"?' in done.stderr


def test_a_rank_that_a_larger_generation_had_is_not_refused(looked_at, runs):
    shrunk = looked_at.folder / "state" / "rankzero" / "runs" / runs[0]
    plan = json.loads((shrunk / "plan.json").read_text())
    try:
        fewer = {**plan, "nodes": [{**node, "nproc": 0} for node in plan["nodes"]]}
        (shrunk / "plan.json").write_text(json.dumps(fewer))
        assert looked_at("logs", runs[0], "-r", "1", "--tail", "1").stdout == "[1] line 2\n"
    finally:
        (shrunk / "plan.json").write_text(json.dumps(plan))


def test_logs_since_a_moment(looked_at, runs):
    assert len(looked_at("logs", runs[0], "--since", "1h").stdout.splitlines()) == 6
    now = datetime.now(timezone.utc).isoformat()
    assert looked_at("logs", runs[0], "--since", now).stdout == ""
    assert "is no age or time" in looked_at("logs", runs[0], "--since", "soon", code=2).stderr


@pytest.mark.parametrize("argv", [(), ("--follow",)])
def test_logs_of_several_runs_are_marked_with_the_run(looked_at, runs, argv):
    out = looked_at("logs", "-l", "kind", "--rank", "1", *argv).stdout
    assert f"[{runs[0]} 1] line 0\n" in out
    assert f"[{runs[1]} 1] before\n" in out


def test_logs_for_programs(looked_at, runs):
    out = looked_at("logs", runs[0], "--rank", "0", "-o", "json").stdout
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["text"] for line in lines] == ["line 0", "line 1", "line 2"]
    assert {line["run"] for line in lines} == {runs[0]}


def test_events_tell_the_history(looked_at, runs):
    lines = looked_at("events", runs[0]).stdout.splitlines()
    kinds = [line.split()[2] for line in lines]
    assert (kinds[0], kinds[-1]) == ("submitted", "finished")
    stream = looked_at("events", runs[0], "--follow", "-o", "json").stdout.splitlines()
    events = [json.loads(line) for line in stream]
    assert [event["kind"] for event in events] == kinds
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_why_tells_the_cause_the_traceback_and_the_neighbours(looked_at, runs):
    text = looked_at("why", runs[1]).stdout
    assert "  cause   rank 1 (worker/1) raised KeyError: 'lost'\n" in text
    assert '          bad.py:5 in <module>:  raise KeyError("lost")\n' in text
    assert "\ntraceback\n  Traceback (most recent call last):\n" in text
    assert "\nnodes\n  worker/0  " in text
    assert "<- the cause" in text


def test_why_for_programs(looked_at, runs):
    answer = documents(looked_at, "why", runs[1])
    assert (answer["run"], answer["state"], answer["cause"]) == (runs[1], "failed", "exception")
    assert answer["failure"]["exception"]["type"] == "KeyError"
    assert len(answer["nodes"]) == 2


def test_why_of_a_run_that_went_well(looked_at, runs):
    assert "nothing is wrong: the run has succeeded" in looked_at("why", runs[0]).stdout


def test_outputs_are_printed_and_copied(looked_at, runs, tmp_path):
    folder = looked_at("outputs", runs[0]).stdout.strip()
    assert folder.endswith("outputs")
    copied = documents(looked_at, "outputs", runs[0], "--to", str(tmp_path / "copy"))
    assert copied == {"run": runs[0], "outputs": str(tmp_path / "copy")}
    assert (tmp_path / "copy" / "model.txt").read_text() == "trained"


def test_wait_and_attach_at_a_run_that_has_ended(looked_at, runs):
    assert looked_at("wait", runs[0]).stdout.startswith("✓ succeeded")
    assert "raised KeyError" in looked_at("wait", runs[1], code=1).stdout
    several = looked_at("wait", *runs, code=1).stdout
    assert f"{runs[0]}  ✓ succeeded" in several
    attached = looked_at("attach", runs[1], "--tail", "1", "--rank", "1", code=1)
    assert attached.stdout.splitlines()[-1].startswith("[1] ")
    assert "✗ failed" in attached.stderr


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (("--tail", "2"), "rankzero logs {run}"),
        (("--tail", "0", "--rank", "1"), "rankzero logs {run} --rank 1"),
        (("--tail", "3"), None),
        ((), None),
    ],
)
def test_attach_tells_of_the_lines_that_it_does_not_show(looked_at, runs, argv, command):
    told = looked_at("attach", runs[0], *argv).stderr.splitlines()[1:-1]
    wanted = f"  earlier lines are not shown; all of them: {command}".format(run=runs[0])
    assert told == ([wanted] if command else [])


def test_wait_for_programs(looked_at, runs):
    results = documents(looked_at, "wait", *runs, code=1)["results"]
    assert [(one["run"], one["exit_code"]) for one in results] == [(runs[0], 0), (runs[1], 1)]


@pytest.mark.parametrize(
    ("verb", "how"),
    [
        *((verb, ", or select with -l") for verb in ("stop", "logs", "status", "delete", "wait")),
        *((verb, "") for verb in ("why", "attach", "events", "outputs", "rerun")),
    ],
)
def test_no_run_named_is_asked_for(looked_at, verb, how):
    asked = looked_at(verb, code=2).stderr.splitlines()[0]
    assert asked == f"Which run? Name one{how}; - is the newest."
    assert "by - if it is the newest" in looked_at(verb, "--help").stdout


def test_named_and_selected_at_once_is_refused(looked_at, runs):
    assert "not both" in looked_at("stop", runs[0], "-l", "kind", code=2).stderr


def test_the_start_of_an_id_is_enough_where_it_is_the_only_one(looked_at, runs):
    assert documents(looked_at, "outputs", runs[0][:-2])["run"] == runs[0]
    assert documents(looked_at, "outputs", "go")["run"] == runs[0]


@pytest.mark.parametrize("verb", ["status", "why", "events", "outputs", "logs"])
def test_a_dash_is_the_newest_run(looked_at, runs, verb):
    assert looked_at(verb, "-").stdout == looked_at(verb, runs[1]).stdout


def test_a_run_named_twice_is_one(looked_at, runs):
    assert len(documents(looked_at, "status", "-", runs[1], runs[1][:-1])["runs"]) == 1


def test_an_unknown_run_is_answered_with_the_nearest(looked_at, runs):
    wrong = runs[0][:-1] + "zz"
    done = looked_at("status", wrong, code=2)
    assert f'There is no run "{wrong}". Did you mean "{runs[0]}"?' in done.stderr
    assert "rankzero list" in done.stderr


@pytest.mark.parametrize("wrong", ["", "../x", "/", "a b", ".", "é"])
def test_strange_ids_are_unknown(looked_at, runs, wrong):
    assert "no run" in looked_at("why", wrong, code=2).stderr


def completed(shell, line):
    words = line.split(" ")
    shell.env.update(
        _RANKZERO_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)
    )
    try:
        out = shell(code=None).stdout
    finally:
        for key in ("_RANKZERO_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
            del shell.env[key]
    return sorted(item.partition(",")[2] for item in out.splitlines())


def test_runs_and_jobs_complete(looked_at, runs):
    assert completed(looked_at, "rankzero logs ") == sorted(runs)
    assert completed(looked_at, "rankzero why go") == [runs[0]]
    assert completed(looked_at, "rankzero list --name b") == ["bad"]


def test_the_schema_is_one(looked_at):
    schema = json.loads(looked_at("schema").stdout)
    assert "$schema" in schema or "properties" in schema
    assert documents(looked_at, "schema") == schema


HANGS = """
    import os, signal
    rank = os.environ["RANKZERO_RANK"]
    print("ready" if rank == "0" else "stuck here", flush=True)
    signal.pause()
"""


def test_why_of_a_run_that_goes_on_names_the_ranks_by_how_long_they_are_silent(shell):
    shell.write("hangs.py", HANGS)
    shell("run", "hangs.py", "--nodes", "2", "--detach")
    with shell.start("logs", "-", "--follow") as follows:
        seen = {follows.stdout.readline() for _ in range(2)}
        follows.terminate()
    assert seen == {b"[0] ready\n", b"[1] stuck here\n"}

    text = shell("why", "-").stdout
    assert "remedy  watch it: rankzero attach hangs-" in text
    head, *words = text.partition("last lines, ")[2].splitlines()
    assert head == "the longest silent rank first"
    assert sorted(word.split()[1] for word in words) == ["0", "1"]
    assert all(" ago  " in word for word in words)
    silent = documents(shell, "why", "-")["silent"]
    assert {word["rank"]: word["line"] for word in silent} == {0: "ready", 1: "stuck here"}
