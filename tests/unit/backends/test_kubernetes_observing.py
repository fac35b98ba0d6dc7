"""What a run's watches do when the API server says what a real one cannot be made to say."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

import pytest

from rankzero.backends.kubernetes import observing, trouble
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.observing import Observed
from support.waiting import until


class Server:
    """A double of a cluster's watches: lists are empty, and each watch ends with the next error.
    With none left a watch goes on for ever. lists: how often pods were listed."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.lists = list(errors), 0

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[None]:
        yield

    async def ask(self, _client: object, kind: str, *_: object) -> Object:
        self.lists += kind == "Pod"
        return {"metadata": {"resourceVersion": "1"}, "items": []}

    async def follow(self, _client: object, kind: str, *_: object) -> AsyncGenerator[Any, None]:
        import asyncio

        if kind != "Pod" or not self.errors:
            await asyncio.Event().wait()
        raise self.errors.pop(0)
        yield


def observed(server: Server) -> Observed:
    return Observed(cast(Cluster, server), "any-0000")


def wait_long(live: Observed) -> None:
    """Fails the test by its time where nothing ever comes."""
    while True:
        live.wait(live.version)


def test_an_error_that_nobody_foresaw_reaches_whoever_waits() -> None:
    with pytest.raises(ValueError), observed(Server(ValueError("no such thing"))) as live:
        wait_long(live)


def test_one_who_may_list_and_not_watch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "STARTING", 0.0)
    errors = [trouble.Forbidden("may not watch") for _ in range(3)]
    with pytest.raises(trouble.Forbidden), observed(Server(*errors)) as live:
        wait_long(live)


def test_what_is_too_old_is_listed_anew_and_a_silent_server_asked_again() -> None:
    server = Server(trouble.Gone("too old"), trouble.Unreachable("busy"), trouble.Gone("again"))
    with observed(server) as live:
        until(lambda: server.lists == 4, "the pods to be listed four times")
        until(lambda: live.silent_since is None, "the server to have answered")
        assert str(live.trouble) == "busy"
