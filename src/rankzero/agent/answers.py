"""A node's answers to those who ask for its log: ranges, from the disk, when there is something.

A viewer asks with the offsets that it has reached and gets the next lines, so its pace is its
own: nothing is queued for it, and no rank waits for it.
"""

import base64
import bisect
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import Chunk, LogReader
from rankzero.agent.loop import Loop, Timer

#: What one answer holds (bytes), below what a line of the wire may be.
ANSWER = 256 * 1024
#: Between two answers (seconds): a line after a pause goes at once, what comes faster goes in
#: blocks. An answer costs a node about a millisecond of the processor that its ranks want.
GATHER = 0.5
#: A line without an end, such as a progress bar, is shown after this long (seconds).
UNFINISHED = 1.0

#: Offset in each rank's stream that was read already, by rank.
Offsets = Dict[int, int]


class Answers:
    """Open questions about this node's log, by their id."""

    def __init__(
        self, loop: Loop, reader: LogReader, reply: Callable[[Dict[str, Any]], None]
    ) -> None:
        self._loop, self._reader, self._reply = loop, reader, reply
        self._open: Dict[int, Mapping[str, Any]] = {}
        self._soon: Optional[Timer] = None
        self._last = 0.0
        self._later: Optional[Timer] = None
        self._over: Set[int] = set()

    def ask(self, question: Mapping[str, Any]) -> None:
        """Answer at once, or, where nothing is new and `wait` says so, when there is. Who does
        not wait wants all that is there, also a line without an end.

        Where `since` and `tail` begin is settled now: what comes later is new, however long the
        answer waits for it, and a rank that appears later is new from its first line.
        """
        offsets = _offsets(question)
        if question.get("book") not in (None, self._reader.book()):
            question = dict(question, below=None if question.get("below") is None else 0)
            offsets = dict.fromkeys(self._ranks(question), 0)
        for rank in self._ranks(question):
            if rank not in offsets:
                offsets[rank] = begin(self._reader, question, rank)
        question = dict(question, offsets=offsets)
        if not self._answer(question, final=not question.get("wait")):
            self._open[question["id"]] = question
            self._arm_later()

    def forget_all(self) -> None:
        """Whoever asked is gone; the next coordinator numbers its questions anew."""
        self._open.clear()

    def forget(self, number: int) -> None:
        self._open.pop(number, None)

    def over(self, rank: int) -> None:
        """Nothing more comes of this rank: who has read all of it, and of those below it, need not
        say so each time."""
        self._over.add(rank)

    def wrote(self) -> None:
        """Something was added to the log."""
        if self._open and self._soon is None:
            when = max(self._loop.now(), self._last + GATHER)
            self._soon = self._loop.at(when, self._answer_whole_lines)

    def _answer_whole_lines(self) -> None:
        self._soon, self._last = None, self._loop.now()
        self._answer_all(final=False)
        self._arm_later()

    def _answer_unfinished(self) -> None:
        self._later = None
        self._answer_all(final=True)

    def _arm_later(self) -> None:
        if self._open and self._later is None and self._unread():
            self._later = self._loop.after(UNFINISHED, self._answer_unfinished)

    def _unread(self) -> bool:
        """Whether a rank that is asked for has bytes beyond its offset: an unfinished line."""
        for question in self._open.values():
            offsets = _offsets(question)
            for rank in self._ranks(question):
                if self._reader.extent(rank)[1] > offsets.get(rank, 0):
                    return True
        return False

    def _answer_all(self, final: bool) -> None:
        for question in list(self._open.values()):
            if self._answer(question, final):
                self._open.pop(question["id"], None)

    def _answer(self, question: Mapping[str, Any], final: bool) -> bool:
        chunks, offsets = self._collect(question, final)
        if not chunks and question.get("wait"):
            return False
        below = self._read_below(question, offsets)
        self._reply(
            {
                "type": "log",
                "id": question["id"],
                "book": self._reader.book(),
                "chunks": [pack(chunk) for chunk in chunks],
                "offsets": {str(rank): offset for rank, offset in offsets.items()},
                "below": below,
            }
        )
        return True

    def _read_below(self, question: Mapping[str, Any], offsets: Offsets) -> Any:
        """The next question's `below`; None for a viewer that knows none."""
        below = question.get("below")
        while below in self._over and offsets.get(below, 0) >= self._reader.extent(below)[1]:
            below += 1
        return below

    def _collect(self, question: Mapping[str, Any], final: bool) -> Tuple[List[Chunk], Offsets]:
        offsets = _offsets(question)
        ranks = self._ranks(question)
        cursors = [Cursor(self._reader, rank, offsets.get(rank, 0)) for rank in ranks]
        chunks: List[Chunk] = []
        size = 0
        for cursor, chunk in merge(cursors, final=final):
            chunks.append(chunk)
            offsets[cursor.rank] = chunk.next
            size += len(chunk.data)
            if size >= ANSWER:
                break
        return chunks, offsets

    def _ranks(self, question: Mapping[str, Any]) -> List[int]:
        wanted, ranks = question.get("ranks"), self._reader.ranks()
        ranks = ranks[bisect.bisect_left(ranks, question.get("below") or 0) :]
        return [rank for rank in ranks if wanted is None or rank in wanted]


def begin(reader: LogReader, question: Mapping[str, Any], rank: int, *, final: bool = False) -> int:
    """Where one begins who has not seen this rank yet: with `since` and `tail` as they ask. final:
    see `LogReader.offset_tail`."""
    start = 0
    if question.get("since") is not None:
        start = reader.offset_since(rank, float(question["since"]))
    if question.get("tail") is not None:
        start = max(start, reader.offset_tail(rank, int(question["tail"]), final=final))
    return start


def _offsets(question: Mapping[str, Any]) -> Offsets:
    return {int(rank): int(offset) for rank, offset in question.get("offsets", {}).items()}


def pack(chunk: Chunk) -> Dict[str, Any]:
    """A chunk for the wire; `unpack` undoes it."""
    return dict(chunk._asdict(), data=base64.b64encode(chunk.data).decode("ascii"))


def unpack(data: Mapping[str, Any]) -> Chunk:
    return Chunk(**dict(data, data=base64.b64decode(data["data"])))
