"""Stopping, leaving, coming back, and many runs at once."""

from __future__ import annotations

import pytest

from contract.conftest import Runner
from contract.following import Following
from contract.place import Place, job
from contract.test_contract_outcomes import RANK, TRAINS
from rankzero.agent import events as ev
from rankzero.backends.base import LogQuery
from rankzero.errors import BadRequest, UnknownRun


def test_stop_gives_the_ranks_their_grace(runner: Runner) -> None:
    script = RANK + (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('saved', flush=True)))\n"
        "print('up', flush=True)\n"
        "time.sleep(300)\n"
    )
    seen = runner.follow(script, nodes=2).until_lines(2)
    runner.backend.stop(runner.submitted[0])
    seen.to_end()

    assert seen.history.state == ev.STOPPED
    assert seen.history.exit_code == 1
    assert seen.lines().count(b"saved") == 2
    assert ev.RANK_FAILED not in seen.kinds, "who ends because it is told to has not failed"


def test_a_rank_that_ignores_sigterm_is_killed_after_the_grace(runner: Runner) -> None:
    script = RANK + (
        "import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('never', flush=True))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(300)\n"
    )
    seen = runner.follow(script, nproc=2).until_lines(2)
    runner.backend.stop(runner.submitted[0], grace=0.3)
    seen.to_end()

    assert seen.history.state == ev.STOPPED
    assert seen.lines().count(b"never") == 2


def test_a_second_stop_can_hurry_the_first(runner: Runner) -> None:
    script = RANK + (
        "import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('deaf', flush=True))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(300)\n"
    )
    seen = runner.follow(script, grace="5m").until_lines(1)
    runner.backend.stop(runner.submitted[0])
    seen.until_lines(1, b"deaf")
    runner.backend.stop(runner.submitted[0], grace=0.0)

    assert seen.to_end().history.state == ev.STOPPED


def test_stop_before_the_ranks_are_up(runner: Runner) -> None:
    run = runner.script(TRAINS, nodes=2)
    runner.backend.stop(run)

    assert Following(runner.backend, run).to_end().history.state == ev.STOPPED


def test_stopping_what_has_ended_changes_nothing(runner: Runner) -> None:
    seen = runner.follow("pass").to_end()
    runner.backend.stop(runner.submitted[0])

    assert runner.backend.run(runner.submitted[0]).state == ev.SUCCEEDED
    assert runner.backend.events(runner.submitted[0]) == seen.events


def test_a_detached_run_is_found_again_and_told_from_the_beginning(
    runner: Runner, place: Place
) -> None:
    run = runner.script(TRAINS, nodes=2)
    Following(runner.backend, run).until_lines(2)

    other = place.elsewhere()
    assert [info.run for info in other.runs()] == [run]
    again = Following(other, run).until_lines(2)
    other.stop(run)
    again.to_end()

    assert again.kinds[0] == ev.SUBMITTED
    assert again.lines() == [b"up", b"up"]
    assert other.run(run).state == ev.STOPPED


def test_a_watch_begins_at_the_event_that_it_names(runner: Runner) -> None:
    first = runner.follow("print('done')").to_end()

    later = Following(runner.backend, runner.submitted[0], events_from=3).to_end()

    assert later.events == first.events[2:]


def test_a_watch_left_and_taken_up_again_misses_nothing(runner: Runner) -> None:
    first = runner.follow(TRAINS, nodes=2).until_event(ev.RUNNING)
    second = Following(runner.backend, runner.submitted[0], events_from=first.events[-1].seq + 1)
    runner.backend.stop(runner.submitted[0])
    second.to_end()

    told = [(event.seq, event.kind) for event in first.events + second.events]
    assert [number for number, _ in told] == list(range(1, len(told) + 1)), told


def test_many_runs_at_once_keep_apart(runner: Runner) -> None:
    script = "import os\nprint(os.environ['RANKZERO_RUN'], os.environ['RANKZERO_MASTER_PORT'])"
    made = job(runner.place, script, nodes=2, framework="torch")
    runs = [runner.job(made) for _ in range(4)]

    seen = {run: Following(runner.backend, run).to_end() for run in runs}

    assert all(one.history.state == ev.SUCCEEDED for one in seen.values())
    assert len(set(runs)) == 4
    assert {info.run for info in runner.backend.runs()} == set(runs)
    for run, one in seen.items():
        assert {line.split()[0].decode() for line in one.lines()} == {run}
        assert len(set(one.lines())) == 1, "both ranks have the same master"


def test_one_run_ends_without_hurting_another(runner: Runner) -> None:
    long = runner.follow(TRAINS).until_lines(1)
    runner.follow("raise SystemExit(1)").to_end()

    assert runner.backend.run(runner.submitted[0]).state == ev.RUNNING_STATE
    runner.backend.stop(runner.submitted[0])
    assert long.to_end().history.state == ev.STOPPED


def test_runs_are_listed_newest_first_with_their_labels(runner: Runner) -> None:
    from rankzero.spec import from_target

    for name in ("older", "newer"):
        path = runner.place.folder / "ends.py"
        path.write_text("pass")
        made = from_target(
            str(path), options={"name": name, "workdir": runner.place.folder}, labels={"team": name}
        )
        Following(runner.backend, runner.job(made)).to_end()

    infos = runner.backend.runs()

    assert [(info.name, info.labels["team"]) for info in infos] == [
        ("newer", "newer"),
        ("older", "older"),
    ]
    assert all(info.finished and info.created for info in infos)


def test_what_runs_is_not_deleted(runner: Runner) -> None:
    seen = runner.follow(TRAINS).until_lines(1)
    run = runner.submitted[0]

    with pytest.raises(BadRequest, match=f"{run} is still running"):
        runner.backend.delete(run)

    runner.backend.stop(run)
    assert seen.to_end().history.state == ev.STOPPED


def test_what_has_ended_is_deleted_without_a_trace(runner: Runner) -> None:
    runner.follow("pass").to_end()
    run = runner.submitted[0]
    runner.finish()

    runner.backend.delete(run)

    assert runner.backend.runs() == []
    with pytest.raises(UnknownRun):
        runner.backend.run(run)


def test_the_plan_stays_as_it_was_submitted(runner: Runner) -> None:
    plan = runner.backend.plan(job(runner.place, "pass", "--lr", "0.1", nodes=2))
    assert runner.backend.runs() == [], "planning creates nothing"

    runner.submitted.append(runner.backend.submit(plan, detach=True).run)
    Following(runner.backend, plan.run, LogQuery()).to_end()

    submitted = runner.backend.submitted(plan.run)
    assert submitted["job"] == plan.job.to_json()
    assert submitted["run"] == plan.run
    assert submitted["code"]["digest"] == plan.code.digest
