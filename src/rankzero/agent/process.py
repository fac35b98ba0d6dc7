"""Process groups, adopted children, and how a process ended."""

import ctypes
import fcntl
import os
import signal
import sys
from typing import List, Optional, Tuple

#: Signals with which a child begins as a shell would start it, whatever its agent ignores.
DEFAULTS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies (Linux), as process 1 does.

    So what a rank forked, or detached by setsid, still comes to its agent, which ends it.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent dies (Linux), also through exec. parent: its pid, as
    the parent knows it: who has died before is not waited for."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def copy_high(fd: int) -> int:
    """A copy above the low numbers that a child is to get, so that giving it those by dup2 never
    closes one that is still needed. The caller closes it."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)


def reap() -> List[Tuple[int, int]]:
    """Every child that has ended: (pid, code), where -N means killed by signal N."""
    ended: List[Tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        ended.append((pid, code))


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; False where nobody of it is left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # Somebody is there, under another user (setuid): alive, and beyond our reach.
        return True
    return True


def signal_process(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def children() -> List[int]:
    """The pids of this process's children, adopted ones included; empty where /proc has none."""
    mine = os.getpid()
    found = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit() and _parent(name) == mine:
            found.append(int(name))
    return found


def command_line(pid: int) -> str:
    """The words of a process, with a NUL after each; empty where it is gone, or /proc has none."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def members(group: int) -> int:
    """How many processes a group has; 0 where /proc can't tell."""
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return 0
    return sum(1 for name in names if _field(name, 2) == group and _letter(name) != "Z")


def born(pid: int) -> Optional[int]:
    """When a process began, in ticks after its machine did: what tells it from a later one of its
    number. None where there is none, or /proc can't tell."""
    return None if _letter(str(pid)) == "Z" else _field(str(pid), 19)


def _stat(pid: str) -> List[str]:
    """The fields of /proc/PID/stat behind the command's name, which may hold anything."""
    try:
        with open("/proc/%s/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []


def _field(pid: str, index: int) -> Optional[int]:
    fields = _stat(pid)
    return int(fields[index]) if len(fields) > index else None


def _letter(pid: str) -> str:
    fields = _stat(pid)
    return fields[0] if fields else "Z"


def _parent(pid: str) -> Optional[int]:
    return _field(pid, 1)


def ended_how(code: int) -> str:
    """`exited with code 3`, `was killed by signal 9 (SIGKILL)`."""
    if code >= 0:
        return "exited with code %d" % code
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    return "was killed by signal %d (%s)" % (-code, name)
