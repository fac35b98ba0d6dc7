"""A command beside a rank of this machine: in its environment and folder, on our own terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from rankzero.agent.roster import Roster, read
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.local.inherited import interpreter
from rankzero.backends.spot import Spot
from rankzero.backends.streams import Streams
from rankzero.errors import Refused


def execute(folder: RunFolder, spot: Spot, command: Sequence[str], streams: Streams) -> int:
    """Run it to its end; its exit code, 128 + N after signal N. Errors: BadRequest, Refused."""
    node = locate(folder, spot)
    config = folder.agents / f"{folder.node_folders()[node].name}.json"
    rank = "-" if spot.rank is None else str(spot.rank)
    argv = [*interpreter("rankzero.agent.__main__"), "exec", str(config), rank, "", *command]
    process = subprocess.Popen(  # noqa: S603 - what the user asks for
        argv,
        env=_inherited(folder, node),
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
    )
    with _signals(process, streams) as ended_by:
        code = process.wait()
    if ended_by:
        return 128 + ended_by[0]
    return code if code >= 0 else 128 - code


def locate(folder: RunFolder, spot: Spot) -> str:
    """The node. Errors: BadRequest for what the run has not, Refused where nothing runs."""
    nodes = list(folder.node_folders())
    node = spot.known(folder.run, nodes)
    history = folder.history()
    if history.final:
        raise Refused(
            f"{folder.run} has ended ({history.state}): nothing of it runs any more.",
            f"What it left: rankzero logs {folder.run}, rankzero outputs {folder.run}",
        )
    return node if node is not None else spot.among(folder.run, roster(folder, nodes[0]))


def roster(folder: RunFolder, node: str) -> Roster | None:
    """What a node says of the present generation."""
    return read(str(folder.node_folders()[node]))


def _inherited(folder: RunFolder, node: str) -> dict[str, str]:
    """What the node's agent was started with, and so its ranks; but the terminal is ours."""
    state = folder.history().nodes.get(node)
    if state is None or state.pid is None:
        raise Refused(
            f"{node} of {folder.run} is not there: it has not joined yet.",
            f"Why: rankzero why {folder.run}",
        )
    try:
        inherited = Path(f"/proc/{state.pid}/environ").read_bytes()
    except OSError as error:
        raise Refused(
            f"{node} of {folder.run} is not there at present: its agent, process {state.pid}, "
            f"cannot be looked into ({error.strerror}).",
            f"Is it being started again? rankzero status {folder.run}",
        ) from error
    words = [os.fsdecode(word).partition("=") for word in inherited.split(b"\0") if word]
    env = {name: value for name, _, value in words if name != "TERM"}
    return {**env, "TERM": os.environ["TERM"]} if "TERM" in os.environ else env


@contextlib.contextmanager
def _signals(process: subprocess.Popen[bytes], streams: Streams) -> Iterator[list[int]]:
    """A terminal sends its own to both of us, and then only the command's answer counts; those
    that are sent to us alone, which are yielded, are passed on."""
    passed: list[int] = []

    def pass_on(number: int, _: object) -> None:
        passed.append(number)
        process.send_signal(number)
        if streams.terminal:
            process.send_signal(signal.SIGHUP)  # a shell ignores SIGTERM

    if threading.current_thread() is not threading.main_thread():
        yield passed
        return
    alone = [
        one
        for one in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(one) is not signal.SIG_IGN  # as nohup wants it
    ]
    old = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGQUIT)}
    for one in alone:
        old[one] = signal.signal(one, pass_on)
    try:
        yield passed
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
