"""Who may bring nodes that are not there yet. What is seen is evidence; what is not proves nothing.

Sources: Cluster Autoscaler writes its state to the ConfigMap `cluster-autoscaler-status` in
kube-system (its FAQ, "How can I monitor Cluster Autoscaler?"), also where a cloud runs it (GKE,
AKS), and ProvisioningRequests are its own API; Karpenter, which EKS Auto Mode and AKS node
autoprovisioning are too, serves `karpenter.sh`.
"""

from __future__ import annotations

from collections.abc import Iterable

from rankzero.backends.kubernetes.preflight.model import Answers, Object, Question

_STATUS = Question(
    "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status", metadata=True
)
#: The groups of APIs that a cluster serves: everybody who is known to it may ask.
GROUPS = Question("/apis")
_BY_GROUP = {"karpenter.sh": "Karpenter", "autoscaling.x-k8s.io": "Cluster Autoscaler"}
#: Labels of nodes that an autoscaler made, for those who may not see more.
_BY_LABEL = {"karpenter.sh/nodepool": "Karpenter", "karpenter.sh/provisioner-name": "Karpenter"}
#: What Cluster Autoscaler sets on a node that it is about to remove.
_BY_TAINT = ("ToBeDeletedByClusterAutoscaler", "DeletionCandidateOfClusterAutoscaler")

QUESTIONS = (_STATUS, GROUPS)


def seen(answers: Answers, nodes: Iterable[Object]) -> str:
    """The name of one, with what shows it; empty where none is seen."""
    if (status := answers.get(_STATUS)) and status.ok:
        return "Cluster Autoscaler (ConfigMap cluster-autoscaler-status)"
    groups = answers[GROUPS].body.get("groups") or () if GROUPS in answers else ()
    for group in groups:
        if group["name"] in _BY_GROUP:
            return f"{_BY_GROUP[group['name']]} (API {group['name']})"
    for node in nodes:
        if found := _of_node(node):
            return found
    return ""


def _of_node(node: Object) -> str:
    labels = node["metadata"].get("labels") or {}
    for label, name in _BY_LABEL.items():
        if label in labels:
            return f"{name} (label {label} of {node['metadata']['name']})"
    for taint in node.get("spec", {}).get("taints") or ():
        if taint["key"] in _BY_TAINT:
            return f"Cluster Autoscaler (taint {taint['key']} of {node['metadata']['name']})"
    return ""
