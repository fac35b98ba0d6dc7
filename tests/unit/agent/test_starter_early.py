"""What of a script is imported before anybody knows which rank will run it."""

from __future__ import annotations

import textwrap

import pytest

from rankzero.agent.starter_early import FRAMEWORK, OTHER, STANDARD, leading, needs_dynamo

STANDARD_ONES = ("__future__", "os", "sys", "argparse")
FRAMEWORKS = ("torch", "numpy")


def judge(name: str) -> str:
    if name in STANDARD_ONES:
        return STANDARD
    return FRAMEWORK if name in FRAMEWORKS else OTHER


SCRIPTS = {
    "nothing": ("", []),
    "an import": ("import torch", [("torch", ())]),
    "behind docstring, future and standard modules": (
        '"""Trains."""\nfrom __future__ import annotations\nimport os, sys\nimport argparse\n'
        "import numpy as np\nimport torch\nmain()",
        [("numpy", ()), ("torch", ())],
    ),
    "submodules and names": (
        "import torch.nn as nn\n"
        "from torch.utils.data import DataLoader, Dataset\n"
        "from torch import *",
        [
            ("torch.nn", ()),
            ("torch.utils.data", ("DataLoader", "Dataset")),
            ("torch", ("*",)),
        ],
    ),
    "a variable is set first": ("import os\nos.environ['OMP_NUM_THREADS'] = '4'\nimport torch", []),
    "a call comes first": ("import numpy\nnumpy.random.seed(1)\nimport torch", [("numpy", ())]),
    "an own module comes first": ("import model\nimport torch", []),
    "an own module in the same line": ("import torch, model, numpy", [("torch", ())]),
    "a relative one": ("from . import torch\nimport torch", []),
    "a relative one by name": ("from .torch import x\nimport torch", []),
    "another package comes first": ("import mpi4py.MPI\nimport torch", []),
    "under a condition": ("try:\n    import torch\nexcept ImportError:\n    pass", []),
    "in a function": ("def main():\n    import torch\n", []),
    "a text that is not the first thing": ("import os\n'text'\nimport torch", []),
    "a docstring that is no text": ("4\nimport torch", []),
    "behind a decorated class": ("@f\nclass A: pass\nimport torch", []),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_imports_before_it_does_anything_else(name: str) -> None:
    source, expected = SCRIPTS[name]
    assert leading([source.encode()], judge) == expected


def test_a_modules_packages_are_executed_before_it() -> None:
    main = b"import numpy"
    assert leading([b"import torch\n", b'"""A package."""', main], judge) == [
        ("torch", ()),
        ("numpy", ()),
    ]
    assert leading([b"from . import data", main], judge) == []
    assert leading([b"VERSION = 1", main], judge) == []


@pytest.mark.parametrize("source", [b"import torch\nx = = 1", b"import torch\0", b"\xff"])
def test_what_is_no_python_is_an_error(source: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        leading([source], judge)


TRAINS = """
    import argparse, os
    import torch
    from torch.nn.parallel import DistributedDataParallel

    def main():
        torch.manual_seed(int(os.environ["RANK"]) + int(os.environ.get("SEED", "0")))
        DistributedDataParallel(torch.nn.Linear(2, 2))
    """


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ("", True),
        ("import numpy", True),
        ("torch.optim.SGD", True),
        ("os.environ['TORCH_LOGS'] = 'all'", False),
        ("os.environ.setdefault('TORCH_LOGS', 'all')", False),
        ("os.environ.update(x)", False),
        ("del os.environ['X']", False),
        ("f(os.environ)", False),
        ("from os import environ\nenviron['X'] = '1'", False),
        ("os.putenv('X', '1')", False),
        ("def f():\n    import settings", False),
        ("importlib.import_module('x')", False),
        ("exec(text)", False),
    ],
)
def test_dynamo_comes_with_a_training_that_changes_nothing_before(more: str, needed: bool) -> None:
    source = textwrap.dedent(TRAINS) + more
    assert needs_dynamo([source.encode()], judge) is needed


@pytest.mark.parametrize("more", ["torch.ones(2)", "'an optimizer'  # optim", "optimum = 1"])
def test_dynamo_is_not_for_scripts_that_only_use_tensors(more: str) -> None:
    assert not needs_dynamo([f"import torch\n{more}".encode()], judge)


@pytest.mark.parametrize("line", ["import torch.optim", "from torch import optim as o"])
def test_dynamo_comes_with_what_is_imported(line: str) -> None:
    assert needs_dynamo([line.encode()], judge)
