"""What a LimitRange gives containers that do not say it, and what it allows."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rankzero.backends.kubernetes.preflight.amounts import Amounts, asked, whole
from rankzero.backends.kubernetes.preflight.model import (
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
from rankzero.plan.kubernetes.rights import Right

NAME = "limits"

_ASK = "ask for another amount, or an administrator for another LimitRange"


def ranges(namespace: str) -> Question:
    right = Right("list", "", "limitranges")
    return Question(f"/api/v1/namespaces/{namespace}/limitranges", right)


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    yield ranges(request.namespace)


def judge(request: Request, answers: Answers) -> Verdict:
    question = ranges(request.namespace)
    answer = answers[question]
    if not answer.ok:
        return Verdict(unchecked=(why_not(answer, question.right),))
    refusals = [
        Refusal(f"{name} allows {said}, and a pod of {pods.role} {has}", _ASK)
        for pods in completed(request, answers)
        for name, limit in _limits(answer.items)
        for said, has in _beyond(pods, limit)
    ]
    said = "no LimitRange" if not answer.items else "within every LimitRange"
    return Verdict(tuple(dict.fromkeys(refusals)), said=said)


def completed(request: Request, answers: Answers) -> tuple[Pods, ...]:
    """The pods as they will be: with what LimitRanges give them."""
    answer = answers[ranges(request.namespace)]
    given = [limit for _, limit in _limits(answer.items) if limit.get("type") == "Container"]
    return tuple(pods._replace(template=_filled(pods.template, given)) for pods in request.pods)


def _filled(template: Object, given: list[Object]) -> Object:
    spec = dict(template["spec"])
    for key in ("initContainers", "containers"):
        if key in spec:
            spec[key] = [_with_defaults(container, given) for container in spec[key]]
    return {**template, "spec": spec}


def _with_defaults(container: Object, given: list[Object]) -> Object:
    """What is asked for stays; a limit alone is also what is requested."""
    resources = container.get("resources") or {}
    limits = dict(resources.get("limits") or {})
    requests = {**limits, **(resources.get("requests") or {})}
    for limit in given:
        requests = {**(limit.get("defaultRequest") or {}), **requests}
        limits = {**(limit.get("default") or {}), **limits}
    return {**container, "resources": {"requests": {**limits, **requests}, "limits": limits}}


def _limits(items: list[Object]) -> Iterator[tuple[str, Object]]:
    for one in items:
        for limit in one["spec"].get("limits") or ():
            yield f'LimitRange "{one["metadata"]["name"]}"', limit


def _beyond(pods: Pods, limit: Object) -> Iterator[tuple[str, str]]:
    """(what is allowed, what is asked for instead) of each thing that is not."""
    if limit.get("type") == "Pod":
        yield from _outside(limit, whole(pods.spec, 0), whole(pods.spec, 1), "a pod")
    elif limit.get("type") == "Container":
        for container in pods.containers:
            yield from _outside(limit, *asked(container), "a container")


def _outside(
    limit: Object, requests: Amounts, limits: Amounts, each: str
) -> Iterator[tuple[str, str]]:
    for resource, least in amounts(limit.get("min")).items():
        yield from _too_little(resource, least, requests.get(resource), each)
    for resource, most in amounts(limit.get("max")).items():
        has = limits.get(resource, requests.get(resource))
        yield from _too_much(resource, most, has, each)
    for resource, ratio in amounts(limit.get("maxLimitRequestRatio")).items():
        request, top = requests.get(resource), limits.get(resource)
        if request and top and top / request > ratio:
            said = f"a {resource} limit of at most {float(ratio):g} times the request"
            yield said, f"has one of {float(top / request):g} times"


def _too_little(
    resource: str, least: Fraction, has: Fraction | None, each: str
) -> Iterator[tuple[str, str]]:
    said = f"{each} no less than {shown(resource, least)}"
    if has is None:
        yield said, f"asks for no {resource}"
    elif has < least:
        yield said, f"asks for {shown(resource, has)}"


def _too_much(
    resource: str, most: Fraction, has: Fraction | None, each: str
) -> Iterator[tuple[str, str]]:
    said = f"{each} at most {shown(resource, most)}"
    if has is None:
        yield said, f"has no {resource} limit"
    elif has > most:
        yield said, f"asks for {shown(resource, has)}"
