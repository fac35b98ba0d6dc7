"""Jobs to export: between them they say all that a job can."""

from __future__ import annotations

from typing import Any

from rankzero.export.code import code_of
from rankzero.export.forms import FORMS
from rankzero.export.model import Outline
from rankzero.export.outline import outline
from rankzero.spec.model import Job

FILES = {"train.py": b"print('hello')\n"}


def nodes(most: int, least: int | None = None) -> dict[str, int]:
    return {"minimum": most if least is None else least, "maximum": most}


def job(**fields: Any) -> Job:
    roles = fields.pop("roles", {"worker": {"nodes": nodes(2)}})
    for role in roles.values():
        role.setdefault("image", "registry:5000/torch:2")
    base = {"name": "digits", "run": {"script": "train.py"}, "workdir": "/work", "roles": roles}
    return Job.model_validate({**base, **fields})


def marked(name: str) -> str:
    """A param as `Overrides.marked` leaves it."""
    return f"\ue000{name}\ue001"


def made(framework: str = "torch", files: dict[str, bytes] | None = None, **fields: Any) -> Outline:
    code = code_of(FILES if files is None else files, frozenset({"bin/go.sh"}))
    return outline(job(**fields), framework, code)


NESTED = {
    "train.py": b"import os\n"
    b"print(os.environ['RANKZERO_OUTPUTS'], os.environ['RANKZERO_RANK'])\n"
    b"print(os.environ.get('RANKZERO_PORT_HTTP'), os.environ.get('RANKZERO_VOLUME_BEST'))\n",
    "net/__init__.py": b"",
    "net/table.txt": b"\tindented = '{{ not a template }}'  \n\n\n",
    "bin/go.sh": b"echo go",
    "picture.png": bytes(range(16)),
}

CASES = {
    "two-nodes": lambda: made(),
    "torchrun": lambda: made(
        files=NESTED,
        args=(
            "--lr",
            marked("lr"),
            "--tag",
            "$(HOME) {{ x }} {" + marked("lr") + "}",
            "--epochs=" + marked("epochs"),
        ),
        params={
            "lr": {"type": "float", "value": 0.1, "min": 0},
            "epochs": {"type": "int", "value": 2000000, "help": "how often"},
        },
        env={"A": "job", "B": "x" + marked("lr")},
        labels={"team": "vision"},
        torch={"backend": "gloo", "port": 29400, "timeout": 90.0},
        max_restarts=3,
        grace=5.0,
        queue="gpus",
        roles={
            "worker": {
                "nodes": nodes(3, 1),
                "nproc": "gpu",
                "gpus": 4,
                "cpu": 1.5,
                "memory": "8Gi",
                "env": {"B": "role"},
                "ports": {"http": 8080},
                "pull": "Always",
                "labels": {"tier": "gpu"},
                "annotations": {"note": "a text: with {{ signs }}"},
            }
        },
    ),
    "parameter-servers": lambda: made(
        "tensorflow",
        roles={
            "worker": {"nodes": nodes(2)},
            "ps": {"nodes": nodes(2), "run": {"module": "serve"}, "ports": {"tensorflow": 3333}},
            "chief": {"nodes": nodes(1), "ports": {"board": 6006}},
            "evaluator": {"nodes": nodes(1)},
        },
    ),
    "mpi": lambda: made(
        "mpi",
        files=NESTED,
        args=("--lr", "0.1"),
        mpirun=("mpirun", "--mca", "btl", "tcp,self"),
        roles={"worker": {"nodes": nodes(1), "nproc": 4, "cpu": 4}},
    ),
    "one-pod": lambda: made(
        files=NESTED,
        args=("--lr", marked("learning-rate"), "--tag=$(HOME) [" + marked("tag") + "]"),
        params={
            "learning-rate": {"type": "float", "value": 0.1},
            "tag": {"type": "str", "value": 'a "word": [x]', "help": "what it is called"},
        },
        env={"TAG": marked("tag"), "PLAIN": "x y"},
        labels={"team": "vision"},
        volumes={"data": {"claim": "mnist", "path": "/data", "sub_path": "train"}},
        secrets={"WANDB_API_KEY": {"secret": "wandb", "key": "api-key"}},
        pull_secrets=["door"],
        node_selector={"zone": "b"},
        tolerations=[{"key": "gpu", "value": "true", "effect": "NoSchedule"}],
        roles={
            "worker": {
                "nodes": nodes(1),
                "nproc": 2,
                "gpus": 2,
                "cpu": 1.5,
                "memory": "8Gi",
                "shm": "2Gi",
                "user": "image",
                "pull": "Always",
                "annotations": {"note": "a text"},
            }
        },
    ),
    "jax": lambda: made("jax", roles={"worker": {"nodes": nodes(2), "gpus": 2}}),
    "two-roles": lambda: made(
        "plain",
        files=NESTED,
        run={"command": ["./bin/go.sh", "x y"]},
        roles={
            "first-ones": {"nodes": nodes(1), "nproc": 2, "gpus": 2, "cpu": 3, "memory": "3Gi"},
            "others": {"nodes": nodes(2), "args": ["'", '"']},
        },
    ),
    "volumes-and-rights": lambda: made(
        files=NESTED,
        volumes={
            "data": {"claim": "mnist", "path": "/data", "read_only": True, "sub_path": "train"},
            "best": {"claim": "best", "size": "5Gi", "path": "/best"},
            "scratch": {"claim": "scratch", "size": "1Gi", "path": "/s", "keep": False},
        },
        output_volume="best",
        secrets={"WANDB_API_KEY": {"secret": "wandb", "key": "api-key"}},
        env_from=[{"secret": "aws"}],
        pull_secrets=["door"],
        node_selector={"zone": "b"},
        tolerations=[{"key": "gpu", "value": "true", "effect": "NoSchedule"}],
        api=[{"resources": ["pods"], "verbs": ["get"]}],
        isolate=True,
        pod={"hostNetwork": True, "containers": [{"name": "rank", "tty": True}]},
        roles={
            "worker": {"nodes": nodes(2), "shm": "2Gi", "user": "image", "priority_class": "high"}
        },
    ),
}

#: For PyTorch with one role; and what Argo would not fill in.
_PYTORCH = ("two-nodes", "torchrun", "one-pod", "volumes-and-rights")
_ONLY = {"pytorchjob": _PYTORCH, "trainjob": _PYTORCH, "argo": set(CASES) - {"torchrun"}}
#: (a case, a form that it can have)
EVERY = [(name, form) for name in CASES for form in FORMS if name in _ONLY.get(form, CASES)]
