"""What a check is made of: questions to the API server, their answers, and the verdict. Plain data.

A check is a module with a NAME, `ask` and `judge`, all pure; what asks is `asking`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from rankzero.plan.kubernetes.rights import Right, Rule, needed, rights

Object = Mapping[str, Any]


class Question(NamedTuple):
    """One request. right: what it takes, empty where everybody may ask. body: what is posted, as
    JSON; without one it is a GET. metadata: of the object itself nothing is wanted (a Secret's
    content stays where it is)."""

    path: str
    right: Right | None = None
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""
    metadata: bool = False


class Answer(NamedTuple):
    """What the API server said. code: the HTTP status; 403 also where nobody asked, because the
    right was known to be missing."""

    code: int
    body: Mapping[str, Any] = {}
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return 200 <= self.code < 300

    @property
    def absent(self) -> bool:
        return self.code == 404

    @property
    def items(self) -> list[Object]:
        return list(self.body.get("items") or ())

    @property
    def message(self) -> str:
        return str(self.body.get("message") or f"the API server answered {self.code}")


Answers = Mapping[Question, Answer]


class Refusal(NamedTuple):
    """Why a run would not work, and what to do. request: the request itself is wrong, wherever it
    is sent."""

    text: str
    remedy: str = ""
    request: bool = False


class Verdict(NamedTuple):
    """What a check found. unchecked: what it could not look at, and why; notes: what the user
    should know of a run that will work. said: what was seen, where nothing is wrong."""

    refusals: tuple[Refusal, ...] = ()
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    said: str = ""


class Pods(NamedTuple):
    """The equal pods of one Job. most: how many there will be; least: with how many of them the
    run can begin."""

    role: str
    most: int
    least: int
    template: Object

    @property
    def spec(self) -> Object:
        found: Object = self.template["spec"]
        return found

    @property
    def containers(self) -> list[Object]:
        """All, those that only prepare included."""
        return [*(self.spec.get("initContainers") or ()), *self.spec["containers"]]


class Request(NamedTuple):
    """What would be created. objects: as they would be sent, without what is too long to be sent
    twice. sizes: how many bytes the data of each ConfigMap has, by its name. rules: the rights that
    it takes, where it is no run."""

    namespace: str
    pods: tuple[Pods, ...]
    objects: tuple[Object, ...]
    sizes: Mapping[str, int]
    wait_for_nodes: bool = False
    rules: tuple[Rule, ...] | None = None

    @property
    def rights(self) -> tuple[Right, ...]:
        """All that it takes."""
        return rights(needed(self.objects) if self.rules is None else self.rules)

    def named(self, kind: str) -> set[str]:
        """The objects of a kind that the run brings along."""
        return {one["metadata"]["name"] for one in self.objects if one["kind"] == kind}


class Check(Protocol):
    """ask: called again with the answers until it asks nothing new."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a module's constant

    def ask(self, request: Request, answers: Answers) -> Iterable[Question]: ...

    def judge(self, request: Request, answers: Answers) -> Verdict: ...


def posted(path: str, right: Right | None, body: Object, **query: str) -> Question:
    """A question that sends something."""
    return Question(path, right, tuple(query.items()), json.dumps(body))


def why_not(answer: Answer, right: Right | None) -> str:
    """Why something could not be read: `may not list nodes`."""
    return f"may not {right}" if answer.code == 403 and right else answer.message
