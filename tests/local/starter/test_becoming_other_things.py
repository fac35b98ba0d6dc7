"""Ranks that are a module, or a command that need not be Python."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Python

PACKAGE = {
    "trainer/__init__.py": "",
    "trainer/shared.py": "RATE = 0.5\n",
    "trainer/main.py": (
        "import sys\nfrom .shared import RATE\n"
        "print(__name__, __package__, __spec__.name, __file__, RATE, sys.argv, sys.path[0])\n"
        "print(sorted(globals()))\n"
    ),
    "trainer/__main__.py": "print('the package itself')\n",
    "broken/__init__.py": "1 / 0\n",
    "broken/main.py": "",
}


@pytest.fixture
def package(python: Python) -> Python:
    for name, text in PACKAGE.items():
        path = python.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return python


@pytest.mark.parametrize("module", ["trainer.main", "trainer"])
def test_a_module_as_with_dash_m(package: Python, module: str) -> None:
    assert package.rank("module", module, "-x") == package.plain("-m", module, "-x")


@pytest.mark.parametrize("module", ["nosuch", "trainer.nosuch", "nosuch.main"])
def test_a_module_that_is_not_there(package: Python, module: str) -> None:
    assert package.rank("module", module) == package.plain("-m", module)


def test_a_module_that_fails_shows_its_own_frames(package: Python) -> None:
    seen = package.rank("module", "broken.main")

    assert seen.code == 1
    assert "ZeroDivisionError" in seen.err
    assert "broken/__init__.py" in seen.err
    assert "starter" not in seen.err


def test_a_command_takes_the_place_of_the_process(python: Python) -> None:
    seen = python.rank(
        "command",
        "sh",
        "-c",
        'echo "$0 $1 $RANKZERO_RANK"; exit 7',
        "a b",
        "ö",
        env={"RANKZERO_RANK": "3"},
    )

    assert seen == (7, "a b ö 3\n", "")


def test_a_command_is_found_from_the_working_folder(this_python: Python) -> None:
    script = this_python.folder / "sub" / "go.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\npwd\n")
    script.chmod(0o755)
    env = {"RANKZERO_WORKDIR": str(script.parent)}

    assert this_python.rank("command", "./go.sh", env=env).out == f"{script.parent}\n"


def test_a_command_dies_of_a_closed_pipe_as_it_does_in_a_shell(this_python: Python) -> None:
    seen = this_python.rank("command", "sh", "-c", "trap - PIPE; (yes; echo $? >&2) | head -1")

    assert (seen.code, seen.out) == (0, "y\n")
    assert seen.err == "" or "Broken pipe" not in seen.err


def test_a_command_in_python_shows_its_lines_at_once(this_python: Python) -> None:
    code = "import os; print('seen'); os._exit(0)"

    assert this_python.rank("command", this_python.executable, "-c", code).out == "seen\n"


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        ("no-such-command", 127, "not on this node's PATH"),
        ("./no-such-file", 127, "no such file"),
        ("./plain.txt", 126, "chmod +x"),
        ("./no-interpreter-line", 126, "#!"),
    ],
)
def test_a_command_that_cannot_start(
    this_python: Python, target: str, code: int, says: str
) -> None:
    (this_python.folder / "plain.txt").write_text("x")
    script = this_python.folder / "no-interpreter-line"
    script.write_bytes(b"\x00\x01")
    script.chmod(0o755)
    record = this_python.folder / "error.json"

    seen = this_python.rank("command", target, env={"RANKZERO_ERROR_FILE": str(record)})

    assert seen.code == code
    assert seen.err.startswith(f"rankzero: cannot run {target!r}")
    assert says in seen.err
    assert says in record.read_text()


@pytest.mark.parametrize("script", ["nosuch.py", "."])
def test_a_script_that_cannot_be_opened(this_python: Python, script: str) -> None:
    record = this_python.folder / "error.json"

    seen = this_python.rank("script", script, env={"RANKZERO_ERROR_FILE": str(record)})

    assert seen.code == this_python.plain("nosuch.py").code == 2
    assert seen.err.startswith(f"rankzero: cannot open the script {script!r} in ")
    assert "cannot open the script" in record.read_text()


def test_a_working_folder_that_is_not_there(this_python: Python, tmp_path: Path) -> None:
    env = {"RANKZERO_WORKDIR": str(tmp_path / "gone"), "RANKZERO_ERROR_FILE": str(tmp_path / "e")}

    seen = this_python.rank("script", "train.py", env=env)

    assert seen.code == 1
    assert "cannot enter the working folder" in seen.err
    assert os.path.exists(tmp_path / "e")
