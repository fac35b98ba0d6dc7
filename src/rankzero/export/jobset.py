"""`export jobset`: one JobSet, which gives its pods names, and ends its roles together."""

from __future__ import annotations

from typing import Any

from rankzero.export import plain, readme
from rankzero.export.model import Files, Outline, Part
from rankzero.export.notes import Beside
from rankzero.export.pods import job, labels, queue
from rankzero.export.terms import Plainly
from rankzero.export.text import Page, without

Object = dict[str, Any]

BESIDE = Beside("all pods are made anew after a failure (failurePolicy)", together=True)


class Names(Plainly):
    """How JobSet names its pods: a role may have several Jobs there."""

    def host(self, part: Part, number: int | str) -> str:
        return f"{self.name}-{part.role}-0-{number}.{self.name}"


def files(outline: Outline) -> Files:
    terms, page = Names(outline), Page()
    return {
        "README.md": readme.managed(outline, readme.Kind("JobSet", "Completed", "JobSet")),
        **plain.beside(outline, terms),
        "jobset.yaml": page.dump(_jobset(outline, terms, page)),
    }


def _jobset(outline: Outline, terms: Names, page: Page) -> Object:
    made = [job(outline, part, terms, page) for part in outline.parts]
    meta = {"name": terms.name, "labels": {**labels(outline, None, terms), **queue(outline)}}
    ending = [part.role for part in outline.parts if part.completes]
    spec: Object = {
        "successPolicy": {"operator": "All", "targetReplicatedJobs": ending},
        "failurePolicy": {"maxRestarts": outline.job.max_restarts},
        "network": {"enableDNSHostnames": True, "publishNotReadyAddresses": True},
        **({"suspend": True} if outline.job.queue else {}),
        "replicatedJobs": [
            {"name": part.role, "replicas": 1, "template": {"spec": inner(one["spec"])}}
            for part, one in zip(outline.parts, made, strict=True)
        ],
    }
    head = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"}
    return {**head, "metadata": meta, "spec": spec}


def inner(spec: Object) -> Object:
    """A Job's spec where somebody else suspends, repeats and names."""
    template = dict(spec["template"])
    pod = without(template["spec"], "subdomain")
    template["spec"] = {**pod, "restartPolicy": "Never"}
    return {**without(spec, "suspend"), "backoffLimit": 0, "template": template}
