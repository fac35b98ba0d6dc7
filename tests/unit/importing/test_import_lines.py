"""Command lines of torchrun and mpirun: what they become, and what is wrong with them."""

from __future__ import annotations

import pytest

from rankzero import importing

TORCHRUN = [
    ("torchrun train.py", {"run": "train.py", "framework": "torch"}),
    ("torchrun --nnodes=2 train.py", {"run": "train.py", "framework": "torch", "nodes": 2}),
    ("torchrun --nnodes 1:4 train.py", {"nodes": "1:4"}),
    ("torchrun --nproc_per_node 4 train.py", {"nproc": 4}),
    ("torchrun --nproc-per-node gpu train.py", {"nproc": "gpu"}),
    ("torchrun --nproc-per-node auto train.py", {"nproc": "gpu"}),
    ("torchrun --max-restarts 3 train.py", {"max_restarts": 3}),
    ("torchrun --master_port 29501 train.py", {"torch": {"port": 29501}}),
    ("torchrun --rdzv-conf join_timeout=90 train.py", {"wait": 90.0}),
    ("torchrun -m lab.fit --lr 1", {"run": "-m lab.fit --lr 1"}),
    ("torchrun --no-python ./fit --lr 1", {"run": "./fit --lr 1"}),
    ("torchrun fit.py --nnodes 7", {"run": "fit.py --nnodes 7"}),
    ("torchrun fit a", {"run": {"script": "fit"}, "args": ["a"]}),
    ("torchrun train.py '${x}'", {"run": "train.py '$${x}'"}),
    ("torchrun train.py 'ä b'", {"run": {"script": "train.py"}, "args": ["ä b"]}),
    ("/opt/bin/torchrun -- train.py", {"run": "train.py"}),
    ("python -m torch.distributed.run --nproc_per_node 2 train.py", {"nproc": 2}),
    ("python3.11 -u -m torch.distributed.run train.py", {"run": "train.py"}),
    ("venv/bin/python -m torch.distributed.run train.py", {"python": "venv/bin/python"}),
    ("A=1 B='x y' torchrun train.py", {"env": {"A": "1", "B": "x y"}}),
    ("env A=1 torchrun train.py", {"env": {"A": "1"}}),
    ("torchrun --role default train.py", {"run": "train.py"}),
    ("torchrun --role Trainer train.py", {"roles": {"trainer": {}}}),
]


def test_a_line_may_be_one_word_in_quotes():
    assert importing.from_words(["torchrun --nnodes 2 train.py 'a b'"]).job["nodes"] == 2


@pytest.mark.parametrize(("text", "said"), TORCHRUN)
def test_a_line_of_torchrun_becomes_a_job(line, text, said):
    job = line(text).job
    assert {key: job[key] for key in said} == said


MPIRUN = [
    ("mpirun -np 4 python train.py --lr 1", {"run": "train.py --lr 1", "nodes": 1, "nproc": 4}),
    ("mpirun -np 4 python3 -m lab.fit", {"run": "-m lab.fit", "nproc": 4}),
    ("mpirun -np 4 python -u train.py", {"run": "python -u train.py"}),
    ("mpiexec -n 4 ./prog a", {"run": "./prog a"}),
    ("mpirun --np 8 -H a:4,b:4 prog", {"nodes": 2, "nproc": 4}),
    ("mpirun -np 8 --host a,b prog", {"nodes": 2, "nproc": 4}),
    ("mpirun --host a,a,b,b prog", {"nodes": 2, "nproc": 2}),
    ("mpiexec -hosts a:2,b:2 prog", {"nodes": 2, "nproc": 2}),
    ("mpiexec.hydra -n 8 -ppn 2 prog", {"nodes": 4, "nproc": 2}),
    ("mpirun -np 8 -N 4 prog", {"nodes": 2, "nproc": 4}),
    ("mpirun -npernode 4 -host a,b prog", {"nodes": 2, "nproc": 4}),
    ("mpirun -np 4 --map-by ppr:2:node prog", {"nodes": 2, "nproc": 2}),
    ("mpirun -np 4 --map-by ppr:2:node:PE=4 prog", {"nodes": 2, "nproc": 2}),
    ("mpirun -np 4 --map-by slot prog", {"nodes": 1, "nproc": 4}),
    ("mpirun -np 4 -host localhost prog", {"nodes": 1, "nproc": 4}),
    ("mpirun -pernode -H a,b prog", {"nodes": 2, "nproc": 1}),
    ("mpirun -np 2 -wdir /work prog", {"workdir": "/work"}),
    ("mpirun prog", {"nproc": "cpu"}),
    ("mpirun -np 2 -x A=1 -x B=x=y prog", {"env": {"A": "1", "B": "x=y"}}),
    ("mpiexec -n 2 -genv A 1 -env B 2 prog", {"env": {"A": "1", "B": "2"}}),
    ("C=3 mpirun -np 2 -mca btl self,tcp --allow-run-as-root prog", {"env": {"C": "3"}}),
    ("mpirun -np 1 -- prog -np 7", {"run": "prog -np 7", "nproc": 1}),
    ("mpirun -np 2 prog", {"framework": "mpi"}),
    ("mpirun -mca btl self,tcp -np 2 prog", {"mpirun": "mpirun --mca btl self,tcp"}),
    ("mpirun -np 2 --prefix /opt/a$b prog", {"mpirun": "mpirun --prefix '/opt/a$b'"}),
    ("/opt/bin/mpiexec.hydra -n 2 -iface eth0 a", {"mpirun": "/opt/bin/mpiexec.hydra -iface eth0"}),
]


def test_an_mpirun_that_is_told_nothing_is_not_named(line):
    assert "mpirun" not in line("mpirun -np 2 --bind-to none prog").job


@pytest.mark.parametrize(("text", "said"), MPIRUN)
def test_a_line_of_mpirun_becomes_a_job(line, text, said):
    job = line(text).job
    assert {key: job[key] for key in said} == said


WRONG = [
    ("torchrun", "torchrun: starts nothing: a script is missing"),
    ("torchrun --nnodes 0 t.py", "--nnodes: must be a number of nodes, at least 1"),
    ("torchrun --nnodes -2 t.py", "--nnodes: must be a number of nodes, at least 1"),
    ("torchrun --nnodes 3:2 t.py", "--nnodes: must have its minimum first: 2:3"),
    (
        "torchrun --nproc-per-node -1 t.py",
        '--nproc-per-node: must be a whole number, at least 1; got "-1"',
    ),
    ("torchrun --nproc-per-node two t.py", "--nproc-per-node: must be a whole number"),
    ("torchrun --nproc-per-node 5000 t.py", "nproc: must be at most 1024 ranks a node; got 5000"),
    ("torchrun --max-restarts -1 t.py", "--max-restarts: must be a whole number, at least 0"),
    ("torchrun --rdzv-conf join_timeout=soon t.py", "--rdzv-conf: must be a time"),
    (
        "torchrun --rdvz-id 1 t.py",
        '--rdvz-id: is no option that is known; did you mean "--rdzv-id"?',
    ),
    ("torchrun --nnodes", "--nnodes: takes a value"),
    ("torchrun --standalone=yes t.py", "--standalone: takes no value"),
    ("mpirun -np 4", "mpirun: starts nothing: a program is missing"),
    ("mpirun -np -4 prog", '-np: must be a whole number, at least 1; got "-4"'),
    ("mpirun -np 4 a : -np 2 b", ":: separates programs"),
    ("mpirun -np 5 -H a,b prog", "-np: 5 processes do not come out even on 2 machines"),
    ("mpirun -np 5 -N 2 prog", "-N: 5 processes are no multiple of 2 for each node"),
    ("mpirun -np 8 -N 2 -H a,b prog", "-H: 8 processes, 2 on each, need 4 machines; 2 are named"),
    ("mpirun -H a:4,b:2 prog", "-H: have different numbers of slots"),
    ("mpirun -H a:x prog", '-H: must be such as a:4,b:4; got "a:x"'),
    ("mpirun --app file", "--app: names a file of programs; give one program"),
    ("mpirun -mca btl", "-mca: takes 2 values"),
    ("srun train.py", "srun: is no launcher; known are torchrun"),
    ("python train.py", "python: is no launcher"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_with_a_line_is_told_with_its_word(told, text, said):
    assert said in told(text)


def test_all_that_is_wrong_is_told_at_once(told):
    said = told("torchrun --nnodes 0 --max-restarts x --foo t.py")
    assert [word in said for word in ("--nnodes:", "--max-restarts:", "--foo:")] == [True] * 3


NOTES = [
    ("torchrun --rdzv-endpoint a:1 --rdzv-id 3 t.py", ["--rdzv-endpoint", "--rdzv-id"]),
    ("torchrun --node-rank 1 --log-dir /l --standalone t.py", ["--node-rank", "--log-dir"]),
    ("torchrun --rdzv-conf timeout=3 t.py", ["--rdzv-conf"]),
    ("python -m torch.distributed.launch t.py", ["torch.distributed.launch"]),
    ("python -m torch.distributed.launch --use_env t.py", []),
    ("mpirun -np 2 --bind-to core --oversubscribe prog", ["--bind-to"]),
    ("mpirun -np 2 -x PATH -hostfile hosts prog", ["-hostfile", "-x"]),
    ("mpirun -np 2 -H a prog", ["-H"]),
    ("mpirun prog", ["mpirun"]),
]


@pytest.mark.parametrize(("text", "places"), NOTES)
def test_what_a_line_says_in_vain_is_told(line, text, places):
    made = line(text)
    assert sorted(note.place.option for note in made.notes) == sorted(places)
    assert all(note.what and note.instead for note in made.notes)
