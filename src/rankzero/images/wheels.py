"""Python packages as an image's Python finds them: wheels chosen for it, and laid out as an
installer does there. Nothing of them is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from rankzero.errors import BadRequest, Refused
from rankzero.images.interpreter import Interpreter
from rankzero.images.platforms import Platform

#: Of what pip says, so much is told.
_LINES = 6
#: Of lines that tell nothing.
_NOISE = re.compile(r"^\s*$|notice|^Looking in|^WARNING: There was an error checking")


class Wanted(NamedTuple):
    """requirements: a file, as pip reads it."""

    requirements: Path
    python: Interpreter
    platform: Platform


def install(wanted: Wanted, into: Path, scratch: Path) -> list[str]:
    """Lay all that is required into a folder that stands for the image's `/`; which packages they
    are, as `NAME VERSION`. scratch: an empty folder.

    Errors: BadRequest where nothing fits the image's Python, with pip's own words; Refused where
    pip, or the installer, is missing.
    """
    _download(wanted, scratch)
    wheels = sorted(scratch.glob("*.whl"))
    for wheel in wheels:
        _lay(wheel, wanted.python, into)
    return [" ".join(wheel.name.split("-")[:2]) for wheel in wheels]


def command(wanted: Wanted, to: Path) -> list[str]:
    """pip's words for wheels of another Python on another system."""
    python = wanted.python
    tags = wanted.platform.tags(python.musl)
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--only-binary=:all:", "--dest", str(to)),
        *(word for tag in tags for word in ("--platform", tag)),
        *("--implementation", "cp", "--python-version", python.version),
        *("--abi", f"cp3{python.minor}", "--abi", "abi3", "--abi", "none"),
        *("--requirement", str(wanted.requirements)),
    ]


def _download(wanted: Wanted, to: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter's pip
        command(wanted, to), capture_output=True, text=True, check=False
    )
    if not done.returncode:
        return
    if "No module named pip" in done.stderr:
        raise Refused(
            f"{sys.executable} has no pip, which chooses the packages.",
            "Give it one: python -m ensurepip; or build without --requirements",
        )
    said = [line.strip() for line in done.stderr.splitlines() if not _NOISE.search(line)]
    raise BadRequest(
        f"{wanted.requirements}: not all of it is there for Python {wanted.python.version} on "
        f"{wanted.platform}:\n" + "\n".join(f"  {line}" for line in said[-_LINES:]),
        "Only wheels are taken, since nothing is compiled here: ask for another version, or for "
        "a base that has it",
    )


def _lay(wheel: Path, python: Interpreter, into: Path) -> None:
    try:
        from installer import install as lay
        from installer.destinations import SchemeDictionaryDestination
        from installer.sources import WheelFile
    except ImportError:
        raise Refused(
            "installer, which lays out packages, is not installed.",
            'Install what images need: pip install "rankzero[image]"',
        ) from None
    name = wheel.name.partition("-")[0]
    prefix = python.path.rpartition("/bin/")[0]
    prefix = "/usr/local" if prefix == "/usr" else prefix
    scheme = {
        "purelib": python.site,
        "platlib": python.site,
        "scripts": f"{prefix}/bin",
        "data": prefix,
        "headers": f"{prefix}/include/python{python.version}/{name}",
    }
    to = SchemeDictionaryDestination(
        scheme, interpreter=python.path, script_kind="posix", destdir=str(into)
    )
    with WheelFile.open(wheel) as source:
        lay(source=source, destination=to, additional_metadata={"INSTALLER": b"rankzero\n"})
