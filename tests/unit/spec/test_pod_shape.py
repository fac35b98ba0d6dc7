"""The types of what is laid over a pod's spec, where it is read before Kubernetes has seen it."""

from __future__ import annotations

import pytest

from rankzero.spec.pod_shape import faults


def rank(**fields: object) -> dict[str, object]:
    return {"containers": [{"name": "rank", **fields}]}


@pytest.mark.parametrize(
    ("patch", "path", "message"),
    [
        (rank(securityContext="privileged"), ".securityContext", "must be a mapping"),
        (rank(securityContext={"privileged": "yes"}), "privileged", "must be true or false"),
        (rank(securityContext={"runAsUser": True}), "runAsUser", "must be a whole number"),
        (
            rank(securityContext={"capabilities": {"add": "IPC_LOCK"}}),
            "containers[0].securityContext.capabilities.add",
            "must be a list",
        ),
        (rank(securityContext={"capabilities": {"add": [None]}}), "add[0]", "must be text"),
        (rank(securityContext={"seLinuxOptions": {"type": []}}), "type", "must be text"),
        ({"securityContext": [{"runAsUser": 1}]}, "securityContext", "must be a mapping"),
        ({"securityContext": {"sysctls": [{}]}}, "sysctls[0]", "must have `name`"),
        ({"securityContext": {"sysctls": [{"name": ["a"]}]}}, "sysctls[0].name", "must be text"),
        ({"securityContext": {"sysctls": [{"name": None}]}}, "sysctls[0].name", "must be text"),
        (rank(resources=2), "containers[0].resources", "must be a mapping"),
        (rank(resources={"limits": [1]}), "containers[0].resources.limits", "must be a mapping"),
        (rank(resources={"limits": {"cpu": "many"}}), "limits.cpu", "must be an amount"),
        (rank(resources={"limits": {"cpu": "1e999999"}}), "limits.cpu", "must be an amount"),
        (rank(env=[{"name": 5}]), "env[0].name", "must be text"),
        (rank(envFrom=[{"secretRef": {}}]), "envFrom[0].secretRef", "must have `name`"),
        (rank(envFrom=[{"secretRef": None}]), "envFrom[0].secretRef", "must be a mapping"),
        ({"nodeSelector": {"disk": 1}}, "nodeSelector.disk", "must be text"),
        ({"tolerations": [{"key": ["a"]}]}, "tolerations[0].key", "must be text"),
    ],
)
def test_another_type_is_told_with_its_place(
    patch: dict[str, object], path: str, message: str
) -> None:
    ((where, what),) = faults(patch)
    assert where.endswith(path)
    assert what.startswith(message)


@pytest.mark.parametrize(
    "patch",
    [
        {"securityContext": None, "containers": [{"name": "side", "resources": None}]},
        {"securityContext": {"$patch": "replace", "runAsUser": 5, "sysctls": None}},
        {"volumes": [{"$patch": "replace"}, {"name": "a", "secret": {"secretName": "s"}}]},
        rank(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"key": "other"}}}]),
        rank(resources={"limits": {"cpu": 0.5, "memory": "1.5Gi", "a.b/c": 1, "d": "1e3"}}),
        {"affinity": {"podAffinity": 5}, "dnsConfig": {"options": "any"}},
    ],
)
def test_what_takes_away_or_is_not_read_has_no_type(patch: dict[str, object]) -> None:
    assert list(faults(patch)) == []
