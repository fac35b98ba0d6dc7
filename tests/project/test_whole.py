"""The project as a whole: its layers, its wheel, its oldest and newest interpreters, its text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .blocks import ROOT

PACKAGE = ROOT / "src" / "rankzero"
#: What travels to a node, and so runs in anybody's image.
TRAVELS = ("agent", "contracts", "driver", "script")


def run(*argv: object, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **more,
    )


def test_imports_point_one_way() -> None:
    main = "from importlinter.cli import lint_imports_command as main; main(['--no-cache'])"
    done = run(sys.executable, "-c", main, cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what the sources are, without network."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("built")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packed = {name for name in names if name.startswith("rankzero/")}
    sources = {
        f"rankzero/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == sources
    assert "rankzero/py.typed" in packed
    others = {re.sub(r"^rankzero-[\d.]+\.dist-info/", "", name) for name in names - packed}
    assert others == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def test_the_installed_wheel_starts(wheel: Path, tmp_path: Path) -> None:
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index")
    done = run(*pip, "--target", tmp_path / "site", wheel)
    assert done.returncode == 0, done.stdout
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = run(tmp_path / "site/bin/rankzero", "--version", env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("rankzero 0.")
    where = run(sys.executable, "-c", "import rankzero; print(rankzero.__file__)", env=env)
    assert where.stdout.startswith(str(tmp_path))


def interpreters() -> list[str]:
    """Every CPython from 3.8 on that can be found here, one of each minor version."""
    names = [f"python3.{minor}" for minor in range(8, 16)]
    candidates = [path for name in names if (path := shutil.which(name))]
    candidates += map(str, Path.home().glob(".pyenv/versions/3.*/bin/python"))
    found = {}
    for path in [sys.executable, *candidates]:
        done = run(path, "-c", "import sys; print('%d.%02d' % sys.version_info[:2])")
        if done.returncode == 0 and (version := done.stdout.strip()) >= "3.08":
            found.setdefault(version, path)
    return [found[version] for version in sorted(found)]


IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import rankzero
count = 0
for part in sys.argv[2:]:
    package = importlib.import_module("rankzero." + part)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            count += 1
for name in ("click", "pydantic", "yaml", "rich", "rankzero.spec"):
    assert name not in sys.modules, name
print(count)
"""


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: str(path).split("/bin")[0][-8:])
def test_what_travels_to_a_node_runs_on_every_python(python: str, tmp_path: Path) -> None:
    (tmp_path / "rankzero").mkdir()
    shutil.copy(PACKAGE / "__init__.py", tmp_path / "rankzero")
    for part in TRAVELS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE / part, tmp_path / "rankzero" / part, ignore=ignore)
    done = run(python, "-I", "-W", "error", "-c", IMPORT_ALL, tmp_path, *TRAVELS)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout) > 10


def texts() -> list[Path]:
    """Every text file of the project, as git sees it; without git, by its known folders."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        folders = ("src", "tests", "docs", "examples", "benchmarks", "scripts")
        files = [p for f in folders for p in (ROOT / f).rglob("*") if "_build" not in p.parts]
    return [path for path in files if path.is_file() and "__pycache__" not in path.parts]


#: Written in pieces, so that this file does not name what it looks for.
#: Invented people may have homes.
HOME = re.compile(
    "|".join(("/ro" + "ot/", "/ho" + "me/(?!(?:ada|ann|me|user|you)\\b)", "/Us" + "ers/"))
)
REGISTRY = re.compile("|".join(("pypi\\.o" + "rg", "python" + "hosted", "index" + "-url")))


def test_no_text_names_a_registry_host_or_somebodys_home() -> None:
    wrong = []
    for path in texts():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if HOME.search(line) or REGISTRY.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)
