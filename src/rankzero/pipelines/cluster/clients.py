"""Processes that drive pipelines on a cluster from outside, as they are named there: by a user, a
machine, and a process of it. A machine can tell of its own processes whether they are still there,
and of no others."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rankzero.agent import process
from rankzero.driver.cluster import words

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Object


class Client(NamedTuple):
    """who: `ada@laptop`. born: of the process, in ticks after its machine started; 0 where that
    cannot be known. space: in which the process has its number, as a container has one of its own.
    token: in case all else is alike."""

    who: str
    pid: int
    born: int
    space: int
    token: str

    @classmethod
    @functools.cache
    def me(cls) -> Client:
        """This process."""
        pid, who = os.getpid(), f"{_user()}@{_host()}"
        return cls(who, pid, process.born(pid) or 0, _space(), secrets.token_hex(4))

    @classmethod
    def parse(cls, name: str) -> Client:
        """Any name does: of one that was written otherwise nothing more is known."""
        try:
            who, pid, born, space, token = name.rsplit("/", 4)
            return cls(who, int(pid), int(born), int(space), token)
        except ValueError:
            return cls(name, 0, 0, 0, "")

    def __str__(self) -> str:
        return f"{self.who}/{self.pid}/{self.born}/{self.space}/{self.token}"

    @property
    def here(self) -> bool | None:
        """Whether it is a process of this machine: False where it was one, and has ended; None
        where it cannot be seen from here."""
        host = self.who.rpartition("@")[2]
        if not self.born or (host, self.space) != (_host(), _space()):
            return None
        return process.born(self.pid) == self.born


def drives(job: Object) -> Client | None:
    """Of a pipeline's first Job: the client that drives it, as far as can be known; None where
    none does, or a pod of the cluster is to."""
    name = job["metadata"].get("annotations", {}).get(words.CLIENT)
    found = Client.parse(name) if name else None
    return None if found is None or found.here is False else found


def wanted(job: Object) -> bool:
    """Whether it takes a client to drive it."""
    return words.CLIENT in job["metadata"].get("annotations", {})


def _host() -> str:
    return socket.gethostname() or "localhost"


def _space() -> int:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _user() -> str:
    with contextlib.suppress(KeyError, OSError, ImportError):  # a user of no name
        return getpass.getuser()
    return str(os.getuid())
