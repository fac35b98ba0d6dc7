"""A spare imports what its script would import first, and nothing that could see a difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Python
from .test_becoming_a_script import write

#: Stands for the real one, which takes seconds: says whether it was imported by a spare.
TORCH = """
    import os, sys
    early = "RANK" not in os.environ
    sys.stderr.write("a warning\\n")
    """
RANK = {"RANK": "3", "WORLD_SIZE": "4", "RANKZERO_RANK": "3"}


@pytest.fixture
def installed(python: Python) -> dict[str, str]:
    """An environment in which the stand-in is installed. It is the rank's."""
    return {**RANK, "PYTHONPATH": str(install(python.folder / "site-packages"))}


@pytest.fixture
def spare() -> bool:
    return True


def install(place: Path, name: str = "torch", text: str = TORCH) -> Path:
    (place / name).mkdir(parents=True, exist_ok=True)
    write(place / name, "__init__.py", text)
    return place


def test_the_leading_imports_are_done_and_the_environment_is_the_ranks(python, installed) -> None:
    write(python.folder, "train.py", "import os, torch\nprint(torch.early, os.environ['RANK'])")

    assert python.spares("script", "train.py", installed) == (0, "True 3\n", "a warning\n")


@pytest.mark.parametrize(
    "script",
    [
        "import os; os.environ['OMP_NUM_THREADS'] = '1'\nimport torch\nprint(torch.early)",
        "import helper, torch\nprint(torch.early)",
        "import os\ntry:\n    import torch\nfinally:\n    print(torch.early)",
    ],
)
def test_what_comes_behind_something_else_is_left_to_the_script(
    python, installed, script: str
) -> None:
    write(python.folder, "train.py", script)
    write(python.folder, "helper.py", "")

    assert python.spares("script", "train.py", installed) == (0, "False\n", "a warning\n")


def test_a_module_of_the_users_own_name_is_the_users(python, installed) -> None:
    write(python.folder, "train.py", "import torch\nprint(torch.__file__, torch.early)")
    write(python.folder, "torch.py", "import os; early = 'RANK' not in os.environ")

    seen = python.spares("script", "train.py", installed)

    assert seen == (0, f"{python.folder}/torch.py False\n", "")


def test_a_folder_of_the_frameworks_name_without_code_is_not_a_module(python, installed) -> None:
    (python.folder / "torch").mkdir()
    write(python.folder, "train.py", "import torch\nprint(torch.early)")

    assert python.spares("script", "train.py", installed) == (0, "True\n", "a warning\n")


def test_a_package_that_is_not_installed_but_lies_somewhere_is_somebodys_own(python) -> None:
    path = str(install(python.folder / "my packages"))
    write(python.folder, "train.py", "import torch\nprint(torch.early)")

    seen = python.spares("script", "train.py", {**RANK, "PYTHONPATH": path})

    assert seen == (0, "False\n", "a warning\n")


@pytest.mark.parametrize("other", ["colorsys", "mpi4py"])
def test_a_framework_that_imports_what_only_a_rank_may_ends_its_spare(
    python, installed, other: str
) -> None:
    """One of the user's own name, and one that looks who it is."""
    place = python.folder / ("." if other == "colorsys" else "site-packages")
    install(place, other, "print('imported')")
    install(python.folder / "site-packages", text=f"import {other}")
    write(python.folder, "train.py", "import torch")

    assert python.spares("script", "train.py", installed) is None
    assert python.rank("script", "train.py", env=installed) == (0, "imported\n", "")


def test_an_import_that_fails_ends_its_spare_and_shows_as_the_ranks_own(python, installed) -> None:
    text = "import sys\nsys.stderr.write('trying\\n')\nraise ImportError('no libcuda')"
    install(python.folder / "site-packages", text=text)
    write(python.folder, "train.py", "import torch")

    assert python.spares("script", "train.py", installed) is None
    seen = python.rank("script", "train.py", env=installed)
    assert (seen.code, seen.out) == (1, "")
    assert seen.err.startswith("trying\nTraceback")
    assert seen.err.count("trying\n") == seen.err.count("\nImportError: no libcuda") == 1


def test_code_of_the_users_at_the_interpreters_start_ends_a_spare(python, installed) -> None:
    """It would look for its rank, and not find it."""
    write(python.folder / "site-packages", "sitecustomize.py", "")
    write(python.folder, "train.py", "import torch")

    assert python.spares("script", "train.py", installed) is None


@pytest.mark.parametrize("script", ["x = = 1", "import torch\nprint('\\d')\nx = = 1"])
def test_what_the_parser_says_is_said_once(python, installed, script: str) -> None:
    write(python.folder, "train.py", script)

    cold = Python(python.executable, python.folder)
    assert python.spares("script", "train.py", installed) == cold.rank(
        "script", "train.py", env=installed
    )


@pytest.mark.parametrize(
    ("files", "early"),
    [
        ({"train.py": "import torch"}, True),
        ({"pkg/__init__.py": "", "pkg/train.py": "import torch"}, True),
        ({"pkg/train.py": "import torch"}, True),
        ({"pkg/__init__.py": "import torch", "pkg/__main__.py": ""}, True),
        ({"pkg/__init__.py": "X = 1", "pkg/train.py": "import torch"}, False),
    ],
)
def test_a_module_is_found_without_importing_its_packages(
    python, installed, files: dict[str, str], early: bool
) -> None:
    (python.folder / "pkg").mkdir()
    for name, text in files.items():
        write(python.folder, name, text)
    target = name.partition(".")[0].replace("/", ".").replace(".__main__", "")
    with open(python.folder / name, "a") as file:
        file.write("\nimport torch; print(torch.early)\n")

    assert python.spares("module", target, installed) == (0, f"{early}\n", "a warning\n")


def test_a_module_that_is_installed_is_not_looked_into(python, installed) -> None:
    write(python.folder / "site-packages", "tool.py", "import torch; print(torch.early)")

    assert python.spares("module", "tool", installed) == (0, "False\n", "a warning\n")


def test_what_the_starter_adds_to_a_framework_is_there(python, installed) -> None:
    """Its hooks wait for a module that the spare imports."""
    site = python.folder / "site-packages"
    install(site, "torch/distributed", "")
    write(
        site / "torch" / "distributed",
        "distributed_c10d.py",
        "def init_process_group(backend=None): return backend\n"
        "def is_gloo_available(): return True\n",
    )
    write(
        python.folder,
        "train.py",
        "from torch.distributed import distributed_c10d as d\nprint(d.init_process_group())",
    )

    seen = python.spares("script", "train.py", {**installed, "RANKZERO_BACKEND": "gloo"})

    assert seen == (0, "gloo\n", "a warning\n")
