"""How runs end, and what is told of it."""

from __future__ import annotations

import signal

import pytest

from contract.conftest import Runner
from contract.following import Following
from contract.place import Place
from rankzero.agent import events as ev
from rankzero.errors import BadRequest, UnknownRun

RANK = "import os, time\nrank = int(os.environ['RANKZERO_RANK'])\n"
#: A rank that says that it is up and trains for longer than any test.
TRAINS = RANK + "print('up', flush=True)\ntime.sleep(300)\n"


def test_success_is_told_once_and_last(runner: Runner) -> None:
    seen = runner.follow("print('done')", nodes=2, nproc=2).to_end()

    assert seen.history.state == ev.SUCCEEDED
    assert seen.history.exit_code == 0
    assert seen.history.world_size == 4
    assert seen.lines() == [b"done"] * 4
    assert seen.kinds.count(ev.FINISHED) == 1
    assert seen.kinds[0] == ev.SUBMITTED
    assert sorted(data["rank"] for data in seen.of_kind(ev.RANK_EXITED)) == [0, 1, 2, 3]


def test_event_numbers_have_no_holes(runner: Runner) -> None:
    seen = runner.follow("pass", nodes=2).to_end()

    assert [event.seq for event in seen.events] == list(range(1, len(seen.events) + 1))
    assert runner.backend.events(runner.submitted[0]) == seen.events


def test_what_agents_say_of_themselves_has_no_line_of_a_rank(runner: Runner) -> None:
    runner.follow("print('a line of a rank')", nodes=2).to_end()

    said = dict(runner.backend.agents(runner.submitted[0]))
    for node in ("worker-0", "worker-1"):
        assert any(node in who for who in said), said
    assert "a line of a rank" not in "".join(said.values())
    with pytest.raises(UnknownRun):
        runner.backend.agents("nothing-1234")


def test_a_rank_that_raises_is_the_cause_with_its_traceback(runner: Runner) -> None:
    script = TRAINS.replace("time.sleep", "assert rank != 2, 'loss is nan'\ntime.sleep")

    seen = runner.follow(script, nodes=2, nproc=2).to_end()

    cause = seen.history.cause
    assert seen.history.state == ev.FAILED
    assert seen.history.exit_code == 1
    assert (cause["kind"], cause["rank"], cause["node"]) == ("rank-failed", 2, "worker/1")
    assert cause["exception"]["type"] == "AssertionError"
    assert cause["exception"]["message"] == "loss is nan"
    assert "train.py" in cause["exception"]["traceback"]
    assert "assert rank != 2" in cause["exception"]["traceback"]


def test_an_exit_code_is_kept(runner: Runner) -> None:
    seen = runner.follow("import sys\nprint('giving up')\nsys.exit(7)").to_end()

    assert seen.history.cause["code"] == 7
    assert seen.history.cause["tail"] == ["giving up"]
    assert seen.history.exit_code == 1, "the run's own code does not depend on the script's"


def test_ranks_that_die_of_the_first_failure_are_counted_not_blamed(runner: Runner) -> None:
    # The others fail because of the SIGTERM that the first failure brings them.
    script = RANK + (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit('lost my peer'))\n"
        "if rank == 1: raise ValueError('first')\n"
        "time.sleep(300)\n"
    )

    seen = runner.follow(script, nodes=3).to_end()

    assert seen.history.cause["exception"]["message"] == "first"
    assert seen.history.cause["rank"] == 1


def test_a_killed_rank_names_the_signal(runner: Runner, place: Place) -> None:
    seen = runner.follow(TRAINS, nodes=2).until_lines(2)
    place.kill_rank(runner.submitted[0], 1)
    seen.to_end()

    cause = seen.history.cause
    assert seen.history.state == ev.FAILED
    assert (cause["rank"], cause["signal"], cause["code"]) == (1, signal.SIGKILL, None)


def test_a_crash_leaves_its_stacks(runner: Runner) -> None:
    seen = runner.follow("import os\ndef step(): os.abort()\nstep()").to_end()

    assert seen.history.cause["signal"] == signal.SIGABRT
    assert "in step" in seen.history.cause["crash"]


@pytest.mark.parametrize("node", ["worker/0", "worker/1"])
def test_a_killed_node_without_restarts_left_fails_the_run(
    runner: Runner, place: Place, node: str
) -> None:
    seen = runner.follow(TRAINS, nodes=2).until_lines(2)
    place.kill_node(runner.submitted[0], node)
    seen.to_end()

    assert seen.history.state == ev.FAILED
    assert seen.history.cause["kind"] == "node-lost"
    assert seen.history.cause["node"] == node


@pytest.mark.parametrize("node", ["worker/0", "worker/1"])
def test_a_killed_node_with_restarts_left_comes_back(
    runner: Runner, place: Place, node: str
) -> None:
    script = RANK + (
        "print('up', flush=True)\nif os.environ['RANKZERO_RESTARTS'] == '0': time.sleep(300)\n"
    )
    seen = runner.follow(script, nodes=2, max_restarts=1).until_lines(2)
    place.kill_node(runner.submitted[0], node)
    seen.to_end()

    assert seen.history.state == ev.SUCCEEDED
    assert seen.history.restarts == 1
    assert seen.history.generation == 2
    assert seen.lines().count(b"up") == 4
    assert seen.of_kind(ev.RESTARTING)[0]["cause"]["kind"] == "node-lost"


def test_restarts_are_used_up_and_then_the_last_failure_counts(runner: Runner) -> None:
    script = "import os\nraise ValueError('try ' + os.environ['RANKZERO_RESTARTS'])"

    seen = runner.follow(script, nodes=2, max_restarts=2).to_end()

    assert seen.history.state == ev.FAILED
    assert seen.history.restarts == 2
    assert [data["generation"] for data in seen.of_kind(ev.ASSIGNED)] == [1, 2, 3]
    assert seen.history.cause["exception"]["message"] == "try 2"


def test_a_restart_in_time_succeeds(runner: Runner) -> None:
    script = RANK + "assert os.environ['RANKZERO_GENERATION'] == '3' or rank, 'not yet'\n"

    seen = runner.follow(script, nproc=2, max_restarts=2).to_end()

    assert seen.history.state == ev.SUCCEEDED
    assert seen.history.restarts == 2


def test_a_script_that_does_not_exist_is_refused_before_anything_is_made(
    runner: Runner, place: Place
) -> None:
    from rankzero.spec import from_target

    with pytest.raises(BadRequest, match=r"trian\.py"):
        runner.job(from_target(str(place.folder / "trian.py")))

    assert runner.backend.runs() == []


def test_a_script_that_vanished_since_the_plan_fails_with_its_path(
    runner: Runner, place: Place
) -> None:
    from contract.place import job

    made = job(place, "print('hello')", name="gone.py")
    plan = runner.backend.plan(made)
    (place.folder / "gone.py").unlink()
    runner.submitted.append(runner.backend.submit(plan, detach=True).run)

    seen = Following(runner.backend, plan.run).to_end()

    if place.takes_along:
        assert seen.history.state == ev.SUCCEEDED
        return
    assert seen.history.state == ev.FAILED
    assert "gone.py" in seen.history.cause["message"]


def test_names_with_spaces_and_unicode_reach_the_script_whole(runner: Runner, place: Place) -> None:
    script = "import sys, os\nprint(ascii(sys.argv))\nprint(ascii(os.environ['GREETING']))\n"
    name, words = "mein träining 火.py", ("--größe", "a b", "", "$HOME; 'x'", "日本")

    seen = runner.follow(script, *words, name=name, env={"GREETING": "grüß  dich"}).to_end()

    assert seen.history.state == ev.SUCCEEDED, seen.history.cause
    argv, greeting = seen.lines()
    assert eval(argv)[1:] == list(words)
    assert eval(argv)[0].endswith(name)
    assert eval(greeting) == "grüß  dich"


def test_an_unknown_run_is_unknown_to_every_question(runner: Runner) -> None:
    backend = runner.backend
    for ask in (backend.run, backend.events, backend.stop, backend.delete, backend.outputs):
        with pytest.raises(UnknownRun, match="nobody-0000"):
            ask("nobody-0000")
