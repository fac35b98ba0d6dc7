"""The page at `/` for people, made from what `GET /api` says (see `rankzero.serving.types`).

The server sends the same files for every predictor; what is particular to one the page asks for
itself, as data. So nothing that comes from a predictor is ever put into HTML: there is no template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.serving.page import assets

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

#: What the browser holds the page to: scripts, styles and questions from and to this server only,
#: no script in the document, no HTML made from text. Pictures and sounds may be within an answer.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_GUARDS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
#: A year: an address never means another content.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}


def routes() -> list[BaseRoute]:
    """What the application adds to its own routes. They are open also where a token is asked for:
    a page has to be there before it can ask for one."""
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    page = assets.read()
    tag = f'"{page.version}"'

    async def document(request: Request) -> Response:
        headers = {**_GUARDS, **_ASK_AGAIN, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(page.document, media_type="text/html; charset=utf-8", headers=headers)

    async def asset(request: Request) -> Response:
        kept = request.url.path.startswith(f"/page/{page.version}/")
        found = page.named.get(request.url.path.rpartition("/")[2])
        if found is None:
            return PlainTextResponse("The page has no such file.", 404, headers=_GUARDS)
        headers = {**_GUARDS, **(_FOREVER if kept else _ASK_AGAIN)}
        return Response(found.content, media_type=found.media, headers=headers)

    return [
        Route("/", document),
        Route("/upload", document),
        # Each by its whole path: the application opens paths, not patterns, to who has no token.
        *(Route(f"/page/{page.version}/{name}", asset) for name in page.named),
        # While a server is replaced, the old one's page may ask the new one: that is better served
        # with what there is than with nothing, and must not be remembered as what it was.
        Route("/page/{version}/{name}", asset),
    ]
