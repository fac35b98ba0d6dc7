"""Every request shows who the user is, and shows it anew where the first proof was refused."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Generator

import httpx2

from rankzero.backends.kubernetes.access import tls
from rankzero.backends.kubernetes.access.impersonation import sendable
from rankzero.backends.kubernetes.access.proof import Proof, Source
from rankzero.errors import Refused

_UNKNOWN = 401


class Proving(httpx2.Auth):
    """tls: that of its client alone. server_name: what the server's certificate has to say, where
    that is not the name in its address. Errors: those of the source."""

    def __init__(self, source: Source, tls: ssl.SSLContext, server_name: str) -> None:
        self._source, self._tls, self._server_name = source, tls, server_name
        self._certificate = ""

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        proof = self._source.current()
        answer = yield self._with(request, proof)
        if answer.status_code == _UNKNOWN:
            other = self._source.again(proof)
            if other is not None:
                yield self._with(request, other)

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        import asyncio

        # In a thread: a plugin may wait for its user.
        proof = await asyncio.to_thread(self._source.current)
        answer = yield self._with(request, proof)
        if answer.status_code == _UNKNOWN:
            other = await asyncio.to_thread(self._source.again, proof)
            if other is not None:
                yield self._with(request, other)

    def _with(self, request: httpx2.Request, proof: Proof) -> httpx2.Request:
        if self._server_name:
            request.extensions["sni_hostname"] = self._server_name
        if proof.authorization:
            # The library's own error would quote it.
            if not sendable(proof.authorization):
                raise Refused(
                    f"cannot prove who you are: {self._source.shown} holds what no header can, "
                    "such as a line's end or an umlaut"
                )
            request.headers["Authorization"] = proof.authorization
        if proof.certificate:
            self._show(proof)
            if "Upgrade" not in request.headers:
                # A connection keeps the certificate that it began with; this one will expire.
                request.headers["Connection"] = "close"
        return request

    def _show(self, proof: Proof) -> None:
        if proof.certificate == self._certificate:
            return
        try:
            tls.show(self._tls, proof.certificate, proof.key)
        except (OSError, ValueError) as error:
            raise Refused(
                f"cannot prove who you are: {self._source.shown} is no certificate with its key"
            ) from error
        self._certificate = proof.certificate
