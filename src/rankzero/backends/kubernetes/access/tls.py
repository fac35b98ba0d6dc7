"""Whom to believe that it is the API server, and the certificate that is shown to it."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import Context, Server, User


def made(context: Context) -> ssl.SSLContext:
    """What the kubeconfig says, else what this machine trusts. Errors: Refused."""
    server, user = context.server, context.user
    tls = _trusting(context.name, server)
    if user.client_certificate_data or user.client_certificate:
        what = user.client_certificate or "client-certificate-data"
        try:
            show(tls, *_pair(user))
        except (OSError, ValueError) as error:
            raise _refused(context.name, f"the client certificate ({what})", error) from error
    _speak_http(tls)
    return tls


def show(tls: ssl.SSLContext, certificate: str, key: str) -> None:
    """The certificate of all connections from now on. Both as PEM. Errors: OSError, ValueError."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
        file.write(f"{certificate.strip()}\n{key.strip()}\n")
        file.flush()
        # Without a password to ask for, a key that has one fails, and does not wait for a terminal.
        tls.load_cert_chain(file.name, password="")


def authority_data(context: Context) -> str:
    """The certificate authority in base64, or nothing. Errors: Refused."""
    server = context.server
    if server.certificate_authority_data or not server.certificate_authority:
        return server.certificate_authority_data
    try:
        return base64.b64encode(Path(server.certificate_authority).read_bytes()).decode()
    except OSError as error:
        what = f"the certificate authority ({server.certificate_authority})"
        raise _refused(context.name, what, error) from error


def _speak_http(tls: ssl.SSLContext) -> None:
    """Name the protocol once. The client names it anew for each connection, and OpenSSL then frees
    the name that another thread's handshake may just be reading: what that one sends is damaged,
    and the API server answers "decode error"."""
    tls.set_alpn_protocols(["http/1.1"])
    tls.set_alpn_protocols = _named_already  # type: ignore[method-assign]


def _named_already(alpn_protocols: Iterable[str]) -> None:
    pass


def _trusting(name: str, server: Server) -> ssl.SSLContext:
    import httpx2

    file, data = server.certificate_authority, server.certificate_authority_data
    if server.insecure_skip_tls_verify:
        if file or data:
            raise Refused(
                f"{name} is to be trusted by its certificate-authority and, by "
                "insecure-skip-tls-verify, without it.",
                "Take one of them out of the kubeconfig.",
            )
        return httpx2.create_ssl_context(verify=False)
    if not file and not data:
        return httpx2.create_ssl_context()
    # Not ssl's default context, which since Python 3.13 wants more of an authority than clusters'
    # own have, and which trusts all public ones where nothing is given.
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        pem = _decoded(data) if data else Path(file).read_text(encoding="ascii")
        tls.load_verify_locations(cadata=pem)
    except (OSError, ValueError) as error:
        what = "certificate-authority-data" if data else file
        raise _refused(name, f"the certificate authority ({what})", error) from error
    return tls


def _pair(user: User) -> tuple[str, str]:
    """Of data and a file, the data counts."""
    return (
        _text(user.client_certificate_data, user.client_certificate),
        _text(user.client_key_data, user.client_key),
    )


def _text(data: str, file: str) -> str:
    if data:
        return _decoded(data)
    return Path(file).read_text(encoding="ascii") if file else ""


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode("ascii")


def _refused(name: str, what: str, error: Exception) -> Refused:
    why = error.strerror if isinstance(error, OSError) else None
    if isinstance(error, ssl.SSLError):
        why = error.reason or "it is no certificate with its key"
    return Refused(
        f"cannot prove who you are to {name}: {what} in the kubeconfig cannot be used: "
        f"{why or 'it is not what it should be'}",
        "See: kubectl config view",
    )
