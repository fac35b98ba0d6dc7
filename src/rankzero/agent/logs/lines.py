"""Finding lines in a file, from its front and from its back."""

import os
from typing import Tuple

from rankzero.agent.logs.layout import MAX_LINE

_BLOCK = 64 * 1024


def whole_lines(log: int, start: int, end: int, limit: int, final: bool) -> bytes:
    """Whole lines of a file from `start` on: at most `limit` bytes, or one line."""
    data = os.pread(log, min(limit, max(end - start, 0)), start)
    if final and start + len(data) == end:
        return data
    cut = data.rfind(b"\n") + 1
    if not cut and len(data) < MAX_LINE and start + len(data) < end:
        data = os.pread(log, min(MAX_LINE, end - start), start)
        cut = data.find(b"\n") + 1
    if not cut and (len(data) >= MAX_LINE or (final and start + len(data) == end)):
        return data
    return data[:cut]


def last_lines(log: int, end: int, lines: int) -> Tuple[int, int]:
    """Where the last `lines` lines of a file begin, and how many they are if it has fewer."""
    found = 0
    stop = end - 1  # the last byte ends the last line, newline or not
    while stop > 0:
        start = max(stop - _BLOCK, 0)
        block = os.pread(log, stop - start, start)
        count = block.count(b"\n")
        if found + count >= lines:
            position = len(block)
            for _ in range(lines - found):
                position = block.rfind(b"\n", 0, position)
            return start + position + 1, lines
        found += count
        stop = start
    return 0, found + 1
