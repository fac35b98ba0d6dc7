"""A service as objects of a cluster. Pure: what is known of the cluster comes as `Facts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rankzero.plan.kubernetes import standards
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.services import objects, pods
from rankzero.plan.model import Checked
from rankzero.spec.services.model import Service
from rankzero.why.words import count


@dataclass(frozen=True)
class ServicePlan:
    """A service, before it exists.

    where: a cluster's context and namespace. manifests: what would be created, the Deployment
    first. blobs: `sha256:...` -> the bytes that take this word's place there. notices: what a user
    should know; checks: what the cluster was asked beforehand.
    """

    service: Service
    where: str
    manifests: tuple[Mapping[str, Any], ...]
    notices: tuple[str, ...] = ()
    blobs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    checks: tuple[Checked, ...] = ()

    def summary(self) -> tuple[str, ...]:
        """What there is to say of it in one line, part by part."""
        service = self.service
        pods = count(service.replicas, "pod")
        if service.autoscale is not None:
            pods = f"{service.autoscale.minimum}–{service.autoscale.maximum} pods"
        image, port = f"image {service.image}", f"port {service.port}"
        return (image, pods, port, service.expose, self.where)

    def documents(self) -> tuple[Mapping[str, Any], ...]:
        """What would be created."""
        return self.manifests

    def to_json(self) -> dict[str, Any]:
        """The schema of `serve deploy --dry-run --output json`."""
        return {
            "service": self.service.name,
            "where": self.where,
            "request": self.service.to_json(),
            "notices": list(self.notices),
            "manifests": [dict(one) for one in self.manifests],
            "checks": [one._asdict() for one in self.checks],
        }


def compile_service(
    service: Service,
    facts: Facts,
    blobs: Mapping[str, bytes] | None = None,
    others: tuple[Mapping[str, Any], ...] = (),
) -> ServicePlan:
    """others: what travels with it, as manifests whose bytes are in blobs."""
    template = pods.template(service, assigns_ids=facts.assigns_ids)
    scaler = objects.scaler(service)
    made = [
        objects.deployment(service, template),
        *others,
        objects.address(service),
        objects.budget(service),
        *([scaler] if scaler else []),
    ]
    return ServicePlan(
        service,
        f"{facts.context}/{facts.namespace}",
        tuple(made),
        tuple(_notices(service, template)),
        blobs or {},
    )


def _notices(service: Service, template: Mapping[str, Any]) -> list[str]:
    beyond = standards.against(standards.RESTRICTED, template["spec"])
    found = []
    if beyond:
        found.append(f"more than Pod Security's restricted profile allows: {', '.join(beyond)}")
    if service.autoscale is not None:
        found.append("it scales itself by what the cluster's metrics-server measures")
    return found
