"""`import rankzero`: what it offers, and what it must not cost."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import rankzero

ROOT = Path(__file__).parents[3]


def test_every_public_name_is_there() -> None:
    missing = []
    for name in rankzero.__all__:
        try:
            getattr(rankzero, name)
        except (AttributeError, ImportError) as error:
            missing.append(f"{name}: {error}")
    assert missing == []
    assert set(rankzero.__all__) <= set(dir(rankzero))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'rankzero' has no attribute 'rum'"):
        _ = rankzero.rum  # type: ignore[attr-defined]


def test_the_version_is_the_packages() -> None:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)

    assert found is not None
    assert rankzero.__version__ == found[1]


def loaded(code: str) -> set[str]:
    """The modules that this code makes a clean interpreter load."""
    script = f"import sys; before = set(sys.modules); {code}; print(*(set(sys.modules) - before))"
    argv = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append('src'); {script}"]
    return set(subprocess.check_output(argv, text=True, cwd=ROOT).split())


def test_importing_it_loads_nothing_else() -> None:
    assert loaded("import rankzero") == {"rankzero"}


def test_a_scripts_calls_load_nothing_of_the_launcher() -> None:
    ours = {
        n
        for n in loaded("import rankzero; rankzero.report(a=1); rankzero.context()")
        if "rank" in n
    }

    assert ours == {
        "rankzero",
        "rankzero.script",
        "rankzero.script.channel",
        "rankzero.script.context",
        "rankzero.script.reports",
    }


def test_a_starter_loads_next_to_nothing() -> None:
    heavy = {"typing", "json", "re", "enum", "subprocess", "pathlib", "traceback", "logging"}

    assert not heavy & loaded("import rankzero.agent.starter, rankzero.agent.starter_hooks")
