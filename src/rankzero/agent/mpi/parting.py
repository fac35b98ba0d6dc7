"""What is looked at on the way of a rank of MPI: whether it is in its world, and how it ends."""

import contextlib
import os
import signal
import sys
from typing import Any


def part(error: BaseException) -> None:
    """End as the interpreter would, but without waiting for anybody. Returns where all is well.

    At an interpreter's end mpi4py and Horovod call MPI_Finalize. It waits for all ranks, of which
    the others wait for what this one was to send: so nobody would ever end, and no cause be told.
    """
    code = _code(error)
    if code == 0:
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # closed, or not a file at all
            stream.flush()
    os._exit(code)


def not_alone(module: Any) -> None:
    """Whether this rank has come into the world that its mpirun has made. module: `mpi4py.MPI`.

    Errors: SystemExit where it is alone: each rank would train by itself, and all be well.
    """
    ranks = int(os.environ.get("RANKZERO_WORLD_SIZE", "1"))
    if ranks == 1 or not module.Is_initialized():
        return
    if module.COMM_WORLD.Get_size() == 1:
        library = str(module.Get_library_version()).splitlines()[0].partition(",")[0]
        sys.exit(
            "alone in its world of MPI, of %d ranks: mpi4py is with %s, and mpirun is another "
            "one's; name the one that fits by `mpirun:` in the job, or --mpirun" % (ranks, library)
        )


def _code(error: BaseException) -> int:
    """As the shell sees it, once all is said."""
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
        return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    sys.stderr.write("%s\n" % (error.code,))
    return 1
