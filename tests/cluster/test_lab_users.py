"""Users with rights in one namespace, and namespaces that refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.manifests import pod
from .lab.shell import LabError
from .lab.target import Cluster
from .lab.watching import succeeded

ROLE = {
    "kind": "Role",
    "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "create"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ],
}


def test_a_user_may_do_in_the_namespace_what_the_role_says_and_nothing_else(
    cluster: Cluster, namespace: str, user: Callable[[str, Mapping[str, Any]], Kubectl]
) -> None:
    someone = user(namespace, ROLE)
    someone.apply(pod("mine", cluster.python, "print('mine')"))

    assert succeeded(someone, "mine") == "mine\n"
    for refused in (("get", "secrets"), ("delete", "pod", "mine"), ("get", "nodes")):
        with pytest.raises(LabError, match=r"(?i)forbidden"):
            someone(*refused)
    with pytest.raises(LabError, match=r"(?i)forbidden"):
        someone.within("default")("get", "pods")


def test_a_restricted_namespace_refuses_what_runs_as_root(
    cluster: Cluster, new_namespace: Callable[..., str]
) -> None:
    inside = cluster.kubectl.within(
        new_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    )
    inside.apply(pod("good", cluster.python, "import os; print(os.getuid())"))

    assert succeeded(inside, "good") == "1000\n"
    with pytest.raises(LabError, match='violates PodSecurity "restricted'):
        inside.apply(pod("bad", cluster.python, securityContext={"runAsUser": 0}))


def test_a_quota_refuses_what_is_beyond_it(kubectl: Kubectl, cluster: Cluster) -> None:
    spec = {"hard": {"pods": "1", "requests.cpu": "100m"}}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": spec}
    )

    def used(pods: str) -> bool:
        """Whether the quota's controller has counted: before it has, nobody is refused."""
        status = kubectl.get("resourcequota", "small").get("status", {})
        return bool(status.get("used", {}).get("pods") == pods)

    until(lambda: used("0"), "the quota counts")
    needs = {"resources": {"requests": {"cpu": "60m"}}}
    kubectl.apply(pod("first", cluster.python, container=needs))
    until(lambda: used("1"), "the quota counts the first pod")
    with pytest.raises(LabError, match="exceeded quota: small"):
        kubectl.apply(pod("second", cluster.python, container=needs))
