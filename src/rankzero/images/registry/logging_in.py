"""Whether a registry takes a name and a password."""

from __future__ import annotations

import re

from rankzero.errors import BadRequest
from rankzero.images import names
from rankzero.images.registry.credentials import Login
from rankzero.images.registry.reach import Reach, Trust


def check(registry: str, login: Login, trust: Trust) -> None:
    """Errors: BadRequest for what is no registry; Denied, Silent, Refused."""
    if not re.fullmatch(r"[A-Za-z0-9.\[\]:-]+", registry):
        raise BadRequest(
            f'"{registry}" is no registry.', "Write HOST or HOST:PORT, without https://"
        )
    host = names.Name(registry, "").host
    with Reach(registry, host, trust, login) as reach:
        reach.checked(reach.call("GET", "/v2/"), "log in")
