"""Python packages as an image's Python finds them: chosen for it, and laid out as an installer does
there. Nothing of them is run.

uv chooses, since it judges what a package needs by the image's Python and system, and not by those
of this machine; pip downloads exactly that.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from rankzero.errors import BadRequest, Refused
from rankzero.images.interpreter import Interpreter
from rankzero.images.platforms import Platform

#: Of what uv or pip says, so much is told.
_LINES = 6
#: Of lines that tell nothing.
_NOISE = re.compile(r"^\s*$|notice|^Looking in|^WARNING: There was an error checking")
#: Lines of a file of requirements that name another one.
_NESTED = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)", re.MULTILINE)
_NEEDED = 'Install what images need: pip install "rankzero[image]"'


class Wanted(NamedTuple):
    """requirements: a file, as pip reads it."""

    requirements: Path
    python: Interpreter
    platform: Platform


def texts(requirements: Path) -> list[str]:
    """The file, and those that it names. Errors: BadRequest for one that cannot be read."""
    found: dict[Path, str] = {}
    waiting = [requirements]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        try:
            found[path] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadRequest(f"--requirements: {path} cannot be read: {error}") from error
        waiting += [path.parent / name for name in _NESTED.findall(found[path])]
    return list(found.values())


def install(wanted: Wanted, into: Path, scratch: Path) -> list[str]:
    """Lay all that is required into a folder that stands for the image's `/`; which packages they
    are, as `NAME VERSION`. scratch: an empty folder.

    Errors: BadRequest where nothing fits the image's Python, with uv's own words; Refused where
    uv, pip or the installer is missing.
    """
    chosen = scratch / "chosen.txt"
    chosen.write_text(_chosen(wanted), encoding="utf-8")
    wheels = scratch / "wheels"
    wheels.mkdir()
    _call(download(wanted, chosen, wheels), wanted, "pip")
    for file in sorted(wheels.iterdir()):
        if file.suffix != ".whl":
            raise BadRequest(f"{wanted.requirements}: {file.name} is no wheel.", _WHEELS_ALONE)
        _lay(file, wanted.python, into)
    return [" ".join(file.name.split("-")[:2]) for file in sorted(wheels.iterdir())]


_WHEELS_ALONE = (
    "Only wheels are taken, since nothing is compiled here: ask for another version, or for a base "
    "that has it"
)


def choice(wanted: Wanted) -> list[str]:
    """uv's words for what is needed on the image's system."""
    return [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"),
        *("--no-build", "--python-version", wanted.python.version),
        *("--python-platform", wanted.platform.for_uv(wanted.python.musl)),
        str(wanted.requirements),
    ]


def download(wanted: Wanted, chosen: Path, to: Path) -> list[str]:
    """pip's words for exactly these wheels of another Python on another system."""
    python = wanted.python
    tags = wanted.platform.tags(python.musl)
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--no-deps", "--only-binary=:all:", "--dest", str(to)),
        *(word for tag in tags for word in ("--platform", tag)),
        *("--implementation", "cp", "--python-version", python.version),
        *("--abi", f"cp3{python.minor}", "--abi", "abi3", "--abi", "none"),
        *("--requirement", str(chosen)),
    ]


def _chosen(wanted: Wanted) -> str:
    return _call(choice(wanted), wanted, "uv", _as_pip_does())


def _as_pip_does() -> dict[str, str]:
    """Where packages come from, as pip has been told, for uv."""
    env = {}
    for pips, uvs in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_EXTRA_INDEX_URL", "UV_INDEX")):
        if os.environ.get(pips) and not os.environ.get(uvs):
            env[uvs] = os.environ[pips]
    return env


def _call(words: list[str], wanted: Wanted, tool: str, env: dict[str, str] | None = None) -> str:
    """What a tool prints. Errors: BadRequest, Refused."""
    done = subprocess.run(  # noqa: S603 - a tool of our own interpreter's
        words, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}
    )
    if not done.returncode:
        return done.stdout
    if f"No module named {tool}" in done.stderr:
        raise Refused(f"{sys.executable} has no {tool}, which packages take.", _NEEDED)
    said = [line.rstrip() for line in done.stderr.splitlines() if not _NOISE.search(line)]
    raise BadRequest(
        f"{wanted.requirements}: not all of it is there for Python {wanted.python.version} on "
        f"{wanted.platform}:\n" + "\n".join(f"  {line}" for line in said[-_LINES:]),
        _WHEELS_ALONE,
    )


def _lay(wheel: Path, python: Interpreter, into: Path) -> None:
    try:
        from installer import install as lay
        from installer.destinations import SchemeDictionaryDestination
        from installer.sources import WheelFile
    except ImportError:
        raise Refused("installer, which lays out packages, is not installed.", _NEEDED) from None
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
