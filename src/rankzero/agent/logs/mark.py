"""Marking lines with the rank that wrote them."""

from typing import Iterable, Iterator, List, Tuple

#: Bytes that `marked` gives at once, about; see `merge.CHUNK` for why no more.
_BLOCK = 64 * 1024


def mark(data: bytes, prefix: bytes) -> bytes:
    """Each line of a chunk with `prefix` before it, and a newline at the end.

    For whole lines, as readers give them: a piece without its newline gets one, so that no line
    of another rank joins it. After a carriage return, too, comes the prefix: a progress bar that
    starts its line again keeps its mark.
    """
    if not data:
        return b""
    if not data.endswith(b"\n"):
        data += b"\n"
    if b"\r" in data:
        data = data.replace(b"\r", b"\r" + prefix).replace(b"\r" + prefix + b"\n", b"\r\n")
    # The prefix after the last newline moves to the front; a view spares a copy of the rest.
    marked = data.replace(b"\n", b"\n" + prefix)
    return b"".join((prefix, memoryview(marked)[: len(marked) - len(prefix)]))


def marked(chunks: Iterable[Tuple[bytes, bytes]]) -> Iterator[bytes]:
    """(data, prefix) after (data, prefix), marked and gathered into blocks worth a write each.
    Nothing is held back at the end, so whoever follows makes a new call for what comes next."""
    parts: List[bytes] = []
    size = 0
    for data, prefix in chunks:
        parts.append(mark(data, prefix))
        size += len(data)
        if size >= _BLOCK:
            yield parts[0] if len(parts) == 1 else b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)
