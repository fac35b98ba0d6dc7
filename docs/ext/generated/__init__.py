"""Pages made from the code itself, so that no second text can differ from it.

A page holds a line `<!-- generated: NAME -->` or `<!-- generated: NAME ARGUMENT -->`; before Sphinx
reads the page, the line becomes the Markdown that `PARTS[NAME]` returns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .commands import commands
from .fields import fields
from .names import names

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: What a page may ask for.
PARTS: dict[str, Callable[..., str]] = {"commands": commands, "fields": fields, "names": names}

_MARK = re.compile(r"^<!-- generated: (\w+) ?(\w*) -->$", re.MULTILINE)


def fill(source: str) -> str:
    """A page with its marks replaced. Errors: KeyError for a name that is not in `PARTS`."""
    return _MARK.sub(lambda mark: PARTS[mark[1]](*mark[2].split()), source)


def _on_read(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = fill(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("source-read", _on_read)
    return {"parallel_read_safe": True}
