"""The framework, found in a script's imports."""

import pytest

from rankzero import spec


def detect(folder, source: str, run="train.py", **mapping):
    (folder / "train.py").write_text(source)
    return spec.detect(spec.build({"run": run, **mapping}))


@pytest.mark.parametrize(
    ("source", "framework", "how"),
    [
        ("import torch", "torch", "found in train.py"),
        ("import torch.nn as nn", "torch", "found in train.py"),
        ("from torch import nn", "torch", "found in train.py"),
        ("def f():\n    import jax", "jax", "found in train.py"),
        (
            "try:\n    import tensorflow as tf\nexcept ImportError: pass",
            "tensorflow",
            "found in train.py",
        ),
        ("import tf_keras", "tensorflow", "found in train.py"),
        ("import keras", "tensorflow", "found in train.py: it imports keras"),
        ("import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras", "jax", "it imports keras"),
        ("import lightning as L", "torch", "found in train.py: it imports lightning"),
        ("from transformers import Trainer", "torch", "it imports transformers"),
        ("import optax", "jax", "it imports optax"),
        ("import transformers, jax", "jax", "found in train.py"),
        ("import torch, jax", "torch", "found in train.py: imported before jax"),
        (
            "import torch, jax\njax.distributed.initialize()",
            "jax",
            "found in train.py: it uses jax.distributed, beside torch",
        ),
        (
            "import jax\nimport torch.distributed as dist",
            "torch",
            "it uses torch.distributed, beside jax",
        ),
        (
            "import torch\nimport tensorflow as tf\ntf.distribute.MultiWorkerMirroredStrategy()",
            "tensorflow",
            "it uses tensorflow.distribute",
        ),
        (
            "import torch\nimport tensorflow as t\nt.compat.v1.train.Server(1)",
            "tensorflow",
            "Server",
        ),
        ("from mpi4py import MPI", "mpi", "found in train.py"),
        ("import torch\nfrom mpi4py import MPI", "mpi", "it uses mpi4py, beside torch"),
        ("import mpi4py, torch.distributed", "torch", "it uses torch.distributed, beside mpi"),
        ("import torch, horovod.torch as hvd", "mpi", "it uses horovod, beside torch"),
        ("import jax\nfrom torch.nn.parallel import DistributedDataParallel", "torch", "Parallel"),
        (
            "import typing\nif typing.TYPE_CHECKING:\n    import jax\nelse:\n    import torch",
            "torch",
            "found",
        ),
        ("import sys, numpy, pandas", "plain", "no framework found in train.py"),
        ("x = 'import torch'", "plain", "no framework found in train.py"),
        ("import torchlike", "plain", "no framework found"),
    ],
)
def test_imports(folder, source, framework, how):
    found = detect(folder, source)
    assert found.framework == framework
    assert how in found.how


def test_a_named_framework_is_not_looked_for(folder):
    assert detect(folder, "import torch", framework="jax") == ("jax", "named")


@pytest.mark.parametrize(("nodes", "how"), [(1, "mpirun starts"), (2, "each rank calls mpirun")])
def test_an_mpirun_of_the_job_s_own(nodes, how):
    job = spec.build({"run": ["mpirun", "-np", "2", "prog"], "nodes": nodes})
    found = spec.detect(job)
    assert found.framework == "plain"
    assert found.how.startswith(how)


def test_an_mpirun_is_of_mpi(folder):
    found = detect(folder, "import torch", mpirun="mpirun --oversubscribe")
    assert found == ("mpi", "an mpirun is named")


def test_keras_backend_from_the_jobs_env(folder):
    assert detect(folder, "import keras", env={"KERAS_BACKEND": "torch"}).framework == "torch"


def test_the_users_own_modules_are_read_two_levels_deep(folder):
    (folder / "lab").mkdir()
    (folder / "lab" / "__init__.py").write_text("from . import inner\n")
    (folder / "lab" / "inner.py").write_text("import jax\n")
    found = detect(folder, "import lab")
    assert found == ("jax", "found in lab/inner.py, which train.py imports")
    (folder / "lab" / "inner.py").write_text("from .deep import x\n")
    (folder / "lab" / "deep.py").write_text("import jax\n")
    assert detect(folder, "import lab").framework == "plain"
    assert detect(folder, "import lab.deep").framework == "jax"
    assert detect(folder, "from lab import deep").framework == "jax"


def test_modules_that_import_each_other_end(folder):
    (folder / "a.py").write_text("import train, b\n")
    (folder / "b.py").write_text("import a\n")
    assert detect(folder, "import a").framework == "plain"


def test_a_file_that_cannot_be_parsed_is_passed_over(folder):
    (folder / "old.py").write_text("print 'python 2'\n")
    (folder / "up.py").write_text("from ......... import x\n")
    assert detect(folder, "import old, up, torch").framework == "torch"


def test_modules_and_commands(folder):
    (folder / "lab").mkdir()
    (folder / "lab" / "fit.py").write_text("import jax\n")
    assert detect(folder, "", "-m lab.fit") == ("jax", "found in lab/fit.py")
    assert detect(folder, "", "python -u -m lab.fit").framework == "jax"
    assert detect(folder, "import torch", "torchrun --nproc 2 train.py").framework == "torch"
    assert detect(folder, "", "echo hello") == ("plain", "no script to look into")
    assert detect(folder, "", "-m somewhere.installed").framework == "plain"


def test_each_roles_script_counts(folder):
    (folder / "ps.py").write_text("import tensorflow\n")
    roles = {"ps": {"run": "ps.py"}, "worker": {}}
    assert detect(folder, "import os", roles=roles).framework == "tensorflow"
