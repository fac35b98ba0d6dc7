"""The proxy on the way to an API server, chosen as kubectl chooses it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import Server

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_SCHEMES = ("http", "https", "socks5", "socks5h")
_OTHERS = f"also {', '.join(_SCHEMES[1:])}"


def chosen(server: Server, environ: Mapping[str, str]) -> str | None:
    """Its URL: the cluster's own, else the environment's; None where none is on the way.

    Errors: Refused for what is no proxy's URL.
    """
    if server.proxy_url:
        return _checked(server.proxy_url, "proxy-url in the kubeconfig")
    target = urlsplit(server.server)
    name = "HTTP_PROXY" if target.scheme == "http" else "HTTPS_PROXY"
    named = environ.get(name) or environ.get(name.lower())
    without = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if not named or _direct(target, without):
        return None
    return _checked(named if "://" in named else f"http://{named}", name)


def shown(proxy: str) -> str:
    """Without the password that may be in it."""
    url = urlsplit(proxy)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"


def without_user(url: str) -> str:
    """A URL without the name and the password that may be in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _checked(proxy: str, where: str) -> str:
    try:
        url = urlsplit(proxy)
        usable = url.scheme in _SCHEMES and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise Refused(f"{where} is no URL of a proxy.", f"It is like http://HOST:PORT; {_OTHERS}.")
    return proxy


def _direct(target: SplitResult, without: str) -> bool:
    """Whether the way there leads through no proxy: a loopback's, and what NO_PROXY names."""
    host = (target.hostname or "").lower().rstrip(".")
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    port = target.port or (80 if target.scheme == "http" else 443)
    return any(_names(one, host, address, port) for one in without.lower().split(","))


def _names(pattern: str, host: str, address: Address | None, port: int) -> bool:
    """Whether one of NO_PROXY's entries is about the host: `*`, an address, a network, a domain
    with all that is in it, `.domain` for those only; perhaps with `:port`."""
    pattern = pattern.strip()
    if pattern in ("", "*"):
        return pattern == "*"
    try:
        if "/" in pattern:
            return address is not None and address in ipaddress.ip_network(pattern, strict=False)
        if (alone := _address(pattern)) is not None:
            return alone == address
        named = urlsplit(f"//{pattern}")
        name, only = named.hostname or "", named.port
    except ValueError:
        return False
    if only not in (None, port):
        return False
    domain = name.removeprefix("*")
    within = host.endswith(domain if domain.startswith(".") else f".{domain}")
    return within or host == name or (address is not None and address == _address(name))


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
