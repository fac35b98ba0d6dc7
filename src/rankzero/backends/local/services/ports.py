"""The port of a service on this machine: said, or chosen once and kept. Whoever runs a service
holds a claim on its port, so that no two that begin at the same time take one for theirs."""

from __future__ import annotations

from collections.abc import Collection

from rankzero.agent.ports import Claim, try_claim
from rankzero.errors import Refused

HERE = "127.0.0.1"
#: Where the search begins, as a model server's own port does.
_FIRST, _LAST = 8000, 65535


def choose(taken: Collection[int]) -> Claim:
    """The first one from 8000 on that is free. taken: those of other services, which need not run
    at present. Errors: Refused where there is none."""
    for port in range(_FIRST, _LAST + 1):
        found = None if port in taken else try_claim(port)
        if found is not None:
            return found
    raise Refused(f"no port from {_FIRST} on is free on this machine.")


def claim(name: str, port: int) -> Claim:
    """This very one. Errors: Refused where somebody else has it."""
    found = try_claim(port)
    if found is None:
        raise Refused(
            f"port {port} of this machine, which {name} is to listen on, is taken.",
            "End who listens there, or take another: --port",
        )
    return found
