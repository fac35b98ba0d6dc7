"""The page at `/` for people, made from what `GET /api` says (see `rankzero.serving.types`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


def routes() -> list[BaseRoute]:
    """What the application adds to its own routes. They are open also where a token is asked for:
    a page has to be there before it can ask for one."""
    return []
