"""Images: Debian with Python, and what is named besides; built once, kept in the lab's registry."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from . import registry
from .places import BIN, CACHE
from .shell import run, say, tried_again

RELEASE, PYTHON = "bookworm", "3.11"
#: What no test reads, and every node would pull.
_WASTE = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale")
_ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


class Recipe(NamedTuple):
    """What is in an image besides Debian's python3: Debian packages, and Python packages."""

    apt: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        text = json.dumps([RELEASE, PYTHON, sorted(self.apt), sorted(self.pip)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


#: The images that tests may count on.
STANDARD = {
    "lab/python": Recipe(),
    "lab/torch": Recipe(
        apt=("python3-torch", "python3-numpy", "python3-sklearn"), pip=("safetensors",)
    ),
}


def ensure(name: str, recipe: Recipe) -> str:
    """Build and push an image where the registry has not got it; the name to pull it by.

    Errors: LabError where Debian or the package index cannot be reached.
    """
    if registry.made_from(name) == recipe.digest:
        return registry.full_name(name)
    say(f"building the image {name}{' (minutes, once)' * bool(recipe.apt)}")
    scratch = CACHE / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        root = Path(folder) / "root"
        tried_again(f"building {name}", lambda: _debian(root, recipe.apt), 4)
        if recipe.pip:
            tried_again(f"pip for {name}", lambda: _pip(root, recipe.pip), 4)
        for waste in _WASTE:
            shutil.rmtree(root / waste, ignore_errors=True)
        settings = {"Cmd": ["python3"], "Env": _ENVIRONMENT}
        return registry.push(root, name, settings, recipe.digest)


def ensure_pause() -> None:
    """Push the image that every pod begins with."""
    digest = hashlib.sha256((BIN / "pause").read_bytes()).hexdigest()[:16]
    if registry.made_from("pause") == digest:
        return
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        Path(folder).chmod(0o755)
        shutil.copy(BIN / "pause", folder)
        registry.push(Path(folder), "pause", {"Entrypoint": ["/pause"]}, digest)


def _debian(root: Path, packages: tuple[str, ...]) -> None:
    shutil.rmtree(root, ignore_errors=True)
    include = ",".join(["python3", *packages])
    # debootstrap mounts /proc in the folder; in namespaces of its own that cannot stay behind.
    apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    how = ("--variant=minbase", f"--include={include}")
    run(*apart, "debootstrap", *how, RELEASE, root, seconds=1800)


def _pip(root: Path, packages: tuple[str, ...]) -> None:
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
        *("--target", root / "usr/lib/python3/dist-packages"),
        *("--python-version", PYTHON, "--only-binary=:all:", *packages),
        seconds=900,
    )
