"""The TLS context that all of a command's threads share."""

from __future__ import annotations

import ssl

import pytest

from rankzero.backends.kubernetes.access import tls
from support.kubeconfigs import context


@pytest.mark.parametrize("insecure", [False, True])
def test_the_protocol_is_named_once_and_not_anew_for_each_connection(insecure: bool) -> None:
    """Else a handshake in another thread reads what OpenSSL has just freed."""
    made = tls.made(context(insecure_skip_tls_verify=insecure))

    made.set_alpn_protocols(["other/9"])

    hello = _hello(made)
    assert b"http/1.1" in hello
    assert b"other/9" not in hello


def _hello(made: ssl.SSLContext) -> bytes:
    """The first bytes of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        made.wrap_bio(incoming, outgoing, server_hostname="lab").do_handshake()
    return outgoing.read()
