"""A cluster's objects in memory, as a driver asks for them: what races and lost answers a test
wants cannot be had of a real API server."""

from __future__ import annotations

import copy
import json
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rankzero.agent import api
from rankzero.driver.cluster.objects import GONE, Object

Key = tuple[str, str]


class Api:
    """See `driver.cluster.objects.Objects`. there: all objects, by kind and name. silent: so many
    requests more are not answered. deaf: whether watches that begin now tell nothing. denies: what
    who takes a pod from its machine is told."""

    def __init__(self) -> None:
        self.there: dict[Key, Object] = {}
        self.silent, self.deaf = 0, False
        self.denies: api.Denied | None = None
        self._version = 0
        self._lock = threading.RLock()
        self._watches: list[tuple[str, str, queue.SimpleQueue[Any]]] = []
        self._told: list[tuple[int, str, Object]] = []
        self._oldest = 0

    # -- as a driver asks

    def create(self, made: Mapping[str, Any]) -> Object:
        self._answer()
        with self._lock:
            key = made["kind"], made["metadata"]["name"]
            if key in self.there:
                raise api.Taken(f"{key} is there already")
            return self.put(made, "ADDED")

    def change(self, kind: str, name: str, change: Mapping[str, Any]) -> Object:
        self._answer()
        with self._lock:
            return self.put(_merged(self._one(kind, name), change))

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        self._answer()
        with self._lock:
            made = copy.deepcopy(self._one(kind, name))
            for step in steps:
                *way, last = (part.replace("~1", "/") for part in step["path"][1:].split("/"))
                place = made
                for part in way:
                    place = place[part]
                if step["op"] == "test" and place.get(last) != step["value"]:
                    raise api.Invalid(f"{step['path']} is {place.get(last)}")
                if step["op"] != "test":
                    place[last] = step["value"]
            return self.put(made)

    def every(self, kind: str, selector: str) -> tuple[list[Object], str]:
        self._answer()
        with self._lock:
            found = [one for one in self._of(kind) if _selected(one, selector)]
            return copy.deepcopy(found), str(self._version)

    def changes(self, kind: str, selector: str, version: str) -> Iterator[tuple[str, Object]]:
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            if int(version) < self._oldest:
                raise api.Invalid("too old")
            for at, how, one in self._told:
                if at > int(version) and one["kind"] == kind and _selected(one, selector):
                    heard.put((how, copy.deepcopy(one)))
            if self.deaf:
                heard = queue.SimpleQueue()
            self._watches.append(("" if self.deaf else kind, selector, heard))
        yield from iter(heard.get, None)

    def release(self, pod: Mapping[str, Any]) -> bool:
        self._answer()
        if self.denies is not None:
            raise self.denies
        with self._lock:
            about = pod["metadata"]
            there = self.there.get(("Pod", about["name"]))
            if there is None or there["metadata"]["uid"] != about["uid"]:
                return False
            self.take("Pod", about["name"])
            return True

    # -- as a test does

    def put(self, made: Mapping[str, Any], how: str = "MODIFIED") -> Object:
        with self._lock:
            self._version += 1
            one = copy.deepcopy(dict(made))
            about = {"uid": str(self._version), **one["metadata"]}
            one["metadata"] = {**about, "resourceVersion": str(self._version)}
            self.there[one["kind"], about["name"]] = one
            self._tell(how, one)
            return copy.deepcopy(one)

    def take(self, kind: str, name: str, *, unseen: bool = False) -> None:
        """Delete it; unseen: while nobody watches, and too long ago for a watch to tell of it."""
        with self._lock:
            self._version += 1
            if unseen:
                self.cut()
                self._oldest = self._version
            self._tell(GONE, self.there.pop((kind, name)))

    def cut(self) -> None:
        """End every watch; it may begin anew."""
        with self._lock:
            for _, _, heard in self._watches:
                heard.put(None)
            self._watches.clear()

    def names(self, kind: str) -> list[str]:
        with self._lock:
            return [one["metadata"]["name"] for one in self._of(kind)]

    def one(self, kind: str, name: str) -> Object:
        with self._lock:
            return copy.deepcopy(self.there[kind, name])

    # -- inside

    def _answer(self) -> None:
        if self.silent:
            self.silent -= 1
            raise api.Unanswered("nobody is there")

    def _one(self, kind: str, name: str) -> Object:
        if (kind, name) not in self.there:
            raise api.Absent(f"there is no {kind} {name}")
        return self.there[kind, name]

    def _of(self, kind: str) -> list[Object]:
        return [one for (of, _), one in self.there.items() if of == kind]

    def _tell(self, how: str, one: Object) -> None:
        self._told.append((self._version, how, one))
        for kind, selector, heard in self._watches:
            if kind == one["kind"] and _selected(one, selector):
                heard.put((how, copy.deepcopy(one)))


def _selected(one: Object, selector: str) -> bool:
    """`a=b`, `a` and `!a`, with commas between; of sets (`a in (b,c)`) one alone."""
    labels = one["metadata"].get("labels", {})
    name, is_set, values = selector.partition(" in ")
    if is_set:
        return labels.get(name) in values.strip("()").split(",")
    return all(_has(labels, part) for part in selector.split(",") if part)


def _has(labels: Mapping[str, str], part: str) -> bool:
    name, says, value = part.partition("=")
    if says:
        return labels.get(name) == value
    return part[1:] not in labels if part.startswith("!") else part in labels


def _merged(old: Any, change: Any) -> Any:
    """RFC 7386."""
    if not isinstance(change, Mapping):
        return change
    found = dict(old) if isinstance(old, Mapping) else {}
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _merged(found.get(key), value)
    return json.loads(json.dumps(found))
