"""Whether a ResourceQuota leaves room for the run.

Pods wait for others to end: what is beyond the whole quota never comes, what is only in use now
does. Other objects do not wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from rankzero.backends.kubernetes.preflight import claims, dry_run, limits
from rankzero.backends.kubernetes.preflight.amounts import Amounts, asked, plus, times, whole
from rankzero.backends.kubernetes.preflight.model import (
    Answer,
    Answers,
    Object,
    Pods,
    Question,
    Refusal,
    Request,
    Verdict,
    why_not,
)
from rankzero.backends.kubernetes.preflight.quantities import amounts, shown
from rankzero.backends.kubernetes.preflight.scopes import in_scope, scoped
from rankzero.plan.kubernetes.kinds import KINDS
from rankzero.plan.kubernetes.rights import Right

NAME = "quota"

#: What a quota may ask every container to say.
_COMPUTE = {
    f"{prefix}{name}": (at, name)
    for prefix, at in (("", 0), ("requests.", 0), ("limits.", 1))
    for name in ("cpu", "memory")
}
_MORE = "ask an administrator for a larger quota"
_EXCEEDED = re.compile(r"exceeded quota: (\S+), requested: (.*), used: (.*), limited: (.*)")


def quotas(namespace: str) -> Question:
    right = Right("list", "", "resourcequotas")
    return Question(f"/api/v1/namespaces/{namespace}/resourcequotas", right)


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    yield quotas(request.namespace)
    yield from limits.ask(request, answers)
    yield from dry_run.ask(request, answers)


def judge(request: Request, answers: Answers) -> Verdict:
    question = quotas(request.namespace)
    answer = answers[question]
    if not answer.ok:
        refusals, notes = _as_pods_would_be_told(request, answers)
        return Verdict(refusals, (why_not(answer, question.right),), notes)
    pods = limits.completed(request, answers)
    request = claims.without_those_there(request, answers)
    verdicts = [_of_one(quota, request, pods) for quota in answer.items]
    refusals = tuple(one for verdict in verdicts for one in verdict.refusals)
    notes = tuple(one for verdict in verdicts for one in verdict.notes)
    return Verdict(refusals, (), notes, "room in every quota" if answer.items else "no quota")


def _of_one(quota: Object, request: Request, pods: tuple[Pods, ...]) -> Verdict:
    name = quota["metadata"]["name"]
    mine = [one for one in pods if in_scope(quota["spec"], one.spec)]
    hard = amounts(quota["spec"].get("hard"))
    used = amounts(quota.get("status", {}).get("used"))
    things = {} if scoped(quota["spec"]) else _things(request)
    least, all_of_them = _of_pods(mine, least=True), _of_pods(mine)
    refusals = [
        Refusal(f'quota "{name}" asks every container for its {silent}', _say(silent))
        for silent in _unsaid(hard, mine)
    ]
    notes = []
    for resource, most in hard.items():
        free = most - used.get(resource, Fraction(0))
        if things.get(resource, 0) > free:
            refusals.append(_no_room(name, resource, things[resource], most, free))
        elif least.get(resource, 0) > most:
            text = f'quota "{name}" is {shown(resource, most)}, and the run takes '
            text += shown(resource, least[resource])
            refusals.append(Refusal(text, f"ask for less (fewer nodes), or {_MORE[4:]}"))
        elif all_of_them.get(resource, 0) > free:
            notes.append(_must_wait(name, resource, all_of_them[resource], most, free))
    return Verdict(tuple(refusals), notes=tuple(notes))


def _no_room(name: str, resource: str, asks: Fraction, most: Fraction, free: Fraction) -> Refusal:
    return Refusal(
        f'quota "{name}" has {shown(resource, max(free, Fraction(0)))} of '
        f"{shown(resource, most)} left, and the run creates {shown(resource, asks)}",
        f"delete runs that have ended (rankzero list), or {_MORE}",
    )


def _must_wait(name: str, resource: str, asks: Fraction, most: Fraction, free: Fraction) -> str:
    left = shown(resource, max(free, Fraction(0))).partition(" ")[0]
    return (
        f'quota "{name}": {left} of {shown(resource, most)} left now, and all nodes take '
        f"{shown(resource, asks).partition(' ')[0]}; some will wait"
    )


def _of_pods(mine: list[Pods], *, least: bool = False) -> Amounts:
    """What a quota counts of all pods, under every name that it may have."""
    total: Amounts = {}
    for pods in mine:
        count = pods.least if least else pods.most
        requests, tops = whole(pods.spec, 0), whole(pods.spec, 1)
        counted = {"pods": Fraction(1), "count/pods": Fraction(1)}
        for name in ("cpu", "memory", "ephemeral-storage"):
            if name in requests:
                counted[name] = requests[name]
        counted |= {f"requests.{name}": value for name, value in requests.items()}
        counted |= {name: value for name, value in requests.items() if "hugepages-" in name}
        counted |= {f"limits.{name}": value for name, value in tops.items()}
        total = plus(total, times(counted, count))
    return total


def _things(request: Request) -> Amounts:
    """The other objects, under the names that a quota may count them by."""
    total: Amounts = {}
    for made in request.objects:
        kind = KINDS[made["kind"]]
        long = f"count/{kind.plural}" + (f".{kind.group}" if kind.group else "")
        counted = {long: Fraction(1), **({} if kind.group else {kind.plural: Fraction(1)})}
        if made["kind"] == "PersistentVolumeClaim":
            counted |= _storage(made["spec"])
        total = plus(total, counted)
    return total


def _storage(spec: Object) -> Amounts:
    size = amounts(spec.get("resources", {}).get("requests")).get("storage", Fraction(0))
    by_class = f"{spec.get('storageClassName')}.storageclass.storage.k8s.io/"
    return {
        "requests.storage": size,
        f"{by_class}requests.storage": size,
        f"{by_class}persistentvolumeclaims": Fraction(1),
    }


def _unsaid(hard: Amounts, mine: list[Pods]) -> Iterator[str]:
    """What a quota of processors or memory wants said, and some container does not say."""
    for resource in hard:
        at, name = _COMPUTE.get(resource, (0, ""))
        containers = [one for pods in mine for one in pods.containers]
        if name and any(name not in asked(one)[at] for one in containers):
            yield f"{name} {('request', 'limit')[at]}"


def _say(silent: str) -> str:
    name, _, what = silent.partition(" ")
    if name == "cpu" and what == "limit":
        return "ask an administrator for a LimitRange that gives a default"
    return f"say it: --{name} AMOUNT"


def _as_pods_would_be_told(
    request: Request, answers: Answers
) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
    """Who may not read quotas, but create pods, learns it from the dry run of one."""
    refusals, notes = [], []
    for pods in request.pods:
        answer = answers[dry_run.of_a_pod(request, pods)]
        if "failed quota" in answer.message or _never(answer):
            refusals.append(Refusal(f"a pod of {pods.role}: {answer.message}", _MORE))
        elif "exceeded quota" in answer.message:
            notes.append(f"a pod of {pods.role} will wait: {answer.message}")
    return tuple(refusals), tuple(notes)


def _never(answer: Answer) -> bool:
    """Whether one pod is more than the whole quota."""
    found = _EXCEEDED.search(answer.message)
    if found is None:
        return False
    requested, limited = (
        amounts(dict(part.split("=", 1) for part in words.split(",")))
        for words in (found[2], found[4])
    )
    return any(value > limited.get(name, value) for name, value in requested.items())
