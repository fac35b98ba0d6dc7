"""Volumes of this machine, from the command line: the same words as on a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

JOB = """
    run: train.py
    nodes: 2
    volumes:
      data: {size: 1Gi, path: /data}
      own: {size: 1Gi, path: /own, keep: false}
    output_volume: data
"""
SCRIPT = """
    import os, pathlib, rankzero
    rank = os.environ["RANKZERO_RANK"]
    assert os.path.isdir(os.environ["RANKZERO_VOLUME_OWN"])
    pathlib.Path(os.environ["RANKZERO_VOLUME_DATA"], "seen-" + rank).write_text(rank)
    if rank == "1":
        pathlib.Path(os.environ["RANKZERO_RANK_OUTPUTS"], "weights").write_text(rank)
"""
HOLDS = """
    import pathlib, time
    pathlib.Path("up").touch()
    time.sleep(600)
"""


def volumes(shell) -> dict[str, dict]:
    found = json.loads(shell("volume", "list", "-o", "json").stdout)["volumes"]
    return {one["volume"]: one for one in found}


def test_a_job_makes_its_volumes_and_each_rank_has_a_folder_of_its_own(shell) -> None:
    shell.write("train.py", SCRIPT)
    shell.write("job.yaml", JOB)
    shell("run", "job.yaml")

    assert volumes(shell).keys() == {"data"}, "the other one is the run's"
    shell("volume", "get", "data:/", "back")
    back = shell.folder / "work" / "back"
    found = {str(path.relative_to(back)) for path in back.rglob("[!.]*") if path.is_file()}
    run = next(path.name for path in back.iterdir() if path.is_dir())
    # Rank 0 has used its folder for nothing, so it is gone.
    assert found == {f"{run}/outputs/ranks/1/weights", "seen-0", "seen-1"}

    shell("delete", run)
    assert not list((shell.folder / "state" / "rankzero" / "runs").glob("*/volumes/own"))
    assert volumes(shell).keys() == {"data"}

    shell.write("job.yaml", JOB.replace("data: {size: 1Gi", "data: {size: 2Gi"))
    said = shell("run", "job.yaml", code=3)
    assert "the volume data is there already, and has 1Gi, not 2Gi" in said.stderr


def test_a_volume_in_use_is_not_deleted_and_one_that_is_there_is_not_changed(shell) -> None:
    shell("volume", "create", "data", "--size", "1Gi", "--access", "many")
    said = shell("volume", "create", "data", "--size", "1Gi")
    assert said.stdout == "there already: data\n"
    said = shell("volume", "create", "data", "--size", "2Gi", code=2)
    assert "has 1Gi, not 2Gi; nothing was changed" in said.stderr
    shell.write("train.py", HOLDS)
    run = shell("run", "train.py", "--volume", "data:/data", "-d").stdout.strip()

    said = shell("volume", "delete", "data", code=2)

    assert f"in use by {run}" in said.stderr
    assert volumes(shell)["data"]["used_by"] == [run]
    shell("stop", run, "--grace", "0")
    shell("wait", run, code=1)
    shell("volume", "delete", "data")
    assert volumes(shell) == {}
    assert shell("volume", "list").stdout.startswith("No volumes. Make one:")


def test_files_go_in_and_come_out(shell) -> None:
    shell("volume", "create", "data", "--size", "1Gi")
    shell.write("src/a", "one")
    said = shell("volume", "put", "src", "data:/in", "-o", "json")
    assert json.loads(said.stdout) == {
        "volume": "data",
        "files": 1,
        "bytes": 3,
        "to": "data:/in",
        "skipped": [],
    }
    assert shell("volume", "get", "data:/in", "out").stdout == "out: 1 file, 3 B\n"
    assert Path(shell.folder, "work", "out", "a").read_text() == "one"
    assert "ReadWriteOnce, written and read after" in shell("volume", "check").stdout
    assert volumes(shell).keys() == {"data"}, "a check leaves nothing"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("put", ".", "data"), '"data" is no path in a volume; write NAME:/PATH.'),
        (("get", "data:x", "y"), "A path in a volume begins with `/`: data:/x"),
        (("put", ".", "dta:/x"), 'There is no volume "dta" in local.'),
        (("create", "data"), "How large?"),
        (("create", "data", "--size", "5 Gigs"), "--size: is not a quantity; write 5Gi"),
        (("check", "--access", "all"), "--access: must be once, many or pod"),
        (("get", "data:/x", "y", "--wait", "soon"), '--wait: "soon" must be a time'),
    ],
)
def test_a_request_that_makes_no_sense(looked_at, words: tuple[str, ...], said: str) -> None:
    assert said in looked_at("volume", *words, code=2).stderr


def test_a_volume_that_a_service_reads_is_not_deleted(shell) -> None:
    shell("volume", "create", "data", "--size", "1Gi")
    shell.write("model", "3")
    shell("volume", "put", "model", "data:/model")
    shell.write("app.py", "class P:\n    def predict(self, batch):\n        return batch\n")
    model = ("--model", "volume:data/model")
    shell("serve", "deploy", "app.py:P", *model, "--name", "web", "--on", "local")

    said = shell("volume", "delete", "data", code=2)

    assert "in use by service web" in said.stderr and "rankzero serve delete web" in said.stderr
    assert volumes(shell)["data"]["used_by"] == ["service web"]
    shell("serve", "delete", "web")
    shell("volume", "delete", "data")
