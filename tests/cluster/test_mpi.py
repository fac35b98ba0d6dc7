"""MPI over pods: Debian's Open MPI and MPICH, without sshd, without keys, by the agents alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .piping import rules
from .team import Team

#: Every node pulls the image first.
pytestmark = pytest.mark.timeout(600)
PATIENCE = 300

SUM = """
import os
from mpi4py import MPI
world = MPI.COMM_WORLD
hosts = sorted(set(world.allgather(os.uname().nodename)))
print("sum", world.allreduce(world.rank + 1), world.rank, os.environ["RANKZERO_RANK"], len(hosts))
"""
#: What MPICH's library says to its process manager, without the library: Debian's of 4.0 hangs in
#: MPI_Finalize now and then where two of its ranks share a kernel but no memory.
MEETS = """
import os, socket
manager = socket.socket(fileno=int(os.environ["PMI_FD"])).makefile("rw")

def ask(words):
    manager.write(words + "\\n")
    manager.flush()
    return dict(word.partition("=")[::2] for word in manager.readline().split())

ask("cmd=init pmi_version=1 pmi_subversion=1")
name = ask("cmd=get_my_kvsname")["kvsname"]
rank, size = int(os.environ["PMI_RANK"]), int(os.environ["PMI_SIZE"])
ask(f"cmd=put kvsname={name} key=from-{rank} value={os.uname().nodename}")
ask("cmd=barrier_in")
hosts = {ask(f"cmd=get kvsname={name} key=from-{one}")["value"] for one in range(size)}
print("met", size, rank, os.environ["RANKZERO_RANK"], len(hosts))
ask("cmd=finalize")
"""
HOLDS = """
import os
from mpi4py import MPI
world = MPI.COMM_WORLD
world.barrier()
print("up" if os.environ["RANKZERO_GENERATION"] == "1" else f"back in a world of {world.size}")
while os.environ["RANKZERO_GENERATION"] == "1":
    world.barrier()
"""


def said(team: Team, image: str, *argv: str) -> list[str]:
    """What the ranks of a run have printed, which ends well."""
    done = team.start("run", *argv, env={"RANKZERO_IMAGE": image}).wait(PATIENCE)
    assert done.code == 0, done
    return sorted(line for line in done.out.splitlines() if line.startswith("["))


def test_an_allreduce_over_two_pods(team: Team, mpi: str) -> None:
    """With the rights that any run has, and as an ordinary user who has no name in the image."""
    lines = said(team, mpi, team.script(SUM), "--nodes", "2", "--nproc", "2")
    assert lines == [f"[{rank}] sum 10 {rank} {rank} 2" for rank in range(4)]


def test_the_ranks_of_a_run_that_lets_nobody_else_in(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], mpi: str, tmp_path: Path
) -> None:
    job = tmp_path / "job.yaml"
    job.write_text("run: sleep 1\nisolate: true\n")
    config = user(namespace, {"rules": rules(str(job))}).kubeconfig
    alone = Team(tmp_path / "alone", config, cluster.kubectl.within(namespace), cluster.python)
    lines = said(alone, mpi, alone.script(SUM), "--nodes", "2", "--isolate")
    assert lines == [f"[{rank}] sum 3 {rank} {rank} 2" for rank in range(2)]


def test_mpich_s_manager_reaches_ranks_in_both_pods(team: Team, mpi: str) -> None:
    words = ("--framework", "mpi", "--mpirun", "mpirun.mpich", "--nodes", "2", "--nproc", "2")
    lines = said(team, mpi, team.script(MEETS), *words)
    assert lines == [f"[{rank}] met 4 {rank} {rank} 2" for rank in range(4)]


def test_a_world_is_made_anew_after_a_pod_was_lost(team: Team, mpi: str) -> None:
    words = ("--image", mpi, "--nodes", "2", "--max-restarts", "1")
    run = team.running(HOLDS, *words, ranks=2)
    one = f"batch.kubernetes.io/job-name={run}-worker,batch.kubernetes.io/job-completion-index=1"
    team.admin("delete", "pod", "-l", one, "--force")
    done = team.start("wait", run).wait(PATIENCE)
    assert done.code == 0, done
    assert team.call("logs", run).out.count("back in a world of 2") == 2


def test_an_image_without_mpirun_is_named_as_the_cause(team: Team, cluster: Cluster) -> None:
    words = ("--framework", "mpi", "--image", cluster.python, "--nodes", "2")
    done = team.start("run", team.script("print()"), *words).wait(PATIENCE)
    assert done.code == 3
    assert "mpirun is neither beside" in done.err


GOES = """
import os
from mpi4py import MPI
if MPI.COMM_WORLD.rank:
    os._exit(0)
MPI.COMM_WORLD.allreduce(1)
"""


def test_a_rank_that_goes_without_a_word_is_the_cause_and_not_who_is_told_of_it(
    team: Team, mpi: str
) -> None:
    """With code 0, in another pod: the agents see no failure in it."""
    words = (team.script(GOES), "--nodes", "2")
    done = team.start("run", *words, env={"RANKZERO_IMAGE": mpi}).wait(PATIENCE)
    assert done.code == 1, done
    cause = next(line for line in done.err.splitlines() if line.startswith("  cause"))
    assert "mpirun exited with code" in cause, done.err
    assert "rank 1" in cause
