"""Which pods a ResourceQuota counts. Pure."""

from __future__ import annotations

from rankzero.backends.kubernetes.preflight.model import Object


def scoped(quota: Object) -> bool:
    """A quota with a scope counts some pods, and no other object."""
    return bool(quota.get("scopes") or quota.get("scopeSelector"))


def in_scope(quota: Object, pod: Object) -> bool:
    """Whether a pod is in every scope of a quota; in one that is not known it is not."""
    selector = quota.get("scopeSelector") or {}
    wanted = [
        *({"scopeName": name, "operator": "Exists"} for name in quota.get("scopes") or ()),
        *(selector.get("matchExpressions") or ()),
    ]
    return all(_matches(one, pod) for one in wanted)


def _matches(expression: Object, pod: Object) -> bool:
    scope, operator = expression["scopeName"], expression["operator"]
    if scope == "PriorityClass":
        name = pod.get("priorityClassName")
        values = expression.get("values") or ()
        return {
            "In": name in values,
            "NotIn": name not in values,
            "Exists": bool(name),
            "DoesNotExist": not name,
        }.get(operator, False)
    return {
        "Terminating": "activeDeadlineSeconds" in pod,
        "NotTerminating": "activeDeadlineSeconds" not in pod,
        "BestEffort": not _asks(pod),
        "NotBestEffort": _asks(pod),
    }.get(scope, False)


def _asks(pod: Object) -> bool:
    """Whether a container asks for processors or memory."""
    containers = [*(pod.get("initContainers") or ()), *pod["containers"]]
    given = [
        (one.get("resources") or {}).get(part) or {}
        for one in containers
        for part in ("requests", "limits")
    ]
    return any({"cpu", "memory"} & part.keys() for part in given)
