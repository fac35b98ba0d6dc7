"""Where a world of MPI has what its processes share: a folder of its own, which goes with it.

Left to itself Open MPI takes the machine's temporary folder and that for shared memory, and what is
ended in a hurry, or kills itself, leaves there what it had.
"""

import contextlib
import os
import shutil
import tempfile
from typing import Dict

_MEMORY = "/dev/shm"  # noqa: S108 - the name in it is nobody else's, and the folder its owner's
#: By age: Open MPI to version 4, and from 5 on.
_SEGMENTS = ("OMPI_MCA_btl_vader_backing_directory", "OMPI_MCA_btl_sm_backing_directory")


class Scratch:
    """Of one node, in one generation after another. name: what no other one on this machine has;
    a node's next agent removes so what was left by one that was killed."""

    def __init__(self, name: str) -> None:
        memory = os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK | os.X_OK)
        self._path = os.path.join(_MEMORY if memory else tempfile.gettempdir(), name)

    def make(self) -> None:
        """Anew. Errors: OSError."""
        self.remove()
        os.mkdir(self._path, 0o700)

    def of_ranks(self) -> Dict[str, str]:
        """What they are to be told of it."""
        return dict.fromkeys(_SEGMENTS, self._path)

    def of_mpirun(self) -> Dict[str, str]:
        """And mpirun, and its daemons."""
        return {"TMPDIR": self._path}

    def remove(self) -> None:
        """Once nobody is left who uses it."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self._path)
