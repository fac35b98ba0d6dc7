"""Pipelines that fail, are stopped, or lose a process: what is told, and what is left."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from support import processes
from support.home import Command
from support.pipelines import Works
from support.waiting import until

#: One step that goes on until it is told to end.
LONG = """
steps:
  first:
    command: echo first
  long:
    command: [sh, -c, 'echo up; exec sleep 600']
    needs: first
  last:
    command: echo last
    needs: long
"""


def until_up(home: Works, command: Command) -> None:
    command.until_said("[long] up")


# -- failures


def test_a_step_that_fails_is_named_with_its_last_lines(home: Works) -> None:
    text = """
steps:
  a:
    command: [sh, -c, 'echo working; echo "no such table: users" >&2; exit 3']
    retries: 1
  b:
    command: echo b
    needs: a
  c:
    command: echo c
"""
    said = home.call("pipeline", "run", home.pipeline(text))
    assert said.code == 1, said
    assert "✗ a exited with code 3; tried again" in said.err
    end = said.err.partition("✗ failed after ")[2].splitlines()
    assert end[1:] == [
        "  cause   a exited with code 3 (attempt 2 of 2)",
        "          working",
        "          no such table: users",
        "  effect  1 step could not begin: b",
        f"  more    rankzero pipeline logs {home.status()['run']} --step a",
    ]
    assert home.states() == {"a": "failed", "b": "blocked", "c": "succeeded"}
    assert home.call("pipeline", "why", "-").out.splitlines()[1:] == end[1:]
    assert home.call("pipeline", "logs", "-", "--step", "a", "--tail", "1").out == (
        "[a] no such table: users\n" * 2
    )
    home.nothing_left()


def test_all_that_failed_is_named_the_first_one_first(home: Works) -> None:
    # A process is there until its driver has taken note of its end.
    (home.work / "wait.sh").write_text(
        "until [ -s pid ]; do sleep 0.02; done\n"
        "while kill -0 $(cat pid) 2> no.log; do sleep 0.02; done\n"
    )
    text = """
steps:
  late:
    command: [sh, -c, '. ./wait.sh; echo too late; exit 4']
  soon:
    command: [sh, -c, 'echo no; echo $$ > pid; exit 3']
  many:
    command: [sh, -c, '. ./wait.sh; exit 5']
    for_each: [a, b, c]
  after:
    command: echo after
    needs: [late, soon]
"""
    said = home.call("pipeline", "run", home.pipeline(text), "--slots", "5")
    end = said.err.partition("✗ failed after ")[2].splitlines()[1:]
    assert end[:2] == ["  cause   soon exited with code 3", "          no"]
    others = "\n".join(end[2:-2])
    assert "  also    late exited with code 4\n          too late" in others
    assert "  also    many[" in others and "          so did 2 other parts: many[" in others
    assert end[-2] == "  effect  1 step could not begin: after"
    assert all(f"--step {name}" in end[-1] for name in ("soon", "late", "many"))
    assert home.call("pipeline", "why", "-").out.splitlines()[1:] == end
    listed = home.call("pipeline", "list").out
    assert "soon exited with code 3 (4 more failed)" in listed
    (many,) = [one for one in home.status()["steps"] if one["step"] == "many"]
    assert (many["failed"], many["done"], many["total"]) == (3, 0, 3)


def test_a_step_that_fails_now_and_then_is_tried_again(home: Works) -> None:
    text = """
steps:
  a:
    command: [sh, -c, 'echo x >> tries; [ $(wc -l < tries) -gt 2 ]']
    retries: 2
"""
    assert home.call("pipeline", "run", home.pipeline(text)).code == 0
    (step,) = home.status()["steps"]
    assert (step["attempts"], step["state"]) == (3, "succeeded")


def test_a_job_that_fails_says_what_why_says_of_its_run(home: Works) -> None:
    home.script("{}['lr']\n")
    text = "steps:\n  train:\n    job: {run: train.py}\n"
    said = home.call("pipeline", "run", home.pipeline(text))
    assert said.code == 1
    assert "KeyError: 'lr'" in said.err.partition("✗ failed after ")[2]
    assert "train.py:1 in <module>" in home.call("pipeline", "why", "-").out


@pytest.mark.parametrize(
    ("command", "gives", "cause"),
    [
        ("nothing-of-this-name", "", "cannot be started: No such file or directory: nothing-of"),
        ("kill -9 $$", "", "was killed by signal 9 (SIGKILL)"),
        ("true", "[x]", "its output `x` was not written: "),
        ("ln -s /etc $RANKZERO_OUTPUTS/x", "[x]", "its output `x` holds x, which is neither a"),
        ("head -c 40000 /dev/zero > $RANKZERO_OUTPUTS/x", "{x: value}", "longer than 32 KiB"),
        ("mkdir $RANKZERO_OUTPUTS/x", "{x: value}", "its output `x` is no file with UTF-8 text"),
    ],
)
def test_each_way_to_fail_has_its_words(home: Works, command: str, gives: str, cause: str) -> None:
    plain = command.startswith("nothing")
    said = command if plain else f"[sh, -c, '{command}']"
    outputs = f"\n    outputs: {gives}" if gives else ""
    text = f"steps:\n  a:\n    command: {said}{outputs}\n"
    ended = home.call("pipeline", "run", home.pipeline(text))
    assert ended.code == 1
    assert cause in ended.err.partition("  cause   a ")[2], ended.err


def test_a_list_that_is_none_fails_its_step(home: Works) -> None:
    text = """
steps:
  list:
    command: [sh, -c, 'echo three > $RANKZERO_OUTPUTS/n']
    outputs: {n: value}
  each:
    command: echo ${item}
    for_each: list.n
"""
    said = home.call("pipeline", "run", home.pipeline(text))
    assert (
        'each cannot begin: `list.n` must be a list in JSON to go through; got "three"' in said.err
    )


def test_a_step_that_takes_too_long_is_ended(home: Works) -> None:
    text = LONG.replace("    needs: first\n", "    needs: first\n    timeout: 0.3\n")
    said = home.call("pipeline", "run", home.pipeline(text))
    assert said.code == 1
    assert "long took longer than its timeout, 0.3 s" in said.err
    home.nothing_left()


def test_what_a_step_leaves_behind_is_ended(home: Works) -> None:
    text = """
steps:
  a:
    command: [sh, -c, 'sleep 600 & setsid sleep 600 & echo started']
  b:
    command: echo b
    needs: a
"""
    assert home.call("pipeline", "run", home.pipeline(text)).code == 0
    home.nothing_left()


# -- being stopped


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_to_its_command_stops_it(home: Works, number: int, code: int) -> None:
    command = home.start("pipeline", "run", home.pipeline(LONG))
    until_up(home, command)
    command.signal(number)
    assert command.wait().code == code
    assert home.states() == {"first": "succeeded", "long": "stopped", "last": "blocked"}
    home.nothing_left()


def test_it_ends_with_its_command(home: Works) -> None:
    command = home.start("pipeline", "run", home.pipeline(LONG))
    until_up(home, command)
    command.process.kill()
    home.nothing_left()
    one = home.status()
    assert (one["state"], one["why"]) == ("stopped", "the end of the command that started it")


def test_a_detached_one_goes_on_is_followed_and_is_stopped(home: Works) -> None:
    started = home.call("pipeline", "run", home.pipeline(LONG), "--detach")
    run = started.out.strip()
    following = home.start("pipeline", "attach", run)
    until_up(home, following)
    lines = home.start("pipeline", "logs", "-f", run, "--raw")
    lines.until_said("up")
    waiting = home.start("pipeline", "wait", run)
    impatient = home.call("pipeline", "wait", run, "--timeout", "1ms")
    assert (impatient.code, f"{run} is not over after 1ms" in impatient.err) == (3, True), impatient

    stopped = home.call("pipeline", "stop", run)
    assert stopped.out.startswith(f"{run} · stopped · 1/3 steps")
    assert following.wait().code == 1
    assert waiting.wait().code == 1
    assert lines.wait().out == "first\nup\n"
    assert (
        "cause   it was stopped by rankzero pipeline stop" in home.call("pipeline", "why", run).out
    )
    assert home.call("pipeline", "stop", run).out == f"{run} does not run.\n"
    home.nothing_left()


def test_one_that_goes_on_is_not_deleted_by_mistake(home: Works) -> None:
    run = home.call("pipeline", "run", home.pipeline(LONG), "-d").out.strip()
    said = home.call("pipeline", "delete", run)
    assert (said.code, f"Not over yet: {run}" in said.err) == (2, True)
    assert (
        home.call("pipeline", "delete", "--all").out
        == "No pipeline is over; nothing was deleted.\n"
    )
    assert home.call("pipeline", "delete", run, "--force").out == f"deleted {run}\n"
    home.nothing_left()


# -- losing processes

MANY = """
steps:
  list:
    command: [sh, -c, 'echo "[%s]" > $RANKZERO_OUTPUTS/n']
    outputs: {n: value}
  each:
    command: [sh, -c, 'echo ${item} >> done; echo ${item} > $RANKZERO_OUTPUTS/o']
    for_each: list.n
    outputs: {o: value}
  sum:
    command: [sh, -c, 'cat $RANKZERO_INPUTS/o/* | wc -l > $RANKZERO_OUTPUTS/t']
    inputs: [each.o]
    outputs: {t: value}
"""


@pytest.mark.parametrize("seed", range(3))
def test_no_committed_step_is_done_again_wherever_the_driver_is_killed(
    home: Works, seed: int
) -> None:
    chance = random.Random(seed)
    count, kills = 120, 0
    file = home.pipeline(MANY % ",".join(map(str, range(count))))
    run = home.call("pipeline", "run", file, "-d").out.strip()
    while len(home.lines("done")) < count - 1:
        wanted = min(len(home.lines("done")) + chance.randrange(1, 30), count - 1)
        until(lambda least=wanted: len(home.lines("done")) >= least, "steps to be done")
        driving = home.of("driving")  # none where the last steps took no time
        processes.kill(*driving)
        kills += len(driving)
    assert home.call("pipeline", "wait", run).code == 0
    assert kills

    facts = home.facts(run)
    committed = [(one["step"], one.get("at")) for one in facts if one["kind"] == "committed"]
    assert len(committed) == len(set(committed)) == count + 2
    seen: set[tuple[str, int | None]] = set()
    for one in facts:
        part = (one.get("step", ""), one.get("at"))
        assert one["kind"] != "started" or part not in seen, f"{part} was done again"
        if one["kind"] == "committed":
            seen.add(part)
    assert facts[-1]["state"] == "succeeded"
    assert next(one for one in facts if one.get("step") == "sum" and "outputs" in one)["outputs"][
        "t"
    ]["value"].strip() == str(count)
    home.nothing_left()


def test_one_whose_keeper_is_killed_too_is_taken_up_again(home: Works) -> None:
    text = LONG.replace("exec sleep 600", "while [ ! -e enough ]; do sleep 0.05; done")
    run = home.call("pipeline", "run", home.pipeline(text), "-d").out.strip()
    until(lambda: "[long] up" in home.call("pipeline", "logs", run).out, "the long step")
    driver, keeper = home.the("driving"), home.the("keeping")
    os.kill(keeper, signal.SIGSTOP)  # it would bring its driver back
    os.kill(driver, signal.SIGKILL)
    os.kill(keeper, signal.SIGKILL)
    home.nothing_left()

    assert "cut off" in home.call("pipeline", "status", run).out
    assert "rankzero pipeline resume" in home.call("pipeline", "why", run).out
    (home.work / "enough").touch()
    said = home.call("pipeline", "resume", run)
    assert said.code == 0, said
    assert said.out.splitlines()[-1] == "[last] last"
    kinds = [one["kind"] for one in home.facts(run) if one.get("step") == "first"]
    assert kinds == ["started", "committed"]
    assert home.call("pipeline", "resume", run).code == 2, "it is over"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_keeper_that_ends_takes_all_with_it_and_leaves_what_can_be_resumed(
    home: Works, number: int
) -> None:
    run = home.call("pipeline", "run", home.pipeline(LONG), "-d").out.strip()
    until(lambda: "[long] up" in home.call("pipeline", "logs", run).out, "the long step")
    os.kill(home.the("keeping"), number)
    home.nothing_left()
    assert "cut off" in home.call("pipeline", "status", run).out
    assert home.states(run)["first"] == "succeeded"
    following = home.start("pipeline", "resume", run)
    following.until_said("[long] up")
    home.call("pipeline", "stop", run)
    assert following.wait().code == 1


def test_two_of_one_name_at_once_do_not_disturb_each_other(home: Works, tmp_path: Path) -> None:
    file = home.pipeline(MANY % "1,2,3,4")
    both = [home.start("pipeline", "run", file, "--no-cache") for _ in range(2)]
    assert [one.wait().code for one in both] == [0, 0]
    assert len(home.lines("done")) == 8


def test_a_step_does_not_see_what_its_command_had_inherited(home: Works) -> None:
    read, write = os.pipe()
    text = (
        f"steps:\n  a:\n    command: [sh, -c, 'ls /proc/self/fd; ! [ -e /proc/self/fd/{write} ]']\n"
    )
    said = home.start("pipeline", "run", home.pipeline(text), pass_fds=(write,)).wait()
    os.close(read)
    os.close(write)
    assert said.code == 0, said


# -- what is odd


def test_steps_whose_folders_would_be_called_alike_do_not_meet(home: Works) -> None:
    text = """
steps:
  a:
    command: [sh, -c, 'sleep 0.2; echo part > $RANKZERO_OUTPUTS/v; ls $RANKZERO_OUTPUTS']
    for_each: [x]
    outputs: {v: value}
  a-0:
    command: [sh, -c, 'echo single > $RANKZERO_OUTPUTS/v; sleep 0.4; cat $RANKZERO_OUTPUTS/v']
    outputs: {v: value}
"""
    said = home.call("pipeline", "run", home.pipeline(text), "--slots", "2")
    assert sorted(said.out.splitlines()) == ["[a-0] single", "[a[0]] v"]


def test_results_of_code_that_was_changed_meanwhile_are_not_taken_later(home: Works) -> None:
    script = home.script("print('old')\n", "work.py")
    text = """
steps:
  wait:
    command: [sh, -c, 'touch up; while [ ! -e go.tmp ]; do sleep 0.02; done']
    cache: false
  work:
    command: [sh, -c, 'cat work.py']
    needs: wait
"""
    (home.work / ".gitignore").write_text("*.tmp\nup\n")
    file = home.pipeline(text)
    command = home.start("pipeline", "run", file)
    until((home.work / "up").exists, "the first step")
    Path(script).write_text("print('new')\n")
    (home.work / "go.tmp").touch()
    said = command.wait()
    assert "[work] print('new')" in said.out
    assert "note: its code has changed meanwhile" in said.err
    Path(script).write_text("print('old')\n")
    assert "[work] print('old')" in home.call("pipeline", "run", file).out


def test_a_comment_in_the_file_changes_nothing(home: Works) -> None:
    file = home.pipeline("steps: {a: {command: echo hi}}\n")
    assert home.call("pipeline", "run", file).code == 0
    home.pipeline("# why\nsteps: {a: {command: echo hi}}\n")
    assert "✓ a cached" in home.call("pipeline", "run", file).err


@pytest.mark.parametrize(
    ("command", "gives", "cause"),
    [
        ("mkfifo $RANKZERO_OUTPUTS/x", "{x: value}", "its output `x` is no file with UTF-8 text"),
        ("head -c 1 /dev/zero > $RANKZERO_OUTPUTS/x", "{x: value}", "holds a NUL character"),
    ],
)
def test_outputs_that_nobody_could_use_fail_their_step_once(
    home: Works, command: str, gives: str, cause: str
) -> None:
    text = f'steps:\n  a:\n    command: [sh, -c, "{command}"]\n    outputs: {gives}\n'
    said = home.call("pipeline", "run", home.pipeline(text))
    assert said.code == 1
    assert cause in said.err
    assert [one["kind"] for one in home.facts()] == ["started", "broke", "finished"]


def test_an_item_that_no_command_can_be_given_fails_its_step(home: Works) -> None:
    file = home.pipeline('{"steps": {"a": {"command": "echo ${item}", "for_each": ["a\\u0000b"]}}}')
    said = home.call("pipeline", "run", file)
    assert said.code == 1
    assert "cannot be started: embedded null byte" in said.err


def test_a_long_timeout_is_a_timeout(home: Works) -> None:
    file = home.pipeline("steps: {a: {command: echo hi, timeout: 3000d}}\n")
    assert home.call("pipeline", "run", file).code == 0


def test_what_is_a_lot_is_taken_beside_all_else(home: Works) -> None:
    text = """
steps:
  big:
    command: truncate -s 300G ${outputs.x}
    outputs: [x]
  quick:
    command: [sh, -c, 'while [ ! -e taking ]; do sleep 0.02; done; sleep 600']
    timeout: 1
"""
    command = home.start("pipeline", "run", home.pipeline(text), "--slots", "2")
    until(lambda: home.of("taking"), "the process that takes it")
    (home.work / "taking").touch()
    command.until_said("quick took longer than its timeout, 1 s")
    command.signal(signal.SIGINT)
    assert command.wait().code == 1
    home.nothing_left()


def test_the_second_ctrl_c_ends_a_step_that_does_not_listen(home: Works) -> None:
    text = LONG.replace("echo up; exec sleep 600", 'trap "" TERM; echo up; sleep 600 & wait; wait')
    command = home.start("pipeline", "run", home.pipeline(text))
    until_up(home, command)
    command.signal(signal.SIGINT)
    until(lambda: "long" in home.states() and home.of("driving"), "the first to be heard")
    command.signal(signal.SIGINT)
    assert command.wait().code == 130


def test_one_that_is_torn_does_not_hide_the_others(home: Works) -> None:
    file = home.pipeline("steps: {a: {command: echo hi}}\n")
    for _ in range(3):
        assert home.call("pipeline", "run", file).code == 0
    runs = [line.split()[0] for line in home.call("pipeline", "list").out.splitlines()[1:]]
    folder = home.state / "rankzero" / "pipelines"
    (folder / runs[0] / "ledger.db").write_bytes(b"garbage" * 1000)
    (folder / runs[1] / "pipeline.json").write_text("[]")

    rows = home.call("pipeline", "list").out.splitlines()[1:]
    assert sorted(row.split()[1] for row in rows) == ["succeeded", "torn", "torn"]
    for verb in ("status", "logs", "why", "outputs", "wait", "attach"):
        for run in runs[:2]:
            said = home.call("pipeline", verb, run)
            assert (said.code, "Traceback" in said.err) == (3, False), (verb, said)
    assert home.call("pipeline", "delete", *runs).code == 0
    assert home.call("pipeline", "list").out.startswith("No pipelines.")
