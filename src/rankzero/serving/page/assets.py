"""The page's files, read once, also from a zip archive. None depends on a predictor."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import NamedTuple

_MEDIA = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_DOCUMENT = "index.html"


class Asset(NamedTuple):
    """A file of the page. media: its type, as it is served."""

    content: bytes
    media: str


class Assets(NamedTuple):
    """All of them. version: changes with any of them, and is a part of their addresses, so that a
    browser may keep them and never mixes two releases. document: the page itself."""

    version: str
    document: bytes
    named: dict[str, Asset]


def read() -> Assets:
    """From beside this module."""
    folder = files(__package__).joinpath("static")
    contents = {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}
    seen = hashlib.sha256()
    for name in sorted(contents):
        seen.update(b"%s\0%d\0%s" % (name.encode(), len(contents[name]), contents[name]))
    version = seen.hexdigest()[:16]
    document = contents.pop(_DOCUMENT).decode()
    named = {
        name: Asset(content, _MEDIA[name.rpartition(".")[2]]) for name, content in contents.items()
    }
    filled = document.replace("{preloads}", _preloads(named)).replace("{version}", version)
    return Assets(version, filled.encode(), named)


def _preloads(named: dict[str, Asset]) -> str:
    """Modules find each other one after the other, unless a browser knows all from the start."""
    modules = sorted(name for name in named if name.endswith(".js"))
    line = '<link rel="modulepreload" href="page/{version}/%s">'
    return "\n".join(line % name for name in modules)
