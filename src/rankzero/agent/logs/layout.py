"""How a node's log folder is laid out: names of files, and the lines of an index.

A rank's output is one stream of bytes, cut into segments. `rank-3.0000000000004096.log` holds the
bytes of rank 3 from its 4096th on, exactly as it wrote them: the name is the segment's address,
so no other file has to be right for it to be found, and `cat rank-3.*.log` is the rank's output.
Beside each segment lies its index: one line of fixed width for each moment at which a line began,

    0000000000004096 1790000000.123 0000002

the offset of that line, the time in seconds since the epoch, and the generation. Fixed width, so
that an index of any length is searched by halving, and one torn by a crash shows.
"""

import os
from typing import List, NamedTuple, Optional, Tuple

#: A longer line is given in pieces. Bytes, the newline included.
MAX_LINE = 1024 * 1024
#: Between two lines of an index, in seconds; what ranks wrote within it has no order among them.
INTERVAL = 0.05
#: The file that holds a log's identity.
BOOK = "book"
#: In place of a generation: the rank's process ended here, perhaps in the middle of a line.
ENDED = 0

_ENTRY = "%016d %014.3f %07d\n"
WIDTH = 40


class Entry(NamedTuple):
    """One line of an index: at `offset` begins a line that was read at `time`."""

    offset: int
    time: float
    generation: int


def entry_to_bytes(entry: Entry) -> bytes:
    return (_ENTRY % entry).encode("ascii")


def log_path(folder: str, rank: int, base: int) -> str:
    """The segment of `rank` whose first byte is the rank's `base`-th."""
    return os.path.join(folder, "rank-%d.%016d.log" % (rank, base))


def index_path(folder: str, rank: int, base: int) -> str:
    return os.path.join(folder, "rank-%d.%016d.index" % (rank, base))


def segments(folder: str) -> List[Tuple[int, int]]:
    """(rank, base) of every segment in a folder, in order; none where there is no such folder."""
    return _listed(folder, "log")


def orphans(folder: str) -> List[Tuple[int, int]]:
    """(rank, base) of every index without its log: a crash came between the two."""
    return sorted(set(_listed(folder, "index")) - set(segments(folder)))


def _listed(folder: str, suffix: str) -> List[Tuple[int, int]]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(found for found in (_parse(name, suffix) for name in names) if found)


def _parse(name: str, suffix: str) -> Optional[Tuple[int, int]]:
    """`rank-3.0000000000004096.log` as (3, 4096); None for anybody else's file."""
    label, _, rest = name.partition(".")
    base, _, kind = rest.partition(".")
    rank = label[5:] if label.startswith("rank-") else ""
    if kind != suffix or not (_digits(rank) and _digits(base)):
        return None
    return int(rank), int(base)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
