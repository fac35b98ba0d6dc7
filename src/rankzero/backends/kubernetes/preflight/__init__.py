"""What can be known to fail before anything is created on a cluster, all of it at once.

Each check is pure: it names the questions that it has for the API server, and judges the answers;
`asking` asks them. What this user may not read is told as not checked, and is no failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.preflight import (
    asking,
    claims,
    dry_run,
    features,
    image,
    limits,
    metrics,
    namespace,
    nodes,
    pod_security,
    presence,
    quota,
    rights,
    sizes,
    storage_classes,
    volumes,
)
from rankzero.backends.kubernetes.preflight.model import Check, Refusal, Request, Verdict
from rankzero.backends.kubernetes.preflight.request import describe
from rankzero.errors import BadRequest, Refused
from rankzero.plan.model import Checked, Plan

#: In the order in which they are told.
CHECKS: tuple[Check, ...] = (
    image,
    sizes,
    namespace,
    rights,
    quota,
    limits,
    nodes,
    presence.SECRETS,
    presence.CONFIG_MAPS,
    presence.ACCOUNTS,
    presence.PRIORITIES,
    claims,
    volumes,
    storage_classes,
    pod_security,
    features,
    metrics,
    dry_run,
)
#: Those that only one kind of request has anything to do with.
_ABOUT = {features.NAME: "Job", metrics.NAME: "HorizontalPodAutoscaler"}
#: What a dry run says, and the check that has said it better where it could look.
_SAID_BY = {
    "may not be more than": sizes.NAME,
    "usage per|limit to request ratio": limits.NAME,
    "PriorityClass": presence.PRIORITIES.NAME,
    "service account|serviceaccount": presence.ACCOUNTS.NAME,
}
_SKIP = "To submit without these checks: --no-preflight"


def check(cluster: Cluster, plan: Plan, *, wait_for_nodes: bool = False) -> Plan:
    """The plan with what was checked, and what should be known of it.

    Errors: BadRequest where the request is wrong, Refused where the cluster would not take it,
    with all findings.
    """
    request = describe(plan, cluster.namespace, wait_for_nodes=wait_for_nodes)
    checks, notes = judged(cluster, request, f"{plan.job.name} cannot run in {plan.where}")
    return replace(plan, checks=checks, notices=(*plan.notices, *notes))


def judged(
    cluster: Cluster, request: Request, head: str
) -> tuple[tuple[Checked, ...], tuple[str, ...]]:
    """What was checked of a request, and what should be known of it. head: what a refusal begins
    with. Errors: as `check`."""
    kinds = {one["kind"] for one in request.objects}
    asked = tuple(one for one in CHECKS if one.NAME not in _ABOUT or _ABOUT[one.NAME] in kinds)
    answers = asking.answers_to(cluster, request, asked)
    verdicts = {one.NAME: one.judge(request, answers) for one in asked}
    found = findings(verdicts)
    if found:
        kind = BadRequest if any(one.request for _, one in found) else Refused
        raise kind(report(head, found), _SKIP)
    checks = tuple(_checked(name, verdict) for name, verdict in verdicts.items())
    return checks, tuple(note for verdict in verdicts.values() for note in verdict.notes)


def findings(verdicts: Mapping[str, Verdict]) -> list[tuple[str, Refusal]]:
    """What was refused, each once, by the name of its check. In a namespace that is not there
    everything else is refused too, and says nothing."""
    if verdicts[namespace.NAME].refusals:
        told = {image.NAME, sizes.NAME, namespace.NAME}
        verdicts = {name: one for name, one in verdicts.items() if name in told}
    return [
        (name, one)
        for name, verdict in verdicts.items()
        for one in verdict.refusals
        if not (name == dry_run.NAME and _said_elsewhere(one, verdicts))
    ]


def _said_elsewhere(one: Refusal, verdicts: Mapping[str, Verdict]) -> bool:
    return any(
        re.search(words, one.text) and verdicts[name].refusals for words, name in _SAID_BY.items()
    )


def report(head: str, found: list[tuple[str, Refusal]]) -> str:
    """One finding after the other, each with its remedy; one remedy for several stands once."""
    width = max(len(name) for name, _ in found)
    lines = [f"{head}; nothing was created."]
    for at, (name, one) in enumerate(found):
        lines.append(f"  {name:<{width}}  {one.text}")
        following = found[at + 1][1].remedy if at + 1 < len(found) else ""
        if one.remedy and one.remedy != following:
            lines.append(f"  {'':<{width}}  {one.remedy}")
    return "\n".join(lines)


def _checked(name: str, verdict: Verdict) -> Checked:
    if verdict.unchecked:
        return Checked(name, False, ", ".join(verdict.unchecked))
    return Checked(name, True, verdict.said)
