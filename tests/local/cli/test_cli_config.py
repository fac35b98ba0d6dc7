"""A configuration, as the command line keeps to it."""

from __future__ import annotations

import json

import pytest


def test_defaults_hold_where_nothing_stronger_is_said(shell):
    shell.write("train.py", "import os; print(os.environ['A'], os.environ['RANKZERO_WORLD_SIZE'])")
    shell.write(
        "rankzero.toml",
        """
        [defaults]
        nodes = 2
        env = {A = "default"}
        labels = {course = "ml"}
        [profiles.big]
        backend = "local"
        [profiles.big.defaults]
        nodes = 3
        """,
    )
    assert sorted(shell("run", "train.py").stdout.splitlines()) == [
        "[0] default 2",
        "[1] default 2",
    ]
    named = shell("run", "train.py", "--nodes", "1", "--env", "A=typed").stdout
    assert named == "[0] typed 1\n"
    assert "[2] default 3" in shell("run", "train.py", "--on", "big").stdout
    assert len(json.loads(shell("list", "-l", "course=ml", "-o", "json").stdout)["runs"]) == 3


def test_python_takes_the_same_configuration(shell):
    shell.write("train.py", "print('ran')")
    shell.write("rankzero.toml", "[defaults]\nnodes = 2\n")
    shell.write(
        "start.py",
        """
        import rankzero
        with rankzero.run("train.py") as run:
            pass
        print(sorted(run.logs()))
        """,
    )
    assert "[(0, 'ran'), (1, 'ran')]" in shell("run", "--nodes", "1", "start.py").stdout


@pytest.mark.parametrize(
    "verb", [("list",), ("status", "-"), ("run", "train.py"), ("stop", "--all")]
)
def test_a_broken_configuration_ends_what_needs_it(shell, verb):
    shell.write("train.py", "")
    shell.write("rankzero.toml", "[profile.a]\n")
    done = shell(*verb, code=2)
    assert done.stderr.splitlines()[1] == (
        '  rankzero.toml:1: profile: unknown key; did you mean "profiles"?'
    )
    assert shell("version").returncode == 0


def test_a_namespace_needs_a_cluster(shell):
    shell.write("train.py", "")
    done = shell("run", "train.py", "--namespace", "team-a", code=2)
    assert done.stderr == (
        "--namespace has no meaning on local, where this would run.\n"
        "Say that it is for a cluster: --on kubernetes, or a profile\n"
    )
