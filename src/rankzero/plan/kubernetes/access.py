"""Who may reach what: the run's accounts with the API, and a wall around its pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.kinds import RBAC
from rankzero.plan.kubernetes.objects import head

if TYPE_CHECKING:
    from rankzero.spec.model import Job

#: What it takes to take nodes from dead machines. A Role cannot be limited to the pods of a run:
#: it knows names, and theirs are not known beforehand.
HEALING = {
    "apiGroups": [""],
    "resources": ["pods"],
    "verbs": ["list", "watch", "patch", "delete"],
}


def account(job: Job, run: str) -> str | None:
    """The ServiceAccount whose token the pods get: one that is there, the run's own, or none."""
    return run if job.api else job.service_account


def healer(job: Job, run: str) -> str | None:
    """The ServiceAccount as which the coordinator takes nodes from dead machines: one that was
    named, the run's own, or none. It is that of all pods of its role, for a pod has one; where pods
    of other roles have the run's own it is another, so that those cannot do the same."""
    if isinstance(job.self_heal, str) or not job.self_heal:
        return job.self_heal or None
    if job.api and len(job.roles) > 1:
        return names.healer(run)
    return account(job, run) or run


def heals_itself(job: Mapping[str, Any]) -> bool:
    """Whether a run does, by its job as it was submitted."""
    return bool(job.get("self_heal"))


def objects(job: Job, run: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """What has to be there before the pods are."""
    rules = [one.model_dump(mode="json") for one in job.api]
    rights = {run: rules} if rules else {}
    heals = healer(job, run)
    if heals is not None and heals in (run, names.healer(run)):
        rights[heals] = [*rules, HEALING]
    return [
        *(one for name, given in rights.items() for one in account_with(name, given, labels)),
        *([_wall(run, labels)] if job.isolate else ()),
    ]


def account_with(
    name: str, rules: list[dict[str, Any]], labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """An account that may do this, and nothing else."""
    return [
        {**head("v1", "ServiceAccount", name, labels), "automountServiceAccountToken": False},
        {
            **head(f"{RBAC}/v1", "Role", name, labels),
            "rules": [{key: value for key, value in rule.items() if value} for rule in rules],
        },
        {
            **head(f"{RBAC}/v1", "RoleBinding", name, labels),
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
            # Without a namespace it is that of the binding.
            "subjects": [{"kind": "ServiceAccount", "name": name}],
        },
    ]


def _wall(run: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Nobody but the run's own pods reaches them. What they reach stays open: data and packages
    come from outside. `exec` and `port-forward` come through the machine, not the network."""
    own = {"podSelector": {"matchLabels": {names.RUN: run}}}
    return {
        **head("networking.k8s.io/v1", "NetworkPolicy", run, labels),
        "spec": {**own, "policyTypes": ["Ingress"], "ingress": [{"from": [own]}]},
    }
