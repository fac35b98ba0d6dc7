"""Tab, and the scripts that make it work."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rankzero.cli.verbs import VERBS


def completed(line, tmp_path):
    """What bash would offer for the last word of a line."""
    words = line.split(" ")
    env = {
        **os.environ,
        "_RANKZERO_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "XDG_STATE_HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "rankzero"], env=env, capture_output=True, text=True
    )
    assert done.stderr == ""
    return [item.partition(",")[2] for item in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(rankzero, shell):
    code, out, _ = rankzero("completion", shell)
    assert code == 0
    assert "_RANKZERO_COMPLETE" in out


def test_the_shell_is_taken_from_the_environment(rankzero, monkeypatch):
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert rankzero("completion") == rankzero("completion", "fish")


def test_a_shell_that_is_unknown_is_asked_for(rankzero, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/dash")
    code, _, err = rankzero("completion")
    assert (code, "bash, zsh, fish" in err) == (2, True)


def test_verbs_complete(tmp_path):
    assert completed("rankzero ", tmp_path) == list(VERBS)
    assert completed("rankzero st", tmp_path) == ["status", "stop"]
    assert completed("rankzero pipeline st", tmp_path) == ["status", "stop"]


def test_options_complete(tmp_path):
    assert completed("rankzero run --max", tmp_path) == ["--max-restarts"]
    assert completed("rankzero list --output j", tmp_path) == ["json"]


def test_words_of_options_complete(tmp_path):
    assert completed("rankzero run --framework t", tmp_path) == ["torch", "tensorflow"]
    assert completed("rankzero run --backend g", tmp_path) == ["gloo"]
    assert "local" in completed("rankzero run --on ", tmp_path)


def test_the_script_is_one_that_bash_reads(rankzero):
    _, out, _ = rankzero("completion", "bash")
    assert subprocess.run(["bash", "-n"], input=out, text=True).returncode == 0


def test_tab_at_a_run_imports_no_backend(tmp_path):
    probe = (
        "import sys\nfrom rankzero import backends\nprint(backends.ids())\n"
        "print(*({'pydantic', 'yaml', 'rankzero.backends.local.backend'} & set(sys.modules)))\n"
    )
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", probe], env=env, capture_output=True, text=True)
    assert done.stdout == "[]\n\n"
