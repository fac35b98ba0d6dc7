"""The way into a cluster: from a context of the kubeconfig to a client of its API server."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rankzero.backends.kubernetes.access import impersonation, keepalive, proof, proxy, tls

if TYPE_CHECKING:
    import httpx2

    from rankzero.backends.kubernetes.access.model import Context
    from rankzero.backends.kubernetes.access.proof import Source


class Access:
    """A context's. Clients that it makes are the caller's to close. Errors: Refused, in the user's
    words, also from a request: a proof may be asked for anew."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def shown(self) -> str:
        """What proves who the user is, in words."""
        return self._source.shown

    @property
    def way(self) -> str:
        """The server's address, and the proxy before it where there is one."""
        server = proxy.without_user(self._context.server.server)
        return f"{server} through {proxy.shown(self._proxy)}" if self._proxy else server

    def client(self, timeout: httpx2.Timeout) -> httpx2.Client:
        import httpx2

        return httpx2.Client(timeout=timeout, **self._how(httpx2.HTTPTransport))

    def async_client(self, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        """For one event loop."""
        import httpx2

        return httpx2.AsyncClient(timeout=timeout, **self._how(httpx2.AsyncHTTPTransport))

    @cached_property
    def _source(self) -> Source:
        return proof.source(self._context)

    @cached_property
    def _proxy(self) -> str | None:
        return proxy.chosen(self._context.server, os.environ)

    def _how(self, connections: Callable[..., Any]) -> dict[str, Any]:
        from rankzero import __version__
        from rankzero.backends.kubernetes.access.auth import Proving

        server = self._context.server
        trusted = tls.made(self._context)
        return {
            "base_url": server.server,
            "transport": connections(
                verify=trusted,
                proxy=self._proxy,
                socket_options=keepalive.options(),
                trust_env=False,  # what of it counts has been looked at
            ),
            "auth": Proving(self._source, trusted, server.tls_server_name),
            "headers": [
                ("User-Agent", f"rankzero/{__version__}"),
                *impersonation.headers(self._context),
            ],
            "trust_env": False,
        }
