"""Whether there are nodes that could ever run the pods, if nothing else ran there.

Only what is certain refuses: a role that no node could run, or of which not enough pods could run
at one time; whether several roles could share the nodes is the scheduler's to find out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight import autoscalers, limits
from rankzero.backends.kubernetes.preflight.amounts import Amounts, plus, times, whole
from rankzero.backends.kubernetes.preflight.fitting import Wanted, lacks, name, room
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
from rankzero.plan.kubernetes.rights import Right
from rankzero.why.words import count

NAME = "nodes"

_RIGHT = Right("list", "", "nodes")
#: Nodes are asked for by the page, and no further than until enough are found.
_PAGE = "500"
#: What of a pod's spec decides where it may be.
_PLACING = ("nodeName", "nodeSelector", "affinity", "tolerations")
_WAIT = "ask for less, or wait for such nodes: --wait-for-nodes"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    yield limits.ranges(request.namespace)
    pages = _pages(answers)
    known = [page for page in pages if page in answers]
    if not all(answers[page].ok for page in known):
        return
    if known and not _trouble(limits.completed(request, answers), _nodes(answers, known)):
        return
    yield from pages if len(known) < len(pages) else autoscalers.QUESTIONS


def judge(request: Request, answers: Answers) -> Verdict:
    known = [page for page in _pages(answers) if page in answers]
    for page in known:
        if not answers[page].ok:
            return Verdict(unchecked=(why_not(answers[page], _RIGHT),))
    pods, nodes = limits.completed(request, answers), _nodes(answers, known)
    found = list(dict.fromkeys(_trouble(pods, nodes)))
    if not found:
        return Verdict(said="; ".join(dict.fromkeys(_said(one, nodes) for one in pods)))
    comes = autoscalers.seen(answers, nodes)
    if comes or request.wait_for_nodes:
        why = f"{comes} may bring some" if comes else "the run waits for some"
        return Verdict(notes=tuple(f"{one}; {why}" for one in found))
    return Verdict(tuple(Refusal(one, _WAIT) for one in found))


def _pages(answers: Answers) -> list[Question]:
    """The pages that were asked for, and the next one where there is another."""
    pages = []
    more = ""
    while True:
        rest = (("continue", more),) if more else ()
        pages.append(Question("/api/v1/nodes", _RIGHT, (("limit", _PAGE), *rest)))
        answer = answers.get(pages[-1], Answer(0))
        more = answer.body.get("metadata", {}).get("continue", "")
        if not more:
            return pages


def _nodes(answers: Answers, pages: list[Question]) -> list[Object]:
    return [node for page in pages for node in answers[page].items]


def _trouble(pods: tuple[Pods, ...], nodes: list[Object]) -> list[str]:
    """What is wrong with the nodes for these pods."""
    alone = [said for one in _alike(pods) for said in _of_those(one, nodes)]
    return alone or list(_together(pods, nodes))


def _alike(pods: tuple[Pods, ...]) -> list[Pods]:
    """Pods of several Jobs that ask for the same as one: they share the nodes that fit."""
    found: dict[str, Pods] = {}
    for one in pods:
        asks = {key: one.spec.get(key) for key in _PLACING}
        key = json.dumps([one.role, asks, [each.get("resources") for each in one.containers]])
        least = one.least + (found[key].least if key in found else 0)
        found[key] = one._replace(least=least)
    return list(found.values())


def _together(pods: tuple[Pods, ...], nodes: list[Object]) -> Iterator[str]:
    """What the nodes that could run each of them lack for all."""
    total: Amounts = {}
    for one in pods:
        total = plus(total, times(_wanted(one).requests, one.least))
    has: Amounts = {}
    for node in nodes:
        if any(not lacks(node, _wanted(one)) for one in pods):
            has = plus(has, amounts(node["status"].get("allocatable")))
    for resource, asks in total.items():
        if asks > has[resource]:
            yield (
                f"all roles together take {shown(resource, asks)} at one time; the nodes that "
                f"could run them have {shown(resource, has[resource])}"
            )


def _of_those(pods: Pods, nodes: list[Object]) -> Iterator[str]:
    wanted = _wanted(pods)
    fit = [node for node in nodes if not lacks(node, wanted)]
    if not fit:
        yield f"no node can run {pods.role}, {_asks(wanted)}; {_nearest(nodes, wanted)}"
        return
    at_once = sum(room(node, wanted) for node in fit)
    if at_once < pods.least:
        has = f"{count(len(fit), 'node')} {'has' if len(fit) == 1 else 'have'}"
        yield (
            f"{pods.role} takes {count(pods.least, 'pod')} at one time, {_asks(wanted)}; "
            f"{has} room for {at_once}, used by nobody else ({_names(fit)})"
        )


def _wanted(pods: Pods) -> Wanted:
    return Wanted.of(pods.spec, whole(pods.spec, 0))


def _asks(wanted: Wanted) -> str:
    amounts = [shown(name, value) for name, value in wanted.requests.items() if name != "pods"]
    where = [f"{key}={value}" for key, value in (wanted.spec.get("nodeSelector") or {}).items()]
    if not amounts and not where:
        return "which asks for nothing special"
    said = f"which asks for {', '.join(amounts)}" if amounts else "which has to be"
    return said + (f" on nodes with {', '.join(where)}" if where else "")


def _nearest(nodes: list[Object], wanted: Wanted) -> str:
    """The node that lacks least, and what the others have in common."""
    if not nodes:
        return "the cluster has no nodes"
    by_node = {name(node): lacks(node, wanted) for node in nodes}
    alike = {" and ".join(lack.text for lack in found) for found in by_node.values()}
    if len(alike) == 1 and len(nodes) > 1:
        return f"each of the {len(nodes)} nodes {alike.pop()}"
    nearest = min(by_node, key=lambda one: sum(lack.short for lack in by_node[one]))
    said = f"nearest is {nearest}: it {' and '.join(lack.text for lack in by_node[nearest])}"
    others = Counter(
        lack.text for one, found in by_node.items() if one != nearest for lack in found
    )
    if others:
        common = ", ".join(f"{text} ({number})" for text, number in others.most_common(3))
        said += f"; of {count(len(nodes) - 1, 'other')}: {common}"
    return said


def _said(pods: Pods, nodes: list[Object]) -> str:
    fit = sum(not lacks(node, _wanted(pods)) for node in nodes)
    return f"{count(fit, 'node')} could run {pods.role}"


def _names(nodes: list[Object]) -> str:
    shown = [name(node) for node in nodes[:3]]
    return ", ".join(shown) + (", ..." if len(nodes) > 3 else "")
