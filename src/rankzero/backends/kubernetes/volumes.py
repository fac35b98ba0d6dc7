"""What runs have left on volumes: their lines, read where they lie, and their outputs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rankzero.agent.answers import unpack
from rankzero.agent.wire.seal import Broken, parse
from rankzero.backends.base import Helper, LogBlock
from rankzero.backends.following import Progress, block
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.helping import helping
from rankzero.backends.kubernetes.images import fallback
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.viewer import Lost, Stream
from rankzero.errors import Refused
from rankzero.plan.kubernetes import layout
from rankzero.plan.kubernetes.helper import Like, like_none, like_the_run

#: How often in a row a connection may be lost before any line has come.
_TRIES = 5
#: How long the other side may say nothing (seconds), before its first message and after: a volume
#: may be slow.
_FIRST, _SILENCE = 20.0, 120.0
#: Starts one of the agent's verbs where the volume is.
Dial = Callable[..., ExecStream]


class NoLines(Refused):
    """The volume has none of this run."""


class Lines:
    """Those of a run that were not given out yet.

    ends: up to where each log goes, by book and rank, once it is known; newest: each node's last.
    """

    def __init__(self, dial: Dial, run: str, folder: str, progress: Progress) -> None:
        """folder: the run's, as the volume is mounted where the dial leads."""
        self._dial, self._run, self._folder = dial, run, folder
        self._progress = progress
        self._messages = self._lasting()
        self.ends: dict[str, dict[int, int]] = {}
        self.newest: dict[str, str] = {}

    def begin(self) -> None:
        """Find out what there is. Errors: NoLines, Refused."""
        self._begin(next(self._messages))

    def items(self) -> Iterator[LogBlock]:
        """By time. Errors: Refused."""
        for message in self._messages:
            if message["type"] == "begin":  # over another connection
                self._begin(message)
                continue
            chunk = unpack(message["chunk"])
            yield block(message["node"], chunk)
            # Whoever merges asks for a line before it is its turn.
            self._progress.read[message["book"]][chunk.rank] = chunk.next

    def _begin(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "absent":
            there = ", ".join(message["runs"]) or "none"
            raise NoLines(
                f"the volume has no lines of {self._run}.", f"The newest runs that it has: {there}"
            )
        self._progress.read.update(_offsets(message["read"]))
        self.ends = _offsets(message["ends"])
        self.newest = {node: book for book, node in message["nodes"].items()}

    def _lasting(self) -> Iterator[dict[str, Any]]:
        """Messages up to the end, over as many connections as it takes."""
        tries, why = 0, ""
        while tries < _TRIES:
            try:
                with contextlib.closing(self._dial("lines", self._folder)) as stream:
                    # It is longer than a URL, which the words of a command are a part of, may be.
                    stream.send(json.dumps(_query(self._progress)).encode("ascii") + b"\n")
                    for message in _messages(stream):
                        if message["type"] == "end":
                            return
                        if message["type"] == "log":  # every connection has a beginning
                            tries = 0
                        yield message
            except Lost as lost:
                tries, why = tries + 1, str(lost)
        raise Refused(f"cannot read the lines of {self._run} on the volume: {why}")


def _query(progress: Progress) -> Mapping[str, Any]:
    query = progress.query
    return {
        "nodes": None if query.nodes is None else sorted(query.nodes),
        "ranks": None if query.ranks is None else sorted(query.ranks),
        "since": query.since,
        "tail": query.tail,
        "read": progress.read,
    }


def _offsets(told: Mapping[str, Mapping[str, int]]) -> dict[str, dict[int, int]]:
    return {
        book: {int(rank): offset for rank, offset in offsets.items()}
        for book, offsets in told.items()
    }


def _messages(stream: Stream) -> Iterator[dict[str, Any]]:
    """Errors: Lost."""
    rest, patience = b"", _FIRST
    while True:
        try:
            rest += stream.receive(patience)
        except TimeoutError as error:
            raise Lost(f"nothing came for {patience:g} s") from error
        patience = _SILENCE
        *whole, rest = rest.split(b"\n")
        for line in whole:
            with contextlib.suppress(Broken):  # what else a pod's Python prints when it starts
                yield parse(line)


@contextlib.contextmanager
def reached(
    cluster: Cluster, run: str, found: Found | None, path: str, how: Helper
) -> Iterator[tuple[Dial, str]]:
    """A helper that sees the volume: a way to the agent's verbs there, and the folder of the run.

    found: the run, where anything of it is left. path: where its pods mount the volume.
    Errors: BadRequest, Refused.
    """
    like, inner = _like(run, found, path, how)
    folder = layout.log_folder(run) if path == layout.LOG_VOLUME else layout.output_folder(run)
    with helping(cluster, run, like, found, how.wait) as pod:
        yield pod.dial, folder.replace(path, path + inner, 1)


def _like(run: str, found: Found | None, path: str, how: Helper) -> tuple[Like, str]:
    """What the helper is like, and in which folder of its volume all runs are."""
    like = None
    if found is not None:
        like = like_the_run(found.plan, found.job["spec"]["template"], path)
    if how.volume is None:
        if like is None:
            raise Refused(f"{run} keeps nothing on a volume.")
        return like, ""
    source, inner = how.volume, ""
    if ":" not in source:
        source, _, inner = source.partition("/")
    made = like_none(source, how.image or fallback(), how.user, path)
    if like is not None:  # as the run's, with the volume that was named
        made = like._replace(volume=made.volume, mount=made.mount)
    return made, f"/{inner.strip('/')}" if inner else ""
