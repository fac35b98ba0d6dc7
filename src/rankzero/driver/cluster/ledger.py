"""A pipeline's ledger on a cluster: ConfigMaps, a key a fact, one after the other.

Only one driver may write: the last one that has put its name to the last ConfigMap. Each fact is
added under the condition that it is still there, so that a driver which was thought dead writes
nothing any more.
"""

import contextlib
import json
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from rankzero.agent import api
from rankzero.agent.events import from_line, to_line
from rankzero.driver import facts
from rankzero.driver.cluster import words
from rankzero.driver.cluster.objects import Object, Patient

#: What one ConfigMap takes before another one is begun (bytes): each fact writes all of it again.
FULL = 48 * 1024


class Fenced(Exception):
    """Another driver has taken over."""


class Ledger:
    """See `driver.walk.Ledger`. me: names this driver, and no other one."""

    def __init__(self, objects: Patient, run: str, me: str, owner: Mapping[str, Any]) -> None:
        self._objects, self._run, self._me, self._owner = objects, run, me, owner
        self._at = self._size = self._last = 0

    def read(self) -> Iterator[facts.Fact]:
        """All facts; from here on nobody else writes. Errors: Fenced, api.Denied."""
        found = self._claimed()
        for fact in told(found):
            yield fact
        self._last = sum(len(one["data"]) - 1 for one in found)

    def append(self, fact: facts.Fact) -> None:
        """Errors: Fenced, api.Denied. An API server that does not answer is waited for."""
        line = to_line(facts.to_event(self._last + 1, fact))
        if self._size and self._size + len(line) > FULL:
            self._turn_over()
        add = {"op": "add", "path": "/data/" + key(self._last + 1), "value": line}
        self._amend(add)
        self._size += len(line)
        self._last += 1

    def check(self) -> None:
        """Errors: Fenced where another driver has taken over."""
        self._amend()

    # -- inside

    def _claimed(self) -> List[Object]:
        """The ConfigMaps in order, the last one ours."""
        selector = "%s=%s,%s=%s" % (words.PIPELINE, self._run, words.PART, words.LEDGER)
        found, _ = self._objects.every("ConfigMap", selector)
        ordered = sorted(found, key=number)
        if not ordered:
            self._begin(0)
            return self._claimed()
        self._at = number(ordered[-1])
        claim = {"metadata": {"annotations": {words.WRITER: self._me}}}
        last = self._objects.change("ConfigMap", self._name, claim)
        if words.FULL in last["metadata"]["annotations"]:
            self._begin(self._at + 1)
            return self._claimed()
        self._size = sum(map(len, last["data"].values()))
        return [*ordered[:-1], last]

    def _turn_over(self) -> None:
        note = "/metadata/annotations/" + words.FULL.replace("/", "~1")
        self._amend({"op": "add", "path": note, "value": "yes"})
        self._begin(self._at + 1)
        self._at, self._size = self._at + 1, 0

    def _begin(self, at: int) -> None:
        """Where another driver was faster, it is ours all the same once we claim it."""
        made = config_map(self._run, at, self._me, self._owner)
        with contextlib.suppress(api.Taken):
            self._objects.create(made)

    def _amend(self, *steps: Mapping[str, Any]) -> None:
        """What is asked for twice is there once."""
        path = "/metadata/annotations/" + words.WRITER.replace("/", "~1")
        test = {"op": "test", "path": path, "value": self._me}
        try:
            self._objects.amend("ConfigMap", self._name, [test, *steps])
        except (api.Invalid, api.Absent) as error:
            raise Fenced(str(error)) from error

    @property
    def _name(self) -> str:
        return words.ledger(self._run, self._at)


def key(seq: int) -> str:
    return "%08d" % seq


def config_map(run: str, at: int, writer: str, owner: Mapping[str, Any]) -> Dict[str, Any]:
    """One with no facts. owner: the reference to what takes it along when it goes."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": words.ledger(run, at),
            "labels": {words.PIPELINE: run, words.PART: words.LEDGER},
            "annotations": {words.WRITER: writer},
            "ownerReferences": [dict(owner)],
        },
        "data": {words.ABOUT: json.dumps({"run": run, "at": at})},
    }


def number(config_map: Object) -> int:
    """Which of a ledger's it is, from 0."""
    return int(json.loads(config_map["data"][words.ABOUT])["at"])


def lines(found: List[Object]) -> Iterator[Tuple[int, str]]:
    """(number, line) of each fact, in order."""
    every = [pair for one in found for pair in one["data"].items() if pair[0] != words.ABOUT]
    return ((int(name), line) for name, line in sorted(every))


def told(found: List[Object]) -> Iterator[facts.Fact]:
    for _, line in lines(found):
        event = from_line(line)
        if event is not None:
            yield facts.from_event(event)
