"""`scripts/demo.sh`: what it refuses; a model that knows too little, or stays away, fails it.

The interpreter is a stand-in that says what a run would say: a real demo is `make demo`'s to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .blocks import ROOT

#: Says the lines of $SAYS, leaves the model where it is asked to, and ends with $CODE.
STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >>"$ASKED"
case "$*" in *" run "*) ;; *) exit 0 ;; esac
printf '%s\\n' "$SAYS"
[ -z "$MODEL" ] || { mkdir -p outputs/demo; echo model >outputs/demo/model.safetensors; }
exit "$CODE"
"""


class Demo:
    """A clone with nothing but the script, and the stand-in as its environment."""

    def __init__(self, folder: Path) -> None:
        self.path, self.asked = folder / "clone", folder / "asked"
        (self.path / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "demo.sh", self.path / "scripts")
        self.venv = folder / "venv"
        (self.venv / "bin").mkdir(parents=True)
        python = self.venv / "bin" / "python"
        python.write_text(STAND_IN)
        python.chmod(0o755)

    def __call__(
        self, *words: str, says: str = "[0] test accuracy 0.981", model: str = "yes", **more: str
    ) -> subprocess.CompletedProcess[str]:
        own = {"VENV": str(self.venv), "ASKED": str(self.asked), "SAYS": says, "MODEL": model}
        return subprocess.run(
            ["scripts/demo.sh", *words],
            cwd=self.path,
            env={"PATH": os.environ["PATH"], "CODE": "0", **own, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(tmp_path)


CLUSTER = {"KUBECONFIG": "config", "IMAGE": "registry/torch:2"}


def test_on_this_machine_it_trains_two_nodes_of_two_ranks(demo: Demo) -> None:
    done = demo()
    assert done.returncode == 0, done.stdout
    assert "test accuracy 0.981, at least 0.95" in done.stdout
    asked = demo.asked.read_text()
    assert asked == "-m rankzero run examples/digits/train.py --nodes 2 --nproc 2\n"


def test_on_a_cluster_the_model_comes_back_and_the_run_is_deleted(demo: Demo) -> None:
    done = demo("kubernetes", **CLUSTER)
    assert done.returncode == 0, done.stdout
    assert "the model came back: outputs/demo/model.safetensors" in done.stdout
    run, delete = demo.asked.read_text().splitlines()
    assert "--nodes 2 --nproc 2 --on kubernetes --image registry/torch:2" in run
    label = run.split()[-1]
    assert delete.endswith(f"delete --force --label {label}")


def test_without_a_kubeconfig_a_lab_is_brought_up(demo: Demo) -> None:
    demo("kubernetes")
    assert demo.asked.read_text() == "-m tests.cluster.lab with scripts/demo.sh kubernetes\n"


@pytest.mark.parametrize("says", ["[0] test accuracy 0.949", "[0] saved model"])
@pytest.mark.parametrize("words", [(), ("kubernetes",)])
def test_a_model_that_knows_too_little_fails(demo: Demo, says: str, words: tuple[str, ...]) -> None:
    done = demo(*words, says=says, **CLUSTER)
    assert done.returncode == 1
    assert "at least 0.95 was expected" in done.stdout


def test_a_model_that_does_not_come_back_fails_even_where_an_older_one_lies(demo: Demo) -> None:
    assert demo("kubernetes", **CLUSTER).returncode == 0
    done = demo("kubernetes", model="", **CLUSTER)
    assert done.returncode == 1
    assert "the model did not come back" in done.stdout


def test_a_run_that_fails_gives_its_own_exit_code(demo: Demo) -> None:
    assert demo("kubernetes", CODE="3", **CLUSTER).returncode == 3


@pytest.mark.parametrize(
    ("words", "more", "says"),
    [
        (("moon",), {}, "moon: the demo runs on local or kubernetes"),
        (("kubernetes",), {"KUBECONFIG": "config"}, "IMAGE=... has to name an image with torch"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(
    demo: Demo, words: tuple[str, ...], more: dict[str, str], says: str
) -> None:
    done = demo(*words, **more)
    assert done.returncode == 2
    assert says in done.stdout
    assert not demo.asked.exists()
