"""What an import costs: the model's libraries come only with the model."""

import os
import subprocess
import sys

import pytest

from support.kubeconfigs import kubeconfig


def loaded_by(statement: str, **env: str) -> set[str]:
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import rankzero.spec", "from rankzero.spec import SpecError, Problem"]
)
def test_errors_cost_no_model(statement):
    assert not loaded_by(statement) & {"pydantic", "yaml", "rankzero.spec.model"}


def test_the_model_costs_no_framework_and_no_command_line():
    loaded = loaded_by("from rankzero.spec import from_target, detect")
    assert "pydantic" in loaded
    assert not loaded & {"torch", "numpy", "click", "rich", "jsonschema", "hypothesis"}


@pytest.mark.parametrize("verb", ["status", "logs", "list", "stop", "why", "delete"])
def test_who_looks_at_a_cluster_pays_for_no_model(verb, tmp_path):
    config = kubeconfig(tmp_path / "config", "lab", "http://127.0.0.1:1")
    words = [verb, *(["x"] if verb != "list" else []), "--on", "kubernetes"]
    statement = f"from rankzero.cli.main import run; assert run({words}) == 3"
    loaded = loaded_by(statement, KUBECONFIG=str(config), XDG_STATE_HOME=str(tmp_path))
    assert "rankzero.backends.kubernetes.backend" in loaded
    assert not loaded & {"pydantic", "rankzero.spec.model"}


def test_public_names_are_all_there():
    import rankzero.spec as package

    assert all(hasattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018
