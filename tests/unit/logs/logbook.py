"""What the tests of the logs share: histories to write, and ways to read everything back."""

import os
import tempfile

from hypothesis import settings
from hypothesis import strategies as st

from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader

KEEP_ALL = 1 << 30

#: For properties that write many files for each example.
few = settings(max_examples=40)

#: What ranks write: mostly lines, sometimes binary garbage, progress bars, half a character.
data = st.one_of(
    st.lists(st.sampled_from([b"loss 0.1\n", b"\n", b"tail", b"\r 10%", "é".encode()[:1]])).map(
        b"".join
    ),
    st.binary(max_size=300),
)
#: (rank, whether a new generation begins, seconds since the last block, data)
blocks = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from([0, 0.01, 0.2]), data), max_size=40
)


def scratch():
    """A folder for one example, in memory where there is a place for that."""
    memory = "/dev/shm"
    return tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)


def write(writer, history, start=1000.0):
    """Append a history; gives the bytes of each rank, and of each generation of each rank."""
    streams, lives, generation, now = {}, {}, 1, start
    for rank, again, later, block in history:
        generation, now = generation + again, now + later
        writer.append(rank, generation, block, now)
        streams[rank] = streams.get(rank, b"") + block
        lives.setdefault(rank, {}).setdefault(generation, []).append(block)
    return streams, {
        rank: [b"".join(parts) for parts in own.values()] for rank, own in lives.items()
    }


def segments(folder, rank, suffix=".log"):
    """The paths of a rank's files, oldest first."""
    return sorted(
        os.path.join(folder, name)
        for name in os.listdir(folder)
        if name.startswith(f"rank-{rank}.") and name.endswith(suffix)
    )


def cat(folder, rank):
    """What `cat rank-R.*.log` prints."""
    parts = []
    for path in segments(folder, rank):
        with open(path, "rb") as file:
            parts.append(file.read())
    return b"".join(parts)


def chunks(reader, rank, offset=0, limit=64 * 1024, final=False):
    """Every chunk from an offset to the end."""
    found = []
    while True:
        chunk = reader.read(rank, offset, limit, final)
        if not chunk.data:
            return found
        assert chunk.next == chunk.offset + len(chunk.data)
        found.append(chunk)
        offset = chunk.next


def text(found):
    return b"".join(chunk.data for chunk in found)


def merged(folder, final=True, **options):
    """(rank, chunk) in the merged order of one folder."""
    reader = LogReader(folder)
    cursors = [Cursor(reader, rank) for rank in reader.ranks()]
    return [(cursor.rank, chunk) for cursor, chunk in merge(cursors, final=final, **options)]
