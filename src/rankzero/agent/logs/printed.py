"""A node's log as it goes to the agent's own stdout, which is a pod's log, and back.

    [rankzero] rank 3, generation 1, byte 0, log 5f0c9a1b
    [3] a line
    [3+] a piece: the rest of its line is this rank's next, or it never had an end

The first of these says where in the rank's stream its next piece stands. It comes before a rank's
first piece in a generation, after what was left out, now and then, and where the rank ends: whoever
has any part of such a log knows what is missing of it.
"""

import re
from typing import Dict, NamedTuple, Optional, Union

from rankzero.agent.logs.layout import MAX_LINE
from rankzero.agent.logs.mark import mark

#: What marks rankzero's own lines.
OWN = b"[rankzero] "
#: How much is printed between two notes of where every rank stands (bytes): far less than what a
#: container runtime keeps in one file, the only one that is read.
MEMO = 256 * 1024

_PIECE = re.compile(rb"\[(\d+)(\+?)\] (.*)", re.DOTALL)
_NOTE = re.compile(rb"\[rankzero\] rank (\d+), generation (\d+), byte (\d+), log (\S*)")
_TELL = "rank %d, generation %d, byte %d, log %s\n"


class Note(NamedTuple):
    """Where a rank's next piece stands: its offset in the rank's stream on this node, of the log
    with this identity (`LogReader.book`)."""

    rank: int
    generation: int
    offset: int
    book: str


class Piece(NamedTuple):
    """Bytes that a rank wrote: a line with its newline, or a piece of one."""

    rank: int
    data: bytes


def parse(line: bytes) -> Union[Note, Piece, None]:
    """A printed line, without its newline; None for all others."""
    match = _PIECE.fullmatch(line)
    if match:
        again = b"[%b%b] " % match.group(1, 2)
        data = match[3].replace(b"\r" + again, b"\r")
        return Piece(int(match[1]), data if match[2] else data + b"\n")
    match = _NOTE.fullmatch(line)
    if match:
        rank, generation, offset = map(int, match.groups()[:3])
        return Note(rank, generation, offset, match[4].decode("ascii", "replace"))
    return None


class _Stream:
    """Of one rank. at: offset of the first byte that was not printed, which begins `partial`."""

    def __init__(self, generation: int, at: int) -> None:
        self.generation, self.at, self.partial = generation, at, b""


class Printer:
    """What is to be printed of a node's log. Pure: no method writes anything.

    book: the log's identity.
    """

    def __init__(self, book: str) -> None:
        self._book = book
        self._streams: Dict[int, _Stream] = {}
        self._since_memo = 0

    def write(self, rank: int, generation: int, offset: int, block: bytes) -> bytes:
        """For the next bytes of a rank, the first of which is its `offset`-th."""
        out = self._memo() if self._since_memo > MEMO else b""
        stream = self._streams.get(rank)
        if stream is None or stream.generation != generation or _end(stream) != offset:
            out += b"" if stream is None else _flush(rank, stream)
            stream = self._streams[rank] = _Stream(generation, offset)
            out += self._note(rank, stream)
        out += _take(rank, stream, block)
        self._since_memo += len(out)
        return out

    def end(self, rank: int) -> bytes:
        """The rank's process has ended: of what it left without a newline nothing follows."""
        stream = self._streams.pop(rank, None)
        return b"" if stream is None else _flush(rank, stream) + self._note(rank, stream)

    def lost(self) -> None:
        """What was returned last was not printed."""
        self._since_memo = MEMO + 1

    def _memo(self) -> bytes:
        self._since_memo = 0
        return b"".join(self._note(rank, stream) for rank, stream in self._streams.items())

    def _note(self, rank: int, stream: _Stream) -> bytes:
        return OWN + (_TELL % (rank, stream.generation, stream.at, self._book)).encode()


def _end(stream: _Stream) -> int:
    return stream.at + len(stream.partial)


def _take(rank: int, stream: _Stream, block: bytes) -> bytes:
    data = stream.partial + block if stream.partial else block
    cut = data.rfind(b"\n") + 1
    stream.partial = data[cut:]
    stream.at += cut
    out = mark(data[:cut], b"[%d] " % rank)
    return out + _flush(rank, stream) if len(stream.partial) >= MAX_LINE else out


def _flush(rank: int, stream: _Stream) -> bytes:
    """What has no newline yet, as a piece."""
    piece, stream.partial = stream.partial, b""
    stream.at += len(piece)
    return mark(piece, b"[%d+] " % rank)


def own(text: str) -> bytes:
    """A line of rankzero's own."""
    return OWN + text.encode("utf-8", "replace") + b"\n"


def own_text(line: bytes) -> Optional[str]:
    """What such a line says; None for every other line."""
    return line[len(OWN) :].decode("utf-8", "replace") if line.startswith(OWN) else None
