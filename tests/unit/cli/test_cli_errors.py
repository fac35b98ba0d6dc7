"""What a wrong request, a bug, Ctrl-C and a closed pipe look like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from rankzero.cli.run import command as run_command
from support.kubeconfigs import kubeconfig


def test_an_unknown_verb_is_answered_with_the_near_one(rankzero):
    code, _, err = rankzero("rum", "x")
    assert code == 2
    assert 'there is no command "rum"; did you mean "run"?' in err


def test_an_unknown_verb_far_from_all(rankzero):
    code, _, err = rankzero("zzz")
    assert (code, "see rankzero --help" in err) == (2, True)


@pytest.mark.parametrize("more", [(), ("app.py:Predictor",), ("service.yaml",)])
def test_an_unknown_verb_of_services_is_no_predictor(rankzero, more):
    code, _, err = rankzero("serve", "deplo", *more)
    assert code == 2
    assert 'there is no command "deplo"; did you mean "deploy"?' in err


@pytest.mark.parametrize("argv", [("app.py:P", "--workers", "0"), ("--workers", "0", "app.py:P")])
def test_a_predictor_stands_for_the_verb_that_serves_it_here(rankzero, argv):
    code, _, err = rankzero("serve", *argv)
    assert (code, "workers is 0; at least 1" in err) == (2, True), err


@pytest.mark.parametrize("argv", [("run", "a.py", "--epochs", "3"), ("run", "a.py", "3")])
def test_words_for_the_script_belong_after_the_dashes(rankzero, argv):
    code, _, err = rankzero(*argv)
    assert code == 2
    assert "stands after --" in err


def test_a_wrong_choice_is_a_wrong_request(rankzero):
    code, _, err = rankzero("list", "--output", "yaml")
    assert (code, "yaml" in err) == (2, True)


def test_a_pair_without_its_sign(rankzero):
    code, _, err = rankzero("run", "a.py", "--env", "A")
    assert (code, '"A" is not KEY=VALUE' in err) == (2, True)


def test_an_unknown_backend_is_told_before_anything_else(rankzero):
    code, _, err = rankzero("run", "missing.py", "--on", "locl")
    assert code == 2
    assert 'There is no backend or profile "locl". Did you mean "local"?' in err


def test_ranks_that_are_none(rankzero):
    code, _, err = rankzero("run", "a.py", "--rank", "one")
    assert (code, "write 3, 0-7 or 0-7,12" in err) == (2, True)


def test_a_folder_that_is_gone(rankzero, monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    code, _, err = rankzero("list")
    assert (code, "The folder that you are in is gone." in err) == (3, True)


def test_a_user_without_a_home(rankzero, monkeypatch):
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    code, _, err = rankzero("list")
    assert (code, "export HOME=" in err) == (3, True)


def test_a_name_that_is_too_long_is_no_run(rankzero):
    code, _, err = rankzero("status", "a" * 300)
    assert (code, "There is no run" in err) == (2, True)


@pytest.mark.parametrize("verb", ["list", "stop -l a=b", "delete --all", "wait -l a=b"])
def test_where_nobody_answers_it_is_not_known_what_there_is(rankzero, monkeypatch, tmp_path, verb):
    kubeconfig(tmp_path / "config", "x", server="https://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    code, out, err = rankzero(*verb.split(), "--on", "kubernetes")
    assert (code, out) == (3, "")
    assert "cannot reach x" in err


def test_an_error_shows_its_traceback_with_debug(rankzero):
    code, _, err = rankzero("--debug", "run", "a.py", "--on", "nowhere")
    assert code == 2
    assert "Traceback" in err


def test_the_environment_asks_for_tracebacks_too(rankzero, monkeypatch):
    monkeypatch.setenv("RANKZERO_DEBUG", "1")
    assert "Traceback" in rankzero("run", "a.py", "--on", "nowhere")[2]


def test_a_bug_is_called_one_and_leads_to_its_traceback(rankzero, monkeypatch):
    monkeypatch.setattr(run_command, "callback", lambda **_: [][0])
    code, _, err = rankzero("run", "a.py")
    assert code == 70
    assert err.startswith("bug in rankzero: IndexError")
    assert "rankzero --debug run" in err
    assert "Traceback" not in err
    assert "Traceback" in rankzero("--debug", "run", "a.py")[2]


def python(code, **options):
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, **options)


def test_ctrl_c_is_130_without_a_traceback():
    code = (
        "import os, signal\n"
        "from rankzero.cli import main, version\n"
        "version.command.callback = lambda **_: os.kill(os.getpid(), signal.SIGINT)\n"
        "main.main(['version'])\n"
    )
    process = python(code)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, b"")


def test_ctrl_c_that_became_another_error_on_its_way_is_one_all_the_same():
    code = (
        "import os, signal\n"
        "from rankzero.cli import main, version\n"
        "def importing(**_):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except BaseException as error:\n"
        "        raise ImportError(f'half of it: {error!r}')\n"
        "version.command.callback = importing\n"
        "main.main(['version'])\n"
    )
    process = python(code)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, b"")


def test_a_reader_that_leaves_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    process = python("from rankzero.cli.main import main; main(['--help'])", stdout=writer)
    os.close(writer)
    _, err = process.communicate()
    assert (process.returncode, err) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_without_a_stdout_nothing_breaks(closed):
    command = f'"{sys.executable}" -m rankzero version {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_behind_stdout_is_told():
    with open("/dev/full", "w") as full:
        process = python("from rankzero.cli.main import main; main(['--help'])", stdout=full)
        _, err = process.communicate()
    assert process.returncode == 3
    assert b"No space left on device" in err
    assert b"Traceback" not in err
