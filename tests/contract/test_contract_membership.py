"""Roles, ranges of nodes, and what ranks leave behind."""

from __future__ import annotations

import pytest

from contract.conftest import Runner
from contract.following import Following
from contract.place import Place, job_file
from contract.test_contract_outcomes import RANK, TRAINS
from rankzero.agent import events as ev

SERVES = "import signal, time\nprint('up', flush=True)\ntime.sleep(300)\n"
CLUSTER = """
name: cluster
run: work.py
roles:
  ps: {nodes: 2, run: serve.py}
  worker: {nodes: 2}
"""


def test_roles_that_do_not_complete_end_with_the_others(runner: Runner) -> None:
    made = job_file(runner.place, CLUSTER, {"work.py": "print('worked')", "serve.py": SERVES})

    seen = Following(runner.backend, runner.job(made)).to_end()

    assert seen.history.state == ev.SUCCEEDED
    assert seen.lines().count(b"worked") == 2
    assert ev.RANK_FAILED not in seen.kinds


def test_a_role_that_does_not_complete_may_still_fail_the_run(runner: Runner) -> None:
    scripts = {"work.py": TRAINS, "serve.py": "raise RuntimeError('no memory for variables')"}

    seen = Following(runner.backend, runner.job(job_file(runner.place, CLUSTER, scripts))).to_end()

    assert seen.history.state == ev.FAILED
    assert seen.history.cause["node"].startswith("ps/")
    assert seen.history.cause["exception"]["message"] == "no memory for variables"


def test_completes_can_be_said(runner: Runner) -> None:
    text = CLUSTER.replace("{nodes: 2}", "{nodes: 2, completes: false}").replace(
        "run: serve.py}", "run: serve.py, completes: true}"
    )
    scripts = {"work.py": TRAINS, "serve.py": "print('served')"}

    seen = Following(runner.backend, runner.job(job_file(runner.place, text, scripts))).to_end()

    assert seen.history.state == ev.SUCCEEDED
    assert seen.lines().count(b"served") == 2


def test_a_range_goes_on_with_fewer_nodes_and_spends_no_restart(
    runner: Runner, place: Place
) -> None:
    script = RANK + "print('up', flush=True)\ntime.sleep(300)\n"
    seen = runner.follow(script, nodes="1:2").until_lines(2)
    place.kill_node(runner.submitted[0], "worker/1")
    seen.until_event(ev.ASSIGNED, 2)
    runner.backend.stop(runner.submitted[0])
    seen.to_end()

    restarting = seen.of_kind(ev.RESTARTING)[0]
    assert (restarting["cause"]["kind"], restarting["restarts"]) == ("node-lost", 0)
    assert seen.history.state == ev.STOPPED


def test_a_range_asks_for_its_maximum(runner: Runner) -> None:
    seen = runner.follow("pass", nodes="1:3").to_end()

    assert seen.history.world_size == 3


LEAVERS = {
    "forks and exits": "if os.fork() == 0: time.sleep(300)\n",
    "leaves its session": (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    for fd in (0, 1, 2): os.close(fd)\n"
        "    time.sleep(300)\n"
    ),
    "ignores SIGTERM": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0: time.sleep(300)\n"
    ),
    "closes its stdout": "os.close(1)\nos.close(2)\n",
}


@pytest.mark.parametrize("how", LEAVERS)
def test_what_a_rank_leaves_is_ended_and_the_run_succeeds(runner: Runner, how: str) -> None:
    seen = runner.follow(RANK + LEAVERS[how], nodes=2).to_end()

    assert seen.history.state == ev.SUCCEEDED, seen.history.cause
    # The runner's end proves that nothing of it lives on.


def test_what_a_rank_left_in_its_group_is_told(runner: Runner) -> None:
    script = RANK + "if rank == 1 and os.fork() == 0: time.sleep(300)\n"

    seen = runner.follow(script, nodes=2).to_end()

    assert seen.of_kind(ev.LEFTOVERS) == [{"rank": 1, "processes": 1}]


def test_a_failed_ranks_children_end_too(runner: Runner) -> None:
    script = RANK + "if rank == 0 and os.fork(): raise SystemExit(3)\ntime.sleep(300)\n"

    seen = runner.follow(script, nodes=2).to_end()

    assert seen.history.state == ev.FAILED
    assert (seen.history.cause["rank"], seen.history.cause["code"]) == (0, 3)
