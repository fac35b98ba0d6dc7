"""Where a listener is, in one word."""

from typing import Tuple


def split(address: str) -> Tuple[str, int]:
    """`host:port`, where the host may be a bracketed IPv6 address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
