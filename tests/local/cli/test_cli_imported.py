"""Command lines and manifests, imported and run: the ranks are those that they would have had."""

from __future__ import annotations

TELL = """
    import os, sys
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "GROUP_RANK", "COLOUR")
    print(*(os.environ[name] for name in names), *sys.argv[1:])
"""


def test_a_line_of_torchrun_runs_as_a_job(shell):
    shell.write("tell.py", TELL)
    line = "COLOUR=red torchrun --nnodes 2 --nproc-per-node=2 --rdzv-id 7 tell.py --lr 0.1"
    done = shell("import", "-o", "job.yaml", "--", *line.split(), "a b", "${x}")
    assert "--rdzv-id: is not carried over" in done.stderr

    done = shell("run", "job.yaml")

    assert sorted(done.stdout.splitlines()) == [
        f"[{rank}] {rank} 4 {rank % 2} {rank // 2} red --lr 0.1 a b ${{x}}" for rank in range(4)
    ]


def test_a_line_of_mpirun_is_the_same_world(shell):
    shell.write("tell.py", "from mpi4py.MPI import COMM_WORLD as w\nprint(w.rank, w.size)\n")
    line = "mpirun -np 3 --mca btl tcp,self --bind-to core -x A=1 python tell.py"
    shell("import", "-o", "job.yaml", "--", *line.split())
    done = shell("run", "job.yaml")
    assert sorted(done.stdout.splitlines()) == ["[0] 0 3", "[1] 1 3", "[2] 2 3"]


def test_a_training_job_of_kubeflow_runs_here_where_its_script_is_here(shell):
    shell.write("tell.py", TELL)
    shell.write(
        "pytorchjob.yaml",
        """
        apiVersion: kubeflow.org/v1
        kind: PyTorchJob
        metadata: {name: tell}
        spec:
          pytorchReplicaSpecs:
            Master: &replica
              template:
                spec:
                  containers:
                    - name: pytorch
                      image: any
                      command: [python, tell.py]
                      env: [{name: COLOUR, value: red}]
            Worker: *replica
        """,
    )
    shell("import", "pytorchjob.yaml", "-o", "job.yaml")
    done = shell("run", "job.yaml")
    assert sorted(done.stdout.splitlines()) == ["[0] 0 2 0 0 red", "[1] 1 2 0 1 red"]
