"""Whether what pods name is there: one check a kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Object,
    Question,
    Refusal,
    Request,
    Verdict,
    why_not,
)
from rankzero.backends.kubernetes.preflight.named import PULL, Reference, references
from rankzero.plan.kubernetes.kinds import Kind
from rankzero.plan.kubernetes.rights import Right


class Presence(NamedTuple):
    """Objects of a kind that pods name. create: how to make one."""

    NAME: str
    called: str
    of: str
    kind: Kind
    create: str = ""
    namespaced: bool = True

    def ask(self, request: Request, answers: Answers) -> Iterator[Question]:
        for one in references(request, self.of):
            yield self.question(request, one)

    def judge(self, request: Request, answers: Answers) -> Verdict:
        named = references(request, self.of)
        if not named:
            return Verdict(said="none is named")
        absent: dict[str, list[Reference]] = {}
        refusals, unchecked, there = [], [], []
        for one in named:
            question = self.question(request, one)
            answer = answers[question]
            if answer.absent:
                absent.setdefault(one.name, []).append(one)
            elif not answer.ok:
                unchecked.append(f'"{one.name}" ({why_not(answer, question.right)})')
            elif one.key and one.key not in _keys(answer.body):
                refusals.append(self._without_key(one))
            else:
                there.append(f'"{one.name}"')
        refusals += [self._absent(request, some) for some in absent.values()]
        said = f"{', '.join(dict.fromkeys(there))} there" if there else ""
        return Verdict(tuple(refusals), tuple(dict.fromkeys(unchecked)), said=said)

    def question(self, request: Request, one: Reference) -> Question:
        """Of an object of which no entry is wanted, only whether it is there is asked."""
        path = self.kind.path(request.namespace if self.namespaced else "", one.name)
        right = Right("get", self.kind.group, self.kind.plural)
        return Question(path, right, metadata=not one.key)

    def _absent(self, request: Request, some: list[Reference]) -> Refusal:
        """What is named in several places is absent once."""
        one = some[0]
        inside = f" in {request.namespace}" if self.namespaced else ""
        where = ", ".join(reference.where for reference in some)
        text = f'there is no {self.called} "{one.name}"{inside} ({where})'
        create = _PULL if one.where == PULL else self.create
        keys = [reference.key or "KEY" for reference in some]
        entries = " ".join(f"--from-literal {key}=..." for key in dict.fromkeys(keys))
        names = {"name": one.name, "namespace": request.namespace, "entries": entries}
        return Refusal(text, create.format(**names))

    def _without_key(self, one: Reference) -> Refusal:
        text = f'the {self.called} "{one.name}" has no entry "{one.key}" ({one.where})'
        return Refusal(text, f"see what it has: kubectl describe {self.of.lower()} {one.name}")


def _keys(body: Object) -> set[str]:
    """What a Secret or a ConfigMap holds."""
    return {*(body.get("data") or ()), *(body.get("binaryData") or ())}


_CORE = ("", "v1")
_ENTRIES = "--namespace {namespace} {entries}"
_PULL = (
    "kubectl create secret docker-registry {name} --namespace {namespace} "
    "--docker-server=... --docker-username=... --docker-password=..."
)
SECRETS = Presence(
    "secrets",
    "secret",
    "Secret",
    Kind(*_CORE, "secrets"),
    "kubectl create secret generic {name} " + _ENTRIES,
)
CONFIG_MAPS = Presence(
    "config maps",
    "config map",
    "ConfigMap",
    Kind(*_CORE, "configmaps"),
    "kubectl create configmap {name} " + _ENTRIES,
)
ACCOUNTS = Presence(
    "service account",
    "service account",
    "ServiceAccount",
    Kind(*_CORE, "serviceaccounts"),
    "kubectl create serviceaccount {name} --namespace {namespace}",
)
PRIORITIES = Presence(
    "priority class",
    "priority class",
    "PriorityClass",
    Kind("scheduling.k8s.io", "v1", "priorityclasses"),
    "name one that is there: kubectl get priorityclasses",
    namespaced=False,
)
