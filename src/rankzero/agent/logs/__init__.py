"""A node's logs: what its ranks printed, kept in segments within a bound, read while written."""

from rankzero.agent.logs.layout import INTERVAL, MAX_LINE
from rankzero.agent.logs.mark import mark, marked
from rankzero.agent.logs.merge import CHUNK, Cursor, Source, merge
from rankzero.agent.logs.reader import Chunk, LogReader, Window
from rankzero.agent.logs.segment import WriteError
from rankzero.agent.logs.writer import Dropped, LogWriter

__all__ = [
    "CHUNK",
    "INTERVAL",
    "MAX_LINE",
    "Chunk",
    "Cursor",
    "Dropped",
    "LogReader",
    "LogWriter",
    "Source",
    "Window",
    "WriteError",
    "mark",
    "marked",
    "merge",
]
