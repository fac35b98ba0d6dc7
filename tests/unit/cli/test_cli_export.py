"""`rankzero export`: what it writes where, and what it refuses."""

from __future__ import annotations

import json

import pytest
import yaml

JOB = """
run: train.py --epochs ${epochs}
name: digits
image: mine:1
params: {epochs: 3}
nodes: 2
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a job, in which the command is typed."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "train.py").write_text("import torch\n")
    (here / "job.yaml").write_text(JOB)
    monkeypatch.chdir(here)
    return here


def test_files_are_written_and_what_to_type_is_told(rankzero, folder):
    code, out, err = rankzero("export", "yaml", "job.yaml", "-o", "files", "--set", "epochs=5")
    assert (code, err) == (0, "")
    assert "files/README.md" in out and "4 files" in out and "mine:1" in out
    assert "outputs that come back" in out
    made = yaml.safe_load((folder / "files" / "worker.yaml").read_text())
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["--epochs", "5"]
    assert sorted(path.name for path in (folder / "files").iterdir()) == [
        "README.md",
        "code.yaml",
        "service.yaml",
        "worker.yaml",
    ]


def test_a_script_with_the_options_of_run(rankzero, folder):
    options = ("--nodes", "3", "--nproc", "2", "--image", "a:2", "-o", "out", "--", "--lr", "1")
    assert rankzero("export", "yaml", "train.py", *options)[0] == 0
    made = yaml.safe_load((folder / "out" / "worker.yaml").read_text())
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert made["spec"]["completions"] == 3 and container["args"] == ["--lr", "1"]
    assert container["command"][-2:] == ["torch.distributed.run", "train.py"]


def test_json_says_what_was_written(rankzero, folder):
    code, out, _ = rankzero("export", "helm", "job.yaml", "--to", "chart", "--output", "json")
    said = json.loads(out)
    assert code == 0 and said["form"] == "helm" and said["folder"] == str(folder / "chart")
    assert "values.yaml" in said["files"] and said["image"] == "mine:1"
    assert {"what", "instead"} == set(said["notes"][0])
    assert said["left_out"] == []


def test_secrets_stay_here_and_that_is_told(rankzero, folder):
    (folder / ".env").write_text("PASSWORD=1")
    code, out, _ = rankzero("export", "yaml", "job.yaml", "-o", "out")
    assert code == 0 and "left out: .env (a secret)" in out
    assert "PASSWORD" not in (folder / "out" / "code.yaml").read_text()


def test_a_folder_with_files_is_left_alone_unless_forced(rankzero, folder):
    (folder / "out").mkdir()
    assert rankzero("export", "yaml", "job.yaml", "-o", "out")[0] == 0
    (folder / "out" / "mine").write_text("x")
    code, _, err = rankzero("export", "yaml", "job.yaml", "-o", "out")
    assert code == 2 and "not an empty folder" in err and "--force" in err
    assert rankzero("export", "yaml", "job.yaml", "-o", "out", "--force")[0] == 0
    assert (folder / "out" / "mine").read_text() == "x"
    assert rankzero("export", "yaml", "job.yaml", "-o", "train.py", "--force")[0] == 3


def test_nothing_is_written_through_a_link(rankzero, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "out").mkdir()
    (folder / "out" / "base").symlink_to(elsewhere)
    code, _, err = rankzero("export", "kustomize", "job.yaml", "-o", "out", "--force")
    assert code == 2 and "leads out of out" in err
    assert not list(elsewhere.iterdir())


def test_what_was_written_before_is_no_code(rankzero, folder):
    for _ in range(2):
        assert rankzero("export", "yaml", "job.yaml", "-o", "out", "--force")[0] == 0
    code = yaml.safe_load((folder / "out" / "code.yaml").read_text())
    assert sorted(code["data"]) == ["job.yaml", "train.py"]


def test_too_much_code_is_refused_with_the_way_out(rankzero, folder):
    (folder / "data.bin").write_bytes(bytes(1_200_000))
    code, _, err = rankzero("export", "yaml", "job.yaml", "-o", "out")
    assert code == 3 and "data.bin 1.2 MB" in err and "--code-folder" in err
    assert not (folder / "out").exists()
    assert rankzero("export", "yaml", "job.yaml", "-o", "out", "--code-folder", "/app")[0] == 0


def test_a_wrong_job_and_a_missing_folder_are_told(rankzero, folder):
    assert rankzero("export", "yaml", "nothing.yaml", "-o", "out")[0] == 2
    code, _, err = rankzero("export", "yaml", "job.yaml")
    assert code == 2 and "--to" in err
    code, _, err = rankzero("export", "yaml", "job.yaml", "-o", "out", "--code-folder", "app")
    assert code == 2 and "no absolute path" in err
    code, _, err = rankzero("export", "yml", "job.yaml", "-o", "out")
    assert code == 2 and "yaml" in err
