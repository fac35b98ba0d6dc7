"""What a rank's process runs first: it prepares the process, then becomes the user's script.

    PYTHON -c "import sys; sys.path.insert(0, ROOT);
               from rankzero.agent.starter import main; main()" KIND TARGET ARGS...

KIND is `script`, `module` or `command`; ROOT is the folder or zip that holds `rankzero`. The
script must not see a difference from `python TARGET ARGS...`, so it runs in the real `__main__`.
Every rank pays for what is imported here, and the user's own folder may hold a `json.py`: so this
file imports next to nothing, and the rest only when needed.

Read from the environment, and removed from it: RANKZERO_PARENT_PID, RANKZERO_ORDERS_FD (see
`starter_spare`), RANKZERO_WORKDIR, RANKZERO_ERROR_FILE (see `starter_record`), RANKZERO_CRASH_FILE
(stacks at a fatal signal), RANKZERO_REPORT_FD (see `script.channel`; a command keeps it),
RANKZERO_SEAT_FD (see `mpi.seat`). Read and left: RANKZERO_BACKEND and RANKZERO_TIMEOUT_S (see
`starter_torch`).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing would take longer than all of this file
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, Dict, List, NoReturn, Optional, Type

#: As Python for a script that it cannot open; as a shell for a command that it cannot execute,
#: or not find.
CANNOT_OPEN, CANNOT_EXECUTE, NOT_FOUND = 2, 126, 127
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def main() -> None:
    """Become what the command line names; returns, raises and exits as that does."""
    kind, target, args = sys.argv[1], sys.argv[2], sys.argv[3:]
    _leave_sys_path()
    _die_with_parent(os.environ.pop("RANKZERO_PARENT_PID", ""))
    orders = os.environ.pop("RANKZERO_ORDERS_FD", "")
    if orders:
        from rankzero.agent.starter_spare import stand_by

        stand_by(int(orders), kind, target, args)
    seat = os.environ.pop("RANKZERO_SEAT_FD", "")
    if seat:
        from rankzero.agent.mpi.seat import take

        take(int(seat))
    error_file = os.environ.pop("RANKZERO_ERROR_FILE", "")
    crash_file = os.environ.pop("RANKZERO_CRASH_FILE", "")
    _enter(os.environ.pop("RANKZERO_WORKDIR", ""), error_file)
    if kind == "command":
        _become_command(target, args, error_file)
    source = None if kind == "module" else _read(target, error_file)
    if not orders:
        prepare_python()
    _watch_for_crashes(crash_file)
    try:
        if source is None:
            _become_module(target, args)
        else:
            _become_script(target, source, args)
    except BaseException as error:
        traceback = _user_part(error.__traceback__)
        _record(error, traceback, error_file)
        _show_without_starter(error, traceback)
        if seat:
            from rankzero.agent.mpi.parting import part

            part(error)
        raise


def _leave_sys_path() -> None:
    """Take away what `-c` and ROOT put first, so that no user's or installed module shadows the
    standard library's. ROOT goes last: a child that the script spawns may import rankzero."""
    root = sys.path.pop(0)
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    if root not in sys.path:
        sys.path.append(root)


def _die_with_parent(parent: str) -> None:
    """Have the kernel kill this process when its agent dies, even by SIGKILL."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # an interpreter without it: the agents' lifelines end this rank then
    if parent and os.getppid() != int(parent):
        os._exit(1)  # it died before the kernel was told


def _enter(folder: str, error_file: str) -> None:
    if folder:
        try:
            os.chdir(folder)
        except OSError as error:
            _cannot_start(
                1, f"cannot enter the working folder {folder!r}: {error.strerror}", error_file
            )


def _become_command(target: str, args: List[str], error_file: str) -> NoReturn:
    import signal

    # Python ignores these two, and what is ignored stays so across exec.
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # a Python in there shows its lines at once
    try:
        os.execvp(target, [target, *args])  # noqa: S606 - no shell is the point
    except FileNotFoundError:
        where = "there is no such file" if "/" in target else "it is not on this node's PATH"
        _cannot_start(NOT_FOUND, f"cannot run {target!r}: {where}", error_file)
    except OSError as error:
        advice = "is it executable (chmod +x), and does a script begin with #! and its interpreter?"
        _cannot_start(
            CANNOT_EXECUTE, f"cannot run {target!r}: {error.strerror}; {advice}", error_file
        )


def prepare_python() -> None:
    """All that a script needs which does not depend on its rank."""
    named = os.environ.pop("RANKZERO_REPORT_FD", "")
    if named:
        from rankzero.script.channel import channel, descriptor

        fd = descriptor(named)
        # Children that are exec'ed must neither hold the pipe open nor take another file, that
        # happens to have this number in them, for it.
        try:  # noqa: SIM105 - contextlib is an import
            os.set_inheritable(fd, False)
        except OSError:
            pass  # not open, so no channel either
        channel.open(fd)
    from rankzero.agent.starter_hooks import install

    install()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)  # into a pipe it would come by blocks of 8 KiB


def _watch_for_crashes(crash_file: str) -> None:
    if crash_file:
        import faulthandler

        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:  # noqa: SIM105
            faulthandler.enable(os.open(crash_file, flags, 0o600))
        except OSError:
            pass  # a full disk costs the evidence, not the training


def _read(path: str, error_file: str) -> bytes:
    try:
        with open(path, "rb") as source:
            return source.read()
    except OSError as error:
        message = f"cannot open the script {path!r} in {os.getcwd()!r}: {error.strerror}"
        _cannot_start(CANNOT_OPEN, message, error_file)


def _become_script(path: str, source: bytes, args: List[str]) -> None:
    """As `python PATH ARGS...`."""
    set_scene("script", path, args)
    namespace = sys.modules["__main__"].__dict__
    code = compile(source, namespace["__file__"], "exec", dont_inherit=True)
    exec(code, namespace)  # noqa: S102 - running the user's script is what a rank is for


def _become_module(name: str, args: List[str]) -> None:
    """As `python -m NAME ARGS...`, by the function that the interpreter itself calls for `-m`."""
    import runpy

    set_scene("module", name, args)
    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def set_scene(kind: str, target: str, args: List[str]) -> str:
    """What is there before the first line of the user's: arguments, `__main__`, and on `sys.path`
    the folder whose modules come first. Returns that folder; empty for none."""
    from importlib.machinery import SourceFileLoader

    namespace = _fresh_namespace()
    if kind == "script":
        sys.argv = [target, *args]
        file = os.path.abspath(target) if sys.version_info >= (3, 9) else target
        loader = SourceFileLoader("__main__", file)
        namespace.update(__file__=file, __cached__=None, __loader__=loader)
    else:
        sys.argv = ["-m", *args]
    if getattr(sys.flags, "safe_path", False):
        return ""
    folder = os.path.dirname(os.path.realpath(target)) if kind == "script" else os.getcwd()
    sys.path.insert(0, folder)
    return folder


def _fresh_namespace() -> Dict[str, Any]:
    """`__main__` as the interpreter made it, without the names of the line that called us."""
    namespace = sys.modules["__main__"].__dict__
    for name in [name for name in namespace if not name.startswith("__")]:
        del namespace[name]
    return namespace


def _user_part(traceback: Optional[TracebackType]) -> Optional[TracebackType]:
    """The traceback from the user's first frame on; None where none of theirs was reached."""
    while traceback and traceback.tb_frame.f_globals.get("__name__") in (__name__, "runpy"):
        traceback = traceback.tb_next
    return traceback


def _record(error: BaseException, traceback: Optional[TracebackType], file: str) -> None:
    """Write the failure down at once: the interpreter's end may take long, or hang."""
    if not file:
        return
    try:
        from rankzero.agent.starter_record import write

        write(file, error, traceback)
    except Exception as trouble:
        # What is recorded of an error must never take its place.
        _say(f"could not record the failure in {file}: {trouble!r}")


def _show_without_starter(error: BaseException, traceback: Optional[TracebackType]) -> None:
    """Let whoever prints uncaught exceptions see this one without our frames.

    The exception itself goes on to the interpreter, which alone knows what follows from it: the
    exit code, and for a KeyboardInterrupt death by SIGINT after the clean-up.
    """
    shown: Callable[..., Any] = sys.excepthook

    def excepthook(
        kind: Type[BaseException], value: BaseException, found: Optional[TracebackType]
    ) -> None:
        sys.excepthook = shown
        if value is error:
            found = value.__traceback__ = traceback
        shown(kind, value, found)

    sys.excepthook = excepthook


def _cannot_start(code: int, message: str, error_file: str) -> NoReturn:
    _say(message)
    _record(OSError(message), None, error_file)
    sys.exit(code)


def _say(message: str) -> None:
    sys.stderr.write(f"rankzero: {message}\n")
