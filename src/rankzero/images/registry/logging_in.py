"""Whether a registry takes a name and a password."""

from __future__ import annotations

import re

from rankzero.errors import BadRequest
from rankzero.images import names
from rankzero.images.registry.credentials import Login
from rankzero.images.registry.reach import Reach, Trust


def called(registry: str) -> str:
    """As names of images call it. Errors: BadRequest for what is no registry."""
    if not re.fullmatch(r"[A-Za-z0-9.\[\]:-]+", registry):
        raise BadRequest(f'"{registry}" is no registry.', "Write HOST or HOST:PORT")
    return (
        names.parse(f"{registry}/any").registry if "." in registry or ":" in registry else registry
    )


def check(registry: str, login: Login, trust: Trust) -> bool:
    """Whether it has looked at the password: an open one takes everybody. Errors: Denied, Silent,
    Refused."""
    host = names.Name(registry, "").host
    with Reach(registry, host, trust, None) as reach:
        is_open = reach.call("GET", "/v2/").status_code == 200
    with Reach(registry, host, trust, login) as reach:
        reach.checked(reach.call("GET", "/v2/"), "log in")
    return not is_open
