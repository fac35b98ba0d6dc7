"""`python server.zip`: a model server that is the first process of its pod.

RANKZERO_SERVER is JSON: `settings` of the server, where they are put as a file, where the program
and what travelled (`unpack`: parts, digest, into) are unpacked, and the folder to serve from. A
model that has not travelled is at `inner` of the folder `base`, which people call `place`. The
program is unpacked, too: what lies beside its modules is read as files, and compiled once for all
its workers.
"""

import errno
import json
import os
import re
import sys
import zipfile
from importlib import metadata
from typing import Any, Dict, List, Optional, Tuple

from rankzero.agent import exits
from rankzero.agent.unpack import Unpackable, unpack

#: The variable with what it is to do.
CONFIG = "RANKZERO_SERVER"
#: In the archive: a folder for each package that the server needs; and their versions, with the
#: oldest Python that they run on.
PACKAGES, VERSIONS = "packages", "packages.json"
#: What is said of a model that is not where it should be, and how many of its neighbours are named.
NO_MODEL, _SHOWN = "no-model", 10
#: As the workers begin, too: the current folder is no place to import from yet.
_BOOT = (
    "import sys; sys.path.pop(0); sys.path.append({root!r}); "
    "from rankzero.serving.__main__ import main; main()"
)


def main() -> None:
    """Becomes the server."""
    config = json.loads(os.environ.pop(CONFIG))
    for folder in (config["workdir"], os.environ.get("HOME"), os.environ.get("TMPDIR")):
        if folder:
            os.makedirs(os.path.dirname(folder), exist_ok=True)
    try:
        for one in config["unpack"]:
            unpack(one["parts"], one["digest"], one["into"])
        _unpack_program(sys.argv[0], config["program"])
    except (Unpackable, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write("rankzero: cannot unpack what travelled: %s\n" % error)
        sys.exit(exits.REFUSED)
    for folder in (config["workdir"], os.environ.get("HOME"), os.environ.get("TMPDIR")):
        if folder:
            os.makedirs(folder, exist_ok=True)
    _check_python(config["program"])
    _check_model(config.get("model"))
    with open(config["settings_file"], "w", encoding="utf-8") as file:
        json.dump(config["settings"], file)
    os.chdir(config["workdir"])
    boot = _BOOT.format(root=config["program"])
    os.environ["PYTHONPATH"] = os.pathsep.join(_paths(config["program"]))
    command = [sys.executable, "-c", boot, config["settings_file"]]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter


def _check_python(program: str) -> None:
    """Leaves where the image's Python is too old for the packages of the one who sent them."""
    least = tuple(_versions(program)["python"])
    if sys.version_info[:2] < least:
        said = "rankzero: this image has Python %d.%d" % sys.version_info[:2]
        said += (
            ", and the server that was sent needs %d.%d or newer: take another image, or deploy "
        )
        said += "from an environment with that Python\n"
        sys.stderr.write(said % least)
        sys.exit(exits.REFUSED)


def _check_model(model: Optional[Dict[str, str]]) -> None:
    """Leaves where it is not there, and tells what is: the traceback of whoever opens it would not
    tell a wrong path from a wrong volume."""
    if model is None:
        return
    missing = missing_model(**model)
    if missing:
        said = {"kind": NO_MODEL, "message": missing}
        sys.stderr.write(json.dumps(said) + "\n")
        sys.exit(exits.REFUSED)


def missing_model(base: str, inner: str, place: str) -> str:
    """What there is in the place of a model that is not there; empty where it is."""
    path = os.path.join(base, inner) if inner else base
    try:
        os.stat(path)
        return ""
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return "%s in %s cannot be read: %s" % (inner or "the model", place, error.strerror)
    folder = os.path.dirname(path)
    while not os.path.isdir(folder) and len(folder) > len(base):
        folder = os.path.dirname(folder)
    try:
        there = sorted(os.listdir(folder))
    except OSError:
        there = []
    shown = ", ".join(there[:_SHOWN]) + (", ..." if len(there) > _SHOWN else "")
    where = os.path.relpath(folder, base)
    beside = "there is" if where == "." else "in %s there is" % where
    return "there is no %s in %s; %s: %s" % (inner, place, beside, shown or "nothing")


def _versions(program: str) -> Dict[str, Any]:
    with open(os.path.join(program, VERSIONS), encoding="utf-8") as file:
        found: Dict[str, Any] = json.load(file)
    return found


def _paths(program: str) -> List[str]:
    """The packages that go before the image's own: those that it has not, or has older. One that it
    has newer is what its framework may need, and does for the server as well."""
    ours = _versions(program)["packages"]
    ahead = [name for name in sorted(ours) if _release(ours[name]) > _installed(name)]
    own = [os.path.join(program, PACKAGES, name) for name in ahead]
    return own + [path for path in [os.environ.get("PYTHONPATH", "")] if path]


def _installed(name: str) -> Tuple[int, ...]:
    """The image's version of a package; less than any where it has none."""
    try:
        return _release(metadata.version(name))
    except (metadata.PackageNotFoundError, TypeError):  # TypeError: its metadata are torn
        return ()


def _release(version: str) -> Tuple[int, ...]:
    """`2.10.0rc1` as (2, 10, 0)."""
    return tuple(int(part) for part in re.findall(r"\d+", re.sub(r"[^\d.].*", "", version)))


def _unpack_program(archive: str, into: str) -> None:
    """A container that starts again in its pod finds it there."""
    if os.path.isdir(into):
        return
    draft = into + ".unpacking"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(draft)
    os.rename(draft, into)
