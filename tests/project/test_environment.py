"""`scripts/environment.sh`, on which `make demo` and `make test` stand.

The interpreter is a stand-in that notes what pip was asked for: the real one would download 4 GB.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .blocks import ROOT

#: Passes everything to the real interpreter but what PIP_LOG and BROKEN are about.
STAND_IN = """#!/bin/sh
case "$*" in
    "-m pip --version") exit 0 ;;
    "-m pip install"*) printf '%s\\n' "$*" >>"$PIP_LOG"; exit "${PIP_CODE:-0}" ;;
    *"import ensurepip"*|*"import virtualenv"*) exit "${ENSUREPIP_CODE:-0}" ;;
    "-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    *) exec "$REAL_PYTHON" "$@" ;;
esac
"""


class Clone:
    """A clone at an awkward path, on a machine with these interpreters only."""

    def __init__(self, folder: Path, pythons: tuple[str, ...] = ("python3",)) -> None:
        self.path = folder / "a clöne"
        (self.path / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "environment.sh", self.path / "scripts")
        shutil.copy(ROOT / "pyproject.toml", self.path)
        self.log = folder / "pip.log"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in ("cat", "cksum", "cp", "dirname", "mkdir", "sh", "tr"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        for name in pythons:
            (self.bin / name).write_text(STAND_IN)
            (self.bin / name).chmod(0o755)

    def make(self, *steps: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path / "scripts" / "environment.sh", *steps],
            cwd=self.path.parent,
            env={
                "PATH": str(self.bin),
                "REAL_PYTHON": sys.executable,
                "PIP_LOG": str(self.log),
                "HOME": os.environ.get("HOME", "/"),
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def installs(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_first_call_says_what_it_does_and_the_second_does_nothing(clone: Clone) -> None:
    first = clone.make("demo")
    assert first.returncode == 0, first.stdout
    assert "creating the virtual environment" in first.stdout
    assert "about 3 GB" in first.stdout
    assert clone.log.read_text().rstrip().endswith("-e .[examples]")
    second = clone.make("demo")
    assert (second.returncode, second.stdout, clone.installs) == (0, "", 1)


def test_what_the_tests_need_serves_the_demo_too_but_not_the_other_way(clone: Clone) -> None:
    clone.make("demo")
    clone.make("test")
    assert clone.installs == 2
    clone.make("demo")
    assert clone.installs == 2


def test_a_cluster_s_client_needs_no_framework(clone: Clone) -> None:
    clone.make("client")
    assert clone.log.read_text().rstrip().endswith("-e .")
    for step in ("client", "demo", "client"):
        clone.make(step)
    assert clone.installs == 2, "what the demo needs serves the client, too"


def test_other_requirements_or_a_moved_clone_install_anew(clone: Clone) -> None:
    clone.make("test")
    with (clone.path / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    clone.make("test")
    assert clone.installs == 2
    clone.path = clone.path.rename(clone.path.with_name("elsewhere"))
    clone.make("test")
    assert clone.installs == 3


def test_a_download_that_breaks_is_tried_again_and_then_told(clone: Clone) -> None:
    done = clone.make("demo", PIP_CODE="1")
    assert done.returncode == 3
    assert clone.installs == 3
    assert "pip could not install" in done.stdout
    assert clone.make("demo").returncode == 0, "a failed call must leave no stamp"


def test_no_python_is_told_with_what_to_install(tmp_path: Path) -> None:
    done = Clone(tmp_path, pythons=()).make("demo")
    assert done.returncode == 3
    assert "no Python 3.10 or newer" in done.stdout
    assert "apt install" in done.stdout


def test_a_python_that_cannot_make_environments_names_the_package(clone: Clone) -> None:
    done = clone.make("demo", ENSUREPIP_CODE="1")
    assert done.returncode == 3
    assert f"apt install python3.{sys.version_info.minor}-venv" in done.stdout


def test_the_named_python_is_taken_before_any_other(tmp_path: Path) -> None:
    clone = Clone(tmp_path, pythons=("python3", "mine"))
    assert "with mine" in clone.make("demo", PYTHON="mine").stdout


def test_a_named_python_that_is_none_is_told(clone: Clone) -> None:
    done = clone.make("demo", PYTHON="python2")
    assert done.returncode == 3
    assert "PYTHON=python2 is no Python 3.10 or newer" in done.stdout
