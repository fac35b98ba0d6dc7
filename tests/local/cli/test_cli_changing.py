"""The verbs that change something: detach, stop, delete, rerun."""

from __future__ import annotations

import json

import pytest

LONG = "import signal\nprint('up', flush=True)\nsignal.pause()\n"


def listed(shell):
    runs = json.loads(shell("list", "-o", "json").stdout)["runs"]
    return {run["run"]: run["state"] for run in runs}


def detached(shell, *argv):
    """Starts the long script detached; returns its id."""
    shell.write("long.py", LONG)
    return shell("run", "long.py", "--detach", *argv).stdout.strip()


def test_a_detached_run_prints_its_id_and_goes_on(shell):
    run = detached(shell)
    assert listed(shell)[run] in ("waiting", "running")
    with shell.start("attach", run) as attached:
        assert attached.stdout.readline() == b"[0] up\n"
        assert shell("stop", run).stdout.startswith(f"{run} · stopped")
        _, err = attached.communicate()
    assert attached.returncode == 1
    assert b"stopped after" in err


def test_a_detached_run_for_programs(shell):
    shell.write("long.py", LONG)
    started = json.loads(shell("run", "long.py", "-d", "-o", "json").stdout)
    assert sorted(started) == ["logs", "notices", "outputs", "run"]
    assert started["run"] in listed(shell)


def test_stop_selects_and_leaves_the_others(shell):
    one, two = detached(shell, "-l", "k=1"), detached(shell, "-l", "k=2")
    stopped = json.loads(shell("stop", "-l", "k=1", "-o", "json").stdout)["runs"]
    assert [(run["run"], run["state"]) for run in stopped] == [(one, "stopped")]
    assert listed(shell)[two] != "stopped"
    shell("stop", "--all", "--no-wait")
    assert shell("wait", two, code=1).stdout.startswith("■ stopped")


def test_stopping_what_has_ended_says_so(shell):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py")
    (run,) = listed(shell)
    assert shell("stop", run).stdout == f"{run} has already succeeded.\n"
    assert shell("stop", "-l", "absent").stdout == "No run is selected; nothing was stopped.\n"


def test_delete_refuses_what_goes_on_unless_forced(shell):
    run = detached(shell)
    done = shell("delete", run, code=2)
    assert f"rankzero stop {run}" in done.stderr
    assert run in listed(shell)
    assert shell("delete", run, "--force").stdout == f"deleted {run}\n"
    assert listed(shell) == {}


def test_delete_a_selection(shell):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py", "-l", "k=1")
    shell("run", "quick.py", "-l", "k=2")
    deleted = json.loads(shell("delete", "-l", "k=1", "-o", "json").stdout)["deleted"]
    assert len(deleted) == 1
    assert len(listed(shell)) == 1
    assert "nothing was deleted" in shell("delete", "-l", "k=1").stdout


def test_delete_all_that_have_ended(shell):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py")
    going = detached(shell)
    assert "nothing was deleted" in shell("delete", "--older-than", "1d").stdout
    assert "deleted quick-" in shell("delete", "--older-than", "0s").stdout
    assert "nothing was deleted" in shell("delete", "--all").stdout
    assert list(listed(shell)) == [going]
    assert shell("delete", "--all", "--force").stdout == f"deleted {going}\n"
    assert "not both" in shell("delete", going, "--all", code=2).stderr
    assert "--older-than: " in shell("delete", "--older-than", "soon", code=2).stderr


@pytest.mark.parametrize("changed", [False, True])
def test_rerun_says_when_the_code_is_another(shell, changed):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py", "--name", "job", "-e", "A=1", "--", "x y")
    (run,) = listed(shell)
    if changed:
        shell.write("quick.py", "import sys\nprint('again', *sys.argv[1:])\n")
    done = shell("rerun", run)
    assert (f"has changed since {run}" in done.stderr) is changed
    assert done.stdout == ("[0] again x y\n" if changed else "[0] done\n")
    assert len(listed(shell)) == 2


def test_rerun_works_from_another_folder_and_can_be_dry(shell, tmp_path):
    shell.write("quick.py", "import os\nprint(os.getcwd())\n")
    shell("run", "quick.py")
    (run,) = listed(shell)
    before = shell.folder
    elsewhere = type(shell)(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    elsewhere.env = shell.env
    assert elsewhere("rerun", run).stdout == f"[0] {before / 'work'}\n"
    plan = json.loads(elsewhere("rerun", run, "--dry-run", "-o", "json").stdout)
    assert plan["job"]["run"]["script"].endswith("quick.py")
    assert len(listed(shell)) == 2


def test_an_id_with_two_meanings_names_them(shell):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py")
    shell("run", "quick.py")
    done = shell("why", "quick", code=2)
    assert '"quick" could be 2 runs: quick-' in done.stderr
    assert done.stderr.endswith("rankzero list; - is the newest run\n")


def test_rerun_of_a_job_that_this_version_cannot_read(shell):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py")
    (run,) = listed(shell)
    kept = shell.folder / "state" / "rankzero" / "runs" / run / "plan.json"
    plan = json.loads(kept.read_text())
    plan["job"]["of_tomorrow"] = True
    kept.write_text(json.dumps(plan))
    done = shell("rerun", run, code=3)
    assert "another version of rankzero" in done.stderr
    assert "of_tomorrow" in done.stderr
    assert len(listed(shell)) == 1


def test_two_runs_at_once_do_not_meet(shell):
    shell.write("said.py", "import sys\nprint(sys.argv[1])\n")
    command = ("run", "said.py", "--nodes", "2", "--")
    with shell.start(*command, "one") as one, shell.start(*command, "two") as two:
        said = [process.communicate()[0] for process in (one, two)]
    assert [sorted(out.split()) for out in said] == [
        [b"[0]", b"[1]", b"one", b"one"],
        [b"[0]", b"[1]", b"two", b"two"],
    ]
    assert set(listed(shell).values()) == {"succeeded"}


@pytest.mark.parametrize("argv", [("--dry-run",), ("--detach",)])
def test_rerun_can_be_dry_or_detached(shell, argv):
    shell.write("quick.py", "print('done')\n")
    shell("run", "quick.py")
    (run,) = listed(shell)
    said = shell("rerun", run, *argv).stdout
    assert said.startswith("quick-")
    assert run not in said
    assert len(listed(shell)) == (1 if argv == ("--dry-run",) else 2)
