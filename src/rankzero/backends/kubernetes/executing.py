"""A command in a rank's pod, with the caller's streams for its own.

Up go stdin, the terminal's size, and signals; down come stdout, stderr, and the exit code. The API
carries no signals, so those go by a second command in the same pod (the agent's `signal`): whoever
leaves leaves nothing running there.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rankzero.backends.kubernetes.channels import (
    CLOSE,
    ERROR,
    RESIZE,
    STDERR,
    STDIN,
    STDOUT,
    Channels,
)
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import answer, config, start
from rankzero.backends.kubernetes.reaching import Reached
from rankzero.backends.streams import Streams, raw, write
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused

_BLOCK = 128 * 1024
_LEAVING = (signal.SIGTERM, signal.SIGHUP)
#: How long whoever leaves waits until the command has been told (seconds).
_PARTING = 5.0
_NO_END = (
    "rankzero: this cluster is older than Kubernetes 1.30 and cannot pass on that the input has "
    "ended; Ctrl-C ends the command\n"
)


def execute(
    cluster: Cluster, at: Reached, rank: int | None, command: Sequence[str], streams: Streams
) -> int:
    """Run it to its end; its exit code. A terminal at both ends of the streams is passed on as one.

    Errors: Refused, also where the pod ends before the command.
    """
    mark = secrets.token_hex(8)
    words = ["exec", config(at.pod), "-" if rank is None else str(rank), mark, *command]

    def send(number: int) -> None:
        with contextlib.suppress(Lost, Refused, TimeoutError):  # then it has ended, or will
            answer(cluster, at.found, at.pod, ["signal", mark, str(int(number))])

    how = {"tty": "true", "stderr": "false"} if streams.terminal else {}
    with contextlib.closing(start(cluster, at.found, at.pod, words, slow=True, **how)) as channels:
        try:
            return _Session(channels, streams, send).run()
        except Lost as error:
            raise Refused(
                f"the connection to {at.node} (pod {at.name}) is gone: {error}",
                f"Is it still there? rankzero status {at.found.run}",
            ) from error


class _Session:
    """One command's life. send: has the command get a signal."""

    def __init__(self, channels: Channels, streams: Streams, send: Callable[[int], None]) -> None:
        self._channels, self._streams, self._send = channels, streams, send
        self._left: int | None = None
        self._interrupted = False

    def run(self) -> int:
        with contextlib.ExitStack() as around:
            if self._streams.terminal:
                around.enter_context(raw(self._streams.stdin))
                self._resize()
            around.enter_context(_beside(self._pass_on_stdin, self._streams.stdin))
            # Before that is waited for: a command that reads nothing must not hold it.
            around.callback(self._channels.cut)
            around.enter_context(_signals(self._signalled))
            try:
                code = self._receive()
                return code if self._left is None else self._left
            except Lost:
                if self._left is None:
                    raise
                return self._left
            except BaseException:
                self._send(signal.SIGHUP)  # nobody reads what it writes any more
                raise

    def _receive(self) -> int:
        to = {STDOUT: self._streams.stdout, STDERR: self._streams.stderr}
        while True:
            channel, data = self._channels.receive(None)
            if channel in to:
                write(to[channel], data)
            elif channel == ERROR:
                return exit_code(data)

    def _pass_on_stdin(self) -> bool:
        """A block of it; whether there may be more."""
        try:
            data = os.read(self._streams.stdin, _BLOCK)
        except OSError:
            data = b""  # the terminal is gone
        if data:
            self._channels.send(STDIN, data)
        elif self._channels.closes:
            self._channels.send(CLOSE, bytes([STDIN]))
        elif not _is_null(self._streams.stdin):
            write(self._streams.stderr, _NO_END.encode())
        return bool(data)

    def _resize(self) -> None:
        size = os.get_terminal_size(self._streams.stdin)
        told = {"Width": size.columns, "Height": size.lines}
        self._channels.send(RESIZE, json.dumps(told).encode())

    def _signalled(self, number: int) -> None:
        if number == signal.SIGWINCH:
            if self._streams.terminal:
                self._resize()
            return
        again = self._interrupted and number == signal.SIGINT
        self._interrupted = True
        if again or number in _LEAVING:
            self._left = 128 + number
        numbers = [signal.SIGKILL if again else number]
        if number in _LEAVING and self._streams.terminal:
            numbers.append(signal.SIGHUP)  # as from a terminal that is gone: shells ignore SIGTERM
        sending = threading.Thread(target=lambda: [*map(self._send, numbers)], daemon=True)
        sending.start()
        sending.join(None if self._left is None else _PARTING)
        if self._left is not None:
            self._channels.cut()


def exit_code(status: bytes) -> int:
    """The command's, from what the API says at its end. Errors: Refused where it never began."""
    try:
        said: dict[str, Any] = json.loads(status)
    except ValueError:
        said = {"message": status.decode("utf-8", "replace")}
    if said.get("status") == "Success":
        return 0
    for cause in said.get("details", {}).get("causes", ()):
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise Refused(f"the cluster could not run the command: {said.get('message')}")


@contextlib.contextmanager
def _beside(step: Callable[[], bool], descriptor: int) -> Iterator[None]:
    """A thread that takes a step whenever there is something to read, until one says that there
    will be no more, or the `with` ends."""
    inner, outer = os.pipe()

    def work() -> None:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(inner, select.POLLIN)
        with contextlib.suppress(Lost):
            while all(number != inner for number, _ in poll.poll()):
                if not step():
                    return

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.close(outer)
        thread.join()
        os.close(inner)


@contextlib.contextmanager
def _signals(handle: Callable[[int], None]) -> Iterator[None]:
    """Have signals handled in a thread, where that may take its time. Only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    inner, outer = os.pipe()
    os.set_blocking(outer, False)
    wanted = [signal.SIGINT, signal.SIGWINCH]
    # As nohup wants it.
    wanted += [one for one in _LEAVING if signal.getsignal(one) is not signal.SIG_IGN]

    def step() -> bool:
        for number in os.read(inner, 64):
            handle(number)
        return True

    before = signal.set_wakeup_fd(outer)
    old = {number: signal.signal(number, lambda *_: None) for number in wanted}
    try:
        with _beside(step, inner):
            yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(outer)
        os.close(inner)


def _is_null(descriptor: int) -> bool:
    return os.fstat(descriptor).st_rdev == Path(os.devnull).stat().st_rdev
