"""`rankzero import`: what it prints where, and what it refuses."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest
import yaml

VALUES = "worker: {number: 2, image: a, other: 1}\nps: {number: 1, image: a}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "values.yaml").write_text(VALUES)
    (tmp_path / "train.py").write_text("print(1)\n")
    return tmp_path


def test_the_job_file_is_printed_and_the_rest_is_told_beside_it(rankzero, folder):
    code, out, err = rankzero("import", "values.yaml", "--run", "train.py")
    assert code == 0
    assert yaml.safe_load(out)["run"] == "train.py"
    first, *told = err.splitlines()
    assert first == "values.yaml: not carried over as it was:"
    assert "  values.yaml:1: worker.other: is not carried over; nothing stands in its place" in told


def test_a_command_line_stands_after_two_dashes(rankzero, folder):
    code, out, err = rankzero("import", "--", "torchrun", "--nproc-per-node", "2", "train.py", "-o")
    assert (code, err) == (0, "")
    assert yaml.safe_load(out) == {"run": "train.py -o", "framework": "torch", "nproc": 2}


def test_a_file_is_written_and_never_over_another_one(rankzero, folder):
    argv = ("import", "-o", "job.yaml", "--", "torchrun", "train.py")
    code, out, err = rankzero(*argv)
    assert (code, out) == (0, "")
    assert err == (
        "job.yaml: the job of torchrun\nSee what it would be: rankzero run job.yaml --dry-run\n"
    )
    code, _, err = rankzero(*argv)
    assert code == 2
    assert err == "job.yaml is there already; nothing was written.\nWrite over it: --force\n"
    assert rankzero(*argv, "again")[0] == 2
    code, _, _ = rankzero("import", "--force", *argv[1:])
    assert code == 0


def test_what_was_written_has_a_plan(rankzero, folder):
    rankzero("import", "-o", "job.yaml", "--", "torchrun", "--nnodes", "2", "train.py")
    code, out, err = rankzero("run", "job.yaml", "--dry-run")
    assert (code, err) == (0, "")
    assert "2 nodes" in out


def test_a_script_that_is_not_there_is_told_but_is_no_error(rankzero, folder):
    code, _, err = rankzero("import", "--", "torchrun", "fit.py")
    assert code == 0
    assert f"  before it runs: there is no file fit.py in {folder}" in err


def test_a_line_of_mpirun_is_a_world_of_mpi(rankzero, folder):
    (folder / "train.py").write_text("from mpi4py import MPI\n")
    code, out, err = rankzero("import", "--", "mpirun", "-np", "2", "python", "train.py")
    assert code == 0
    assert "framework: mpi" in out
    assert "before it runs" not in err


def test_everything_is_there_for_programs(rankzero, folder):
    code, out, err = rankzero("import", "values.yaml", "--output", "json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert list(made) == ["source", "kind", "job", "text", "notes", "before_run"]
    assert (made["source"], made["kind"], made["before_run"]) == ("values.yaml", "values", [])
    assert yaml.safe_load(made["text"]) == made["job"]
    (other,) = [note for note in made["notes"] if note["path"] == "worker.other"]
    assert other == {
        "source": "values.yaml",
        "line": 1,
        "column": 31,
        "path": "worker.other",
        "what": "is not carried over",
        "instead": "nothing stands in its place",
    }


def test_a_line_s_notes_name_its_words(rankzero, folder):
    _, out, _ = rankzero(
        "import", "--output", "json", "--", "torchrun", "--rdzv-id", "1", "train.py"
    )
    (note,) = json.loads(out)["notes"]
    assert (note["source"], note["line"], note["path"]) == ("", None, "--rdzv-id")


def test_it_reads_standard_input(rankzero, folder, monkeypatch):
    data = io.BytesIO(VALUES.encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=data))
    code, out, err = rankzero("import", "-")
    assert code == 0
    assert yaml.safe_load(out)["roles"]["ps"]
    assert err.startswith("standard input: not carried over")


@pytest.mark.parametrize("data", [b"\xff", b"a" * (1024 * 1024 + 1)])
def test_standard_input_that_is_no_text_is_refused(rankzero, folder, monkeypatch, data):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    code, out, err = rankzero("import", "-")
    assert (code, out) == (2, "")
    assert err.startswith("standard input is ")


WRONG = [
    ((), "say one thing to import: a file, or a command after --."),
    (("a.yaml", "--", "torchrun", "a.py"), "say one thing to import"),
    (("a.yaml",), "a.yaml: there is no such file"),
    (("values.yaml", "-o", "json"), "-o names the file to write; got json."),
    (("--run", "x.py", "--", "torchrun", "a.py"), "--run is for files"),
    (("--", "srun", "a.py"), "srun: is no launcher"),
    (("values.yaml", "more.yaml"), "unexpected extra argument"),
]


@pytest.mark.parametrize(("argv", "said"), WRONG)
def test_what_is_refused_ends_with_2(rankzero, folder, argv, said):
    code, out, err = rankzero("import", *argv)
    assert (code, out) == (2, "")
    assert said in err


def test_a_place_that_cannot_be_written_is_told(rankzero, folder):
    code, _, err = rankzero("import", "values.yaml", "-o", "no/such/job.yaml")
    assert code == 3
    assert err == "no/such/job.yaml cannot be written: No such file or directory.\n"
