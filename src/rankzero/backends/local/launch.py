"""A plan made real: the run's folder, its socket, and the supervisor that does the rest."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rankzero.agent import events as ev
from rankzero.agent import process
from rankzero.backends.local.folder import RunFolder, Runs
from rankzero.backends.local.inherited import AGENT_LISTENER, LISTENER, LOCK, interpreter
from rankzero.errors import Refused
from rankzero.plan.model import Plan

_RESERVE = 64 * 1024


class Lifeline:
    """Our end of an attached run's lifeline: the run ends when it closes without a word."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()

    def release(self) -> None:
        """Let the run go on without us; nothing where it has ended."""
        with self._lock:
            if self._fd >= 0:
                with contextlib.suppress(BrokenPipeError):
                    os.write(self._fd, b"go on without me")
        self.close()

    def close(self) -> None:
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1


def launch(runs: Runs, plan: Plan, *, detach: bool) -> tuple[RunFolder, Lifeline | None]:
    """Start the run. Returns its folder and, unless detached, our end of its lifeline.

    Errors: Refused where the disk or the system say no; nothing is left behind then.
    """
    folder = runs.folder(plan.run)
    if plan.job.outputs is not None:
        _make_outputs(Path(plan.job.outputs))
    try:
        runs.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(runs.path)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            with _uninterrupted():  # a folder that is a run needs its supervisor
                lock = _make(folder, plan, f"127.0.0.1:{listener.getsockname()[1]}")
                try:
                    return folder, _start(folder, listener.fileno(), lock, detach)
                finally:
                    os.close(lock)
    except OSError as error:
        raise Refused(
            f"cannot start the run in {folder.path}: {error.strerror or error}",
            _remedy(error),
        ) from error


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the block. A mask would not do: where there are more
    threads, another one takes the signal, and Python's handler runs in this one all the same."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *signalled: came.append(signalled))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])


def _make_outputs(outputs: Path) -> None:
    """Some file systems say yes to access(2) and no to mkdir(2): only making it tells."""
    try:
        outputs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"outputs: cannot create {outputs}: {error.strerror}; nothing was started.",
            "Name another folder: --outputs",
        ) from error


def _sweep(runs: Path) -> None:
    """Remove what a command that was killed had begun to make, or to delete."""
    for path in runs.glob(".*-*"):
        pid = path.name.rpartition("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(path, ignore_errors=True)


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space, or point XDG_STATE_HOME at another disk."
    return "Point XDG_STATE_HOME at a folder that you may write to."


def _make(folder: RunFolder, plan: Plan, address: str) -> int:
    """Build the folder under another name; the rename makes it a run. Returns its lock, held."""
    if folder.path.exists():
        raise FileExistsError(errno.EEXIST, "a run of this name exists", str(folder.path))
    draft = RunFolder(folder.path.with_name(f".{plan.run}-{os.getpid()}"))
    draft.path.mkdir(mode=0o700)
    try:
        _fill(draft, plan, address)
        lock = draft.lock()
        draft.path.rename(folder.path)
        return lock
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise


def _fill(draft: RunFolder, plan: Plan, address: str) -> None:
    for path in (draft.agents, draft.logs, draft.path / "outputs"):
        path.mkdir()
    _write(draft.plan_file, json.dumps(plan.to_json(), indent=1, ensure_ascii=False))
    _write(draft.token_file, secrets.token_hex(32))
    _write(draft.address_file, address)
    _write(draft.reserve_file, "." * _RESERVE)
    submitted = {
        "name": plan.job.name,
        "backend": plan.backend,
        "max_restarts": plan.job.max_restarts,
    }
    first = ev.Event(1, time.time(), ev.SUBMITTED, submitted)
    _write(draft.events_file, ev.to_line(first) + "\n")
    for agent in plan.agents:
        listen = None if agent.listen is None else f"fd:{AGENT_LISTENER}"
        agent = agent._replace(coordinator=address, listen=listen)
        name = f"{agent.role}-{agent.index}"
        _write(draft.agents / f"{name}.json", json.dumps(agent.to_json(), ensure_ascii=False))
        (draft.nodes / name).mkdir(parents=True)
        (draft.logs / name).symlink_to(Path("..", "nodes", name, "logs"))


def _start(folder: RunFolder, listener: int, lock: int, detach: bool) -> Lifeline | None:
    """Spawn the supervisor; where even that fails, the run is taken away again."""
    read, write = os.pipe()
    try:
        pid = _spawn(folder, listener, lock, None if detach else read)
    except OSError:
        os.close(write)
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    finally:
        os.close(read)
    if detach:
        os.close(write)
    lifeline = None if detach else Lifeline(write)
    # Somebody must take its exit code, also where this process goes on to other things.
    threading.Thread(target=_reap, args=(pid, lifeline), daemon=True).start()
    return lifeline


def _reap(pid: int, lifeline: Lifeline | None) -> None:
    os.waitpid(pid, 0)
    if lifeline is not None:
        lifeline.close()


def _spawn(folder: RunFolder, listener: int, lock: int, lifeline: int | None) -> int:
    """The supervisor, in no terminal's foreground, with only the descriptors it needs."""
    argv = [*interpreter("rankzero.backends.local.supervisor"), str(folder.path)]
    log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    high = [process.copy_high(fd) for fd in (listener, lock, lifeline) if fd is not None]
    try:
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_DUP2, high[0], LISTENER),
            (os.POSIX_SPAWN_DUP2, high[1], LOCK),
            (os.POSIX_SPAWN_OPEN, 1, str(folder.supervisor_log), log, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        if lifeline is None:
            actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
            argv.append("--detached")
        else:
            actions.append((os.POSIX_SPAWN_DUP2, high[2], 0))
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    finally:
        for fd in high:
            os.close(fd)


def _write(path: Path, text: str) -> None:
    """A private file. Errors: OSError, also for a disk that is full only at the end."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
