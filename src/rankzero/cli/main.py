"""The console entry: runs a verb, and turns whatever it raises into words and an exit code.

Nothing but the standard library is imported before `main` runs, so that a Ctrl-C while the
rest is loading ends as quietly as any other.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from rankzero.agent import exits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from rankzero.errors import Error

#: A bug in rankzero: EX_SOFTWARE of sysexits.h, which no user's job gives rankzero to return.
BUG = 70
#: The reader of our output went away: 128 + SIGPIPE, as a shell would say it.
PIPE_CLOSED = 141


#: Our reader left, our terminal is gone, the disk behind stdout is full.
_UNWRITABLE = (errno.EPIPE, errno.EIO, errno.ENOSPC)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    _open_closed_streams()
    noticed = _Noticed()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, noticed)
    try:
        code = run(sys.argv[1:] if argv is None else argv, lambda: noticed.yes)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = exits.INTERRUPTED
    except OSError as error:
        code = _unwritable(error)
    sys.exit(code)


class _Noticed:
    """Python's own handler of Ctrl-C, which remembers that there was one: what it interrupts may
    make another error of it, as an extension in C does that is just being imported."""

    yes = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.yes = True
        signal.default_int_handler(number, frame)


def run(argv: Sequence[str], interrupted: Callable[[], bool] = lambda: False) -> int:
    """Run one command; returns its exit code. interrupted: whether there was a Ctrl-C.

    Errors: KeyboardInterrupt, and OSError where our own output cannot be written.
    """
    import click

    from rankzero.cli.verbs import rankzero
    from rankzero.errors import Error

    if "_RANKZERO_COMPLETE" in os.environ:  # Tab was pressed; click answers, and leaves
        rankzero.main(list(argv), prog_name="rankzero")
    try:
        # Not rankzero.main(): it would make a closed pipe look like a job that failed.
        with rankzero.make_context("rankzero", list(argv)) as context:
            result = rankzero.invoke(context)
        return result if isinstance(result, int) else exits.DONE
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.exceptions.Abort:
        return exits.INTERRUPTED
    except click.ClickException as wrong:
        wrong.show()
        return exits.BAD_REQUEST
    except Error as error:
        return _say(error, error.exit_code, argv)
    except Exception as bug:
        if isinstance(bug, OSError) and bug.errno in _UNWRITABLE:
            raise
        if interrupted() and not debugging(argv):
            return exits.INTERRUPTED
        if (missing := _missing(bug)) is not None:
            return _say(missing, missing.exit_code, argv)
        return _say_bug(bug, argv)


def _missing(bug: Exception) -> Error | None:
    """What no verb can do without, and is not there."""
    from rankzero.errors import Refused

    if isinstance(bug, FileNotFoundError) and not _has_folder():
        return Refused("The folder that you are in is gone.", "Go to another one: cd")
    if isinstance(bug, RuntimeError) and "home directory" in str(bug):
        return Refused(
            "HOME is not set, and this user has no entry in the system's list of users.",
            "Name a folder that you may write to: export HOME=/tmp/me",
        )
    return None


def _has_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is not imported yet
    except OSError:
        return False
    return True


def _open_closed_streams() -> None:
    """Started with `>&-` there is no stdout at all; what nobody can read goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123


def _unwritable(error: OSError) -> int:
    """The exit code, with a word only where somebody can still read it."""
    # The interpreter flushes stdout once more at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.ENOSPC:
        return PIPE_CLOSED
    print(f"the output cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201
    return exits.REFUSED


def debugging(argv: Sequence[str]) -> bool:
    """Whether tracebacks are wanted: `--debug` before the verb, or RANKZERO_DEBUG set."""
    return bool(os.environ.get("RANKZERO_DEBUG")) or bool(argv and argv[0] == "--debug")


def _say(error: Exception, code: int, argv: Sequence[str]) -> int:
    if debugging(argv):
        _traceback(error)
    else:
        sys.stdout.flush()
        print(f"{error}", file=sys.stderr)  # noqa: T201
    return code


def _say_bug(bug: Exception, argv: Sequence[str]) -> int:
    if debugging(argv):
        _traceback(bug)
        return BUG
    again = " ".join(["rankzero", "--debug", *argv[:1]])
    print(  # noqa: T201
        f"bug in rankzero: {type(bug).__name__}: {bug}\n"
        f"For the traceback: {again} ... (or RANKZERO_DEBUG=1). Please report it with that.",
        file=sys.stderr,
    )
    return BUG


def _traceback(error: Exception) -> None:
    import traceback

    sys.stdout.flush()
    traceback.print_exception(error, file=sys.stderr)


if __name__ == "__main__":
    main()
