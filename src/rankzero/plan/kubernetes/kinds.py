"""Where the API server keeps the kinds of objects that a plan may hold."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind's API group (empty: the core's) and version, and its name in paths and rights."""

    group: str
    version: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        """Of all objects in a namespace, or of one; without a namespace, those of the cluster."""
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"{base}/namespaces/{namespace}" if namespace else base
        return f"{inside}/{self.plural}/{name}" if name else f"{inside}/{self.plural}"


RBAC = "rbac.authorization.k8s.io"

KINDS = {
    "Job": Kind("batch", "v1", "jobs"),
    "Pod": Kind("", "v1", "pods"),
    "Service": Kind("", "v1", "services"),
    "Secret": Kind("", "v1", "secrets"),
    "ConfigMap": Kind("", "v1", "configmaps"),
    "ServiceAccount": Kind("", "v1", "serviceaccounts"),
    "PersistentVolumeClaim": Kind("", "v1", "persistentvolumeclaims"),
    "Role": Kind(RBAC, "v1", "roles"),
    "RoleBinding": Kind(RBAC, "v1", "rolebindings"),
    "Deployment": Kind("apps", "v1", "deployments"),
    "HorizontalPodAutoscaler": Kind("autoscaling", "v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": Kind("policy", "v1", "poddisruptionbudgets"),
    "NetworkPolicy": Kind("networking.k8s.io", "v1", "networkpolicies"),
}
