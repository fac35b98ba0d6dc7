"""The end of a rank of MPI whose script has failed."""

import contextlib
import os
import signal
import sys


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


def _code(error: BaseException) -> int:
    """As the shell sees it, once all is said."""
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
        return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    sys.stderr.write("%s\n" % (error.code,))
    return 1
