"""A pipeline's ledger on this machine: SQLite in WAL mode, one row a fact."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from rankzero.agent.events import Event, from_line, to_line
from rankzero.driver import facts
from rankzero.errors import Refused

_SCHEMA = "CREATE TABLE IF NOT EXISTS facts (seq INTEGER PRIMARY KEY, fact TEXT NOT NULL)"
_SINCE = "SELECT fact FROM facts WHERE seq >= ? ORDER BY seq LIMIT ?"


class Ledger:
    """See `driver.walk.Ledger`. The one writer; any number of others `read`.

    A fact survives the death of its writer at once, and that of the machine a moment later: a
    step whose last fact the machine took along is done again.

    Errors of all: Refused where the disk says no, or what is there is no ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _told(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_SCHEMA)
            ((last,),) = self._connection.execute("SELECT ifnull(max(seq), 0) FROM facts")
        self._last = int(last)

    def since(self, seq: int = 1, most: int = -1) -> list[Event]:
        """The facts from a number on, at most so many, as events."""
        with _told(self._path):
            return _events(self._connection, seq, most)

    def read(self) -> Iterator[facts.Fact]:
        with _told(self._path):
            yield from map(facts.from_event, self.since())

    def append(self, fact: facts.Fact) -> None:
        event = facts.to_event(self._last + 1, fact)
        with _told(self._path):
            self._connection.execute("INSERT INTO facts VALUES (?, ?)", (event.seq, to_line(event)))
        self._last += 1

    def close(self) -> None:
        self._connection.close()


def read(path: Path, since: int = 1) -> list[Event]:
    """What a ledger holds from a number on, for those who do not write to it; nothing where there
    is none. Errors: Refused."""
    if not path.exists():
        return []
    with _told(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
        try:
            connection.execute("PRAGMA query_only=1")
            return _events(connection, since, -1)
        finally:
            connection.close()


def _events(connection: sqlite3.Connection, seq: int, most: int) -> list[Event]:
    """Errors: sqlite3.Error; ValueError for a row that is no fact."""
    events = []
    for (text,) in connection.execute(_SINCE, (seq, most)):
        event = from_line(text)
        if event is None:
            raise ValueError("a row of it is no fact")
        events.append(event)
    return events


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
        run = path.parent.name
        hint = (
            f"Is the disk full? Make room, and go on: rankzero pipeline resume {run}"
            if isinstance(error, sqlite3.OperationalError)
            else "What a ledger that was changed by hand held is lost."
        )
        raise Refused(f"the pipeline's ledger {path} cannot be used: {error}", hint) from error
