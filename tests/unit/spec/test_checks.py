"""What is found before anything starts, and that looking changes nothing."""

import os
import sys

import pytest

from rankzero import spec


def faults(**mapping) -> list[str]:
    with pytest.raises(spec.SpecError) as caught:
        spec.build(mapping)
    return [str(problem) for problem in caught.value.problems]


def test_a_missing_script_and_the_near_one(folder):
    assert faults(run="trian.py") == [
        f'run: there is no file trian.py in {folder}; did you mean "train.py"?'
    ]
    assert faults(run="nowhere/zzz.py") == [f"run: there is no file zzz.py in {folder / 'nowhere'}"]
    assert "there is no file" in faults(run="train.py/x.py")[0]


def test_a_folder_as_script(folder):
    (folder / "lab").mkdir()
    assert faults(run={"script": "lab"}) == ["run: lab is a folder; name the script inside it"]
    (folder / "lab" / "fit.py").write_text("")
    assert faults(run={"script": "lab"})[0].endswith("such as lab/fit.py")


def test_something_that_is_no_file(folder):
    os.mkfifo(folder / "pipe.py")
    assert faults(run="pipe.py") == ["run: pipe.py is not a regular file"]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = (1\n", "run: bad.py:1: '(' was never closed:  x = (1"),
        ("def f():\nreturn 1\n", "run: bad.py:2: expected an indented block"),
        ("print 'a'\n", "run: bad.py:1: Missing parentheses in call to 'print'"),
        ("return 1\n", "run: bad.py:1: 'return' outside function"),
        ("a = 1\n\0", "run: bad.py"),
    ],
)
def test_a_script_that_does_not_compile(folder, source, fault):
    (folder / "bad.py").write_text(source)
    assert faults(run="bad.py")[0].startswith(fault)
    assert not (folder / "__pycache__").exists()


def test_the_script_is_not_run_and_its_warnings_stay_quiet(folder, recwarn):
    (folder / "once.py").write_text("open('ran', 'w')\nx = '\\d'\n")
    spec.build({"run": "once.py"})
    assert not (folder / "ran").exists()
    assert not recwarn.list


def test_another_encoding_is_read_as_python_reads_it(folder):
    (folder / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    assert spec.build({"run": "latin.py"}).run.script == "latin.py"
    (folder / "latin.py").write_bytes(b"x = '\xe9'\n")
    assert "latin.py" in faults(run="latin.py")[0]


def test_modules_and_commands_are_checked_where_they_lie_in_the_folder(folder):
    (folder / "lab").mkdir()
    (folder / "lab" / "__main__.py").write_text("x = (\n")
    (folder / "fit.py").write_text("y = )\n")
    assert faults(run="-m lab")[0].startswith("run: lab/__main__.py:1:")
    assert faults(run="-m fit")[0].startswith("run: fit.py:1:")
    assert faults(run="python fit.py")[0].startswith("run: fit.py:1:")
    assert faults(run="torchrun -m fit")[0].startswith("run: fit.py:1:")
    assert spec.build({"run": "-m installed.elsewhere"}).run.module == "installed.elsewhere"


def test_syntax_is_left_to_another_interpreter(folder):
    (folder / "newer.py").write_text("a syntax of tomorrow\n")
    assert spec.build({"run": "newer.py", "python": "python9.9"}).python == "python9.9"
    assert spec.build({"run": "newer.py", "image": "i"}).roles["worker"].image == "i"
    assert "newer.py:1" in faults(run="newer.py", python=sys.executable)[0]


def test_programs_in_the_folder(folder):
    (folder / "go.sh").write_text("#!/bin/sh\n")
    assert faults(run="./go.sh") == ["run: ./go.sh may not be executed; chmod +x ./go.sh"]
    assert faults(run="./og.sh") == [
        f'run: there is no file ./og.sh in {folder}; did you mean "go.sh"?'
    ]
    (folder / "bin").mkdir()
    assert faults(run="./bin")[0] == "run: ./bin is a folder, not a program"
    (folder / "go.sh").chmod(0o755)
    assert spec.build({"run": "./go.sh"}).run.command == ("./go.sh",)


def test_each_roles_own_run_is_checked_and_an_unused_one_is_not(folder):
    roles = {"a": {"run": "gone.py"}, "b": {"run": "train.py"}}
    assert faults(run="nobody-runs.py", roles=roles) == [
        f"roles.a.run: there is no file gone.py in {folder}"
    ]


def test_the_working_folder(folder):
    assert faults(run="train.py", workdir="no") == [f"workdir: there is no folder {folder / 'no'}"]
    assert faults(run="train.py", workdir="train.py")[0].endswith("train.py is not a folder")


def test_outputs_are_checked_and_not_created(folder):
    assert spec.build({"run": "train.py", "outputs": "a/b/c"}).outputs == str(folder / "a/b/c")
    assert not (folder / "a").exists()
    assert faults(run="train.py", outputs="train.py")[0].endswith("train.py is not a folder")
    assert faults(run="train.py", outputs="train.py/x") == [
        f"outputs: {folder}/train.py/x cannot be made: {folder}/train.py is not a folder"
    ]
    (folder / "gone").symlink_to(folder / "nothing")
    assert faults(run="train.py", outputs="gone")[0].endswith("gone is not a folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_rights(folder):
    (folder / "closed").mkdir(mode=0o500)
    assert "no right to write in" in faults(run="train.py", outputs="closed/x")[0]
    (folder / "train.py").chmod(0)
    assert "train.py cannot be read" in faults(run="train.py")[0]
    (folder / "closed").chmod(0)
    assert "no right to read" in faults(run="train.py", workdir="closed")[0]


@pytest.mark.parametrize("program", ["mpirun", "/usr/bin/mpiexec.hydra"])
def test_mpirun_is_no_program_of_mpi(program):
    (fault,) = faults(run=[program, "-np", "2", "prog"], framework="mpi")
    assert fault.startswith(f"run: begins with {program.rpartition('/')[2]}, which framework mpi")
    spec.build({"run": [program, "-np", "2", "prog"]})


@pytest.mark.parametrize(
    ("words", "fault"),
    [([], "must not be an empty command"), ("--mca btl tcp", "must begin with a program")],
)
def test_what_cannot_make_a_world(words, fault):
    assert faults(run="prog", framework="mpi", mpirun=words) == [f"mpirun: {fault}"]


def test_an_mpirun_is_of_mpi_alone():
    told = "mpirun --oversubscribe"
    spec.build({"run": ["sleep", "1"], "mpirun": told})
    fault = "mpirun: is of framework mpi alone, and this job's is torch"
    assert faults(run=["sleep", "1"], framework="torch", mpirun=told) == [fault]
