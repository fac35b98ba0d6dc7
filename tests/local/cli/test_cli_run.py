"""`rankzero run`, from its argv to its exit code."""

from __future__ import annotations

import json

import pytest

HELLO = """
    import os, sys
    print("hello", os.environ["RANKZERO_RANK"], *sys.argv[1:])
"""
BAD = """
    def fit(batch):
        raise ValueError(f"bad {batch}")

    fit("batch")
"""


def ids(shell):
    return [run["run"] for run in json.loads(shell("list", "--output", "json").stdout)["runs"]]


def objects(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_rank_is_seen_and_the_rest_stands_beside(shell):
    shell.write("hello.py", HELLO)
    done = shell("run", "hello.py", "--nodes", "2", "--nproc", "2", "--", "--epochs", "5")
    assert sorted(done.stdout.splitlines()) == [f"[{n}] hello {n} --epochs 5" for n in range(4)]
    first, *_, last = done.stderr.splitlines()
    assert first.startswith("hello-")
    assert " · 2 nodes × 2 ranks · local · code: 1 file, " in first
    assert last.startswith("✓ succeeded in ")
    assert "outputs: " in last


def test_a_failure_ends_with_its_cause_and_1(shell):
    shell.write("bad.py", BAD)
    done = shell("run", "bad.py", code=1)
    assert "✗ failed after" in done.stderr
    assert "cause   rank 0 (worker/0) raised ValueError: bad batch" in done.stderr
    assert 'bad.py:3 in fit:  raise ValueError(f"bad {batch}")' in done.stderr
    assert f"rankzero logs {ids(shell)[0]} --rank 0 --tail 50" in done.stderr
    assert "rankzero/cli" not in done.stderr


def test_a_wrong_option_of_the_script_is_told_in_the_script_s_words(shell):
    shell.write("parses.py", "import argparse\nargparse.ArgumentParser().parse_args()\n")
    done = shell("run", "parses.py", "--", "--extra", "1", code=1)
    assert "cause   rank 0 (worker/0) exited with code 2\n" in done.stderr
    assert "parses.py: error: unrecognized arguments: --extra 1\n" in done.stderr


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("--nproc", "1", "--", "echo", "a b", "--nodes"), "[0] a b --nodes"),
        (("-m", "pack.age", "--", "-x"), "[0] module -x"),
        (("pack/age.py", "--", "--", "y"), "[0] module -- y"),
    ],
)
def test_commands_modules_and_scripts(shell, argv, line):
    shell.write("pack/age.py", "import sys\nprint('module', *sys.argv[1:])\n")
    assert shell("run", *argv).stdout.splitlines() == [line]


def test_options_reach_the_ranks(shell):
    shell.write("env.py", "import os\nprint(os.environ['A'], os.environ['B'])\n")
    done = shell("run", "env.py", "-e", "A=1=2", "--env", "B=", "--name", "given", "-l", "k=v")
    assert done.stdout == "[0] 1=2 \n"
    run = json.loads(shell("list", "-l", "k=v", "-o", "json").stdout)["runs"][0]
    assert (run["name"], run["labels"]) == ("given", {"k": "v"})


def test_a_job_file_with_a_param(shell):
    shell.write("hello.py", HELLO)
    shell.write(
        "job.yaml",
        """
        name: filed
        run: hello.py
        args: ["--lr", "${lr}"]
        params: {lr: 0.1}
        """,
    )
    done = shell("run", "job.yaml", "--set", "lr=0.5", "--", "--more")
    assert done.stdout == "[0] hello 0 --lr 0.5 --more\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("missing.py",), "missing.py"),
        (("hello.py", "--nodes", "0", "--nproc", "-1"), "--nproc"),
        ((), "say what to run"),
        (("hello.py", "--framework", "torhc"), 'did you mean "torch"?'),
    ],
)
def test_a_request_that_cannot_work_creates_nothing(shell, argv, said):
    shell.write("hello.py", HELLO)
    done = shell("run", *argv, code=2)
    assert said in done.stderr
    assert "nothing was started" in done.stderr
    assert ids(shell) == []


def test_a_dry_run_prints_the_plan_and_creates_nothing(shell):
    shell.write("hello.py", HELLO)
    done = shell("run", "hello.py", "--nodes", "2", "--dry-run")
    assert done.stdout.startswith("hello-")
    assert done.stdout.endswith("Nothing was started.\n")
    assert ids(shell) == []


def test_programs_get_the_plan_the_events_the_lines_and_the_result(shell):
    shell.write("hello.py", HELLO)
    done = shell("run", "hello.py", "--nproc", "2", "--output", "json")
    stream = objects(done)
    kinds = [one["kind"] for one in stream]
    assert (kinds[0], kinds[-1]) == ("plan", "result")
    assert {"submitted", "assigned", "running", "finished", "log"} <= set(kinds)
    assert sorted(one["text"] for one in stream if one["kind"] == "log") == ["hello 0", "hello 1"]
    assert (stream[-1]["state"], stream[-1]["exit_code"]) == ("succeeded", 0)
    assert stream[0]["run"] == stream[-1]["run"]
    assert done.stderr == ""


def test_programs_are_told_the_cause_too(shell):
    shell.write("bad.py", BAD)
    result = objects(shell("run", "bad.py", "-o", "json", code=1))[-1]
    assert (result["state"], result["exit_code"]) == ("failed", 1)
    assert (result["why"]["cause"], result["why"]["evidence"][0][:14]) == (
        "exception",
        "bad.py:3 in fi",
    )


def test_bytes_pass_a_pipe_unharmed(shell):
    shell.write("raw.py", "import sys\nsys.stdout.buffer.write(bytes(range(256)) + b'end')\n")
    with shell.start("run", "raw.py") as process:
        out, _ = process.communicate()
    before, _, after = bytes(range(256)).partition(b"\n")
    assert out == b"[0] " + before + b"\n[0] " + after + b"end\n"


def test_the_lines_of_some_ranks_only(shell):
    shell.write("hello.py", HELLO)
    done = shell("run", "hello.py", "--nproc", "3", "--rank", "1-2")
    assert sorted(done.stdout.splitlines()) == ["[1] hello 1", "[2] hello 2"]


def test_restarts_are_told(shell):
    shell.write(
        "flaky.py",
        """
        import os, pathlib
        mark = pathlib.Path("been-here")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), 9)
        print("second try")
        """,
    )
    done = shell("run", "flaky.py", "--max-restarts", "2")
    assert "restarted after rank 0 (worker/0) was killed by signal 9 (SIGKILL)" in done.stderr
    assert "(1 of 2 restarts)" in done.stderr
    assert done.stdout == "[0] second try\n"


def test_without_unicode_the_signs_are_plain(shell):
    shell.write("hello.py", HELLO)
    shell.env.update(PYTHONIOENCODING="ascii")
    done = shell("run", "hello.py")
    assert done.stderr.splitlines()[-1].startswith("+ succeeded in ")
    assert " x 1 rank " in done.stderr


def test_names_with_spaces_and_foreign_letters(shell):
    shell.write("größe 数.py", HELLO)
    done = shell("run", "größe 数.py", "--", "ä b")
    assert done.stdout == "[0] hello 0 ä b\n"


def test_the_environment_names_the_backend(shell):
    shell.write("hello.py", HELLO)
    shell.env["RANKZERO_ON"] = "nowhere"
    assert 'no backend or profile "nowhere"' in shell("run", "hello.py", code=2).stderr
    assert shell("run", "hello.py", "--on", "local").stdout == "[0] hello 0\n"
