"""A folder far away brought here: whole files, checked, going on where a cut connection left off.

The other side is `agent.outputs`, and `agent.fetch` is ours; the way there is whatever the caller
dials.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from rankzero.agent.fetch import Absent, Changed, Fetch, Unwritable
from rankzero.agent.fetch import Names as Names
from rankzero.agent.fetch import Refused as Denied
from rankzero.agent.worded import in_words
from rankzero.backends.base import Fetching
from rankzero.backends.viewer import Lost, Stream
from rankzero.errors import Refused

#: How often in a row a connection may be lost before a single byte has come.
TRIES = 5


class NoFolder(Refused):
    """There is no such folder on the other side."""


class CutOff(Refused):
    """The other side is gone for good, as far as one can see from here."""


def fetch(
    dial: Callable[[], Stream],
    to: Path,
    node: str = "",
    names: Names | None = None,
    skipped: list[str] | None = None,
) -> Iterator[Fetching]:
    """Copy everything to a folder here; tells how far it has come. What is there already with the
    same size and time is not fetched again. node: whose folder it is. skipped: gets the names of
    what the other side does not give.

    Errors: Refused, where this disk says no; CutOff; what has come stays, and the next call goes on
    from there. NoFolder where there is none.
    """
    fetched, tries, names = 0, 0, names or Names()
    while tries < TRIES:
        try:
            with contextlib.closing(dial()) as stream:
                work = Fetch(stream, str(to), node, names)
                for told in work.items():
                    tries = 0 if told.done > fetched else tries
                    fetched = max(fetched, told.done)
                    yield Fetching(told.done, told.total, told.files)
            if skipped is not None:
                skipped += work.skipped
            return
        except Absent as absent:
            raise NoFolder(f"{absent}.") from absent
        except Denied as denied:
            raise Refused(f"{denied}") from denied
        except Lost as lost:
            tries, why = tries + 1, str(lost)
        except Changed as changed:
            tries, why = tries + 1, f"{changed} changes while it is fetched"
        except (OSError, Unwritable) as error:
            raise Refused(f"cannot write to {to}: {in_words(error)}") from error
    raise CutOff(f"cannot bring all of it to {to}: {why}", "What has come so far is there.")
