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
_PACKAGES = "usr/lib/python3/dist-packages"
#: What no test reads, and every node would pull.
_WASTE = (
    *("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"),
    *(f"{_PACKAGES}/tensorflow/include", f"{_PACKAGES}/clang"),  # for compiling against it
)
_ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


class Recipe(NamedTuple):
    """What is in an image besides Debian's python3: Debian packages, Python packages without what
    they depend on, and (`whole`) with it."""

    apt: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        parts = [RELEASE, PYTHON, sorted(self.apt), sorted(self.pip)]
        text = json.dumps([*parts, sorted(self.whole)] if self.whole else parts)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


#: The images that every run of the tests has.
STANDARD = {
    "lab/python": Recipe(),
    "lab/torch": Recipe(
        apt=("python3-torch", "python3-numpy", "python3-sklearn"), pip=("safetensors",)
    ),
}
#: Built where a test asks for them: the first is 1.5 GB, and tf_keras names `tensorflow` as what it
#: needs, which the smaller `tensorflow-cpu` is not.
ON_DEMAND = {
    "lab/tensorflow": Recipe(
        pip=("tf_keras==2.21.*",), whole=("tensorflow-cpu==2.21.*", "scikit-learn")
    ),
    "lab/jax": Recipe(whole=("jax==0.10.*",)),
    # Open MPI is what `mpirun` means in it, and what mpi4py is made for; MPICH is beside it.
    "lab/mpi": Recipe(apt=("openmpi-bin", "python3-mpi4py", "mpich")),
}
KNOWN = {**STANDARD, **ON_DEMAND}


def ensure(name: str, recipe: Recipe) -> str:
    """Build and push an image where the registry has not got it; the name to pull it by.

    Errors: LabError where Debian or the package index cannot be reached.
    """
    if registry.made_from(name) == recipe.digest:
        return registry.full_name(name)
    say(f"building the image {name}{' (minutes, once)' * bool(recipe.apt or recipe.whole)}")
    scratch = CACHE / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        root = Path(folder) / "root"
        tried_again(f"building {name}", lambda: _debian(root, recipe.apt), 4)
        if recipe.whole:
            tried_again(f"pip for {name}", lambda: _pip(root, *recipe.whole), 4)
        if recipe.pip:
            tried_again(f"pip for {name}", lambda: _pip(root, "--no-deps", *recipe.pip), 4)
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
    # Without this a package that is configured looks for a terminal, and where we run in its
    # background, the terminal stops it for good.
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(*apart, "debootstrap", *how, RELEASE, root, env=quiet, seconds=1800)


def _pip(root: Path, *words: str) -> None:
    """Install wheels for the image's Python, which may not be ours."""
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"),
        *("--target", root / _PACKAGES),
        *("--python-version", PYTHON, "--only-binary=:all:", *words),
        seconds=900,
    )
    # A pod cannot write there: it would compile every module anew at every start.
    compiled = ("python3", "-m", "compileall", "-q", "-j", "0", f"/{_PACKAGES}")
    run("chroot", root, *compiled, seconds=300)
