"""What is left of a run that could not be submitted whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from rankzero.backends.kubernetes import submitting
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.trouble import Forbidden, Taken, Unreachable
from rankzero.errors import Refused
from unit.plan.test_plan_kubernetes import CASES, plan

PLAN = plan(*CASES["heals-itself"])
FIRST = PLAN.manifests[0]["metadata"]["name"]


class Server:
    """A double of a cluster that takes so many objects, and then raises an error: answers that are
    lost on the way cannot be had otherwise. there: what it has of the run."""

    def __init__(self, takes: int, error: BaseException, *, made: bool = False) -> None:
        """made: it has made the object all the same."""
        self._takes, self._error, self._made = takes, error, made
        self.there: set[str] = set()
        self.deletes = True

    def create(self, one: Mapping[str, Any]) -> dict[str, Any]:
        name = str(one["metadata"]["name"])
        if self._takes == 0:
            self.there |= {name} if self._made else set()
            raise self._error
        self._takes -= 1
        self.there.add(name)
        return {**one, "metadata": {**one["metadata"], "uid": "1"}}

    def delete(self, kind: str, name: str) -> None:
        assert (kind, name) == ("Job", FIRST)
        if not self.deletes:
            raise Unreachable("away")
        self.there.clear()  # it owns all the rest


def submit(server: Server) -> None:
    submitting.submit(cast(Cluster, server), PLAN)


@pytest.mark.parametrize("takes", range(4))
@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("error", [Unreachable("no answer"), KeyboardInterrupt()])
def test_nothing_is_left_whether_the_last_one_was_made_or_not(
    takes: int, made: bool, error: BaseException
) -> None:
    server = Server(takes, error, made=made)
    with pytest.raises(type(error)):
        submit(server)
    assert server.there == set()


@pytest.mark.parametrize("error", [Taken("another one's"), Forbidden("may not")])
def test_what_was_refused_in_so_many_words_is_not_deleted(error: Refused) -> None:
    server = Server(0, error)
    server.there.add("another one's")
    with pytest.raises(type(error)):
        submit(server)
    assert server.there == {"another one's"}


def test_what_cannot_be_deleted_either_is_said() -> None:
    server = Server(2, Forbidden("may not"))
    server.deletes = False
    with pytest.raises(Refused, match="may not; what there is of it could not") as raised:
        submit(server)
    assert raised.value.hint == f"rankzero delete {PLAN.run}"
