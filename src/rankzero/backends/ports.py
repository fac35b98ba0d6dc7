"""Ports of a node, wanted here: as a user names them, and as they turned out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rankzero.errors import BadRequest

_LARGEST = 65535


@dataclass(frozen=True)
class Wanted:
    """remote: its number, or its name among the role's `ports`. local: the number wanted here; 0 is
    any that is free, None the remote one's."""

    remote: str
    local: int | None = None

    @classmethod
    def read(cls, text: str) -> Wanted:
        """`8080`, `tensorboard`, `8081:8080`, or `:8080` for any here. Errors: BadRequest."""
        local, colon, remote = text.rpartition(":")
        if not remote or (remote.isdecimal() and not 0 < int(remote) <= _LARGEST):
            raise _unreadable(text)
        if not colon:
            return cls(remote)
        if local and not (local.isdecimal() and int(local) <= _LARGEST):
            raise _unreadable(text)
        return cls(remote, int(local or 0))

    def number(self, node: str, named: Mapping[str, int]) -> int:
        """The remote port. Errors: BadRequest for a name that the role has not."""
        if self.remote.isdecimal():
            return int(self.remote)
        if self.remote not in named:
            has = f" It has: {', '.join(named)}." if named else ""
            raise BadRequest(
                f'{node} has no port "{self.remote}".{has}',
                "Give its number, or name it in the job file: roles.NAME.ports",
            )
        return named[self.remote]


@dataclass(frozen=True)
class Opened:
    """A port that can be dialled here. node, port: where it leads to; name: as it was asked for.
    there: it is the node's own, on this machine."""

    node: str
    name: str
    port: int
    address: str
    local: int
    there: bool = False


def _unreadable(text: str) -> BadRequest:
    return BadRequest(
        f'"{text}" is no port; write 8080, 8081:8080 (here:there), :8080 (any here), or the name '
        "of one of the role's ports."
    )
