"""`export pytorchjob`: for Kubeflow's training operator, version 1."""

from __future__ import annotations

from typing import Any

from rankzero.export import kubeflow, plain, readme
from rankzero.export.model import Files, Outline, Part
from rankzero.export.notes import Beside
from rankzero.export.pods import labels, queue
from rankzero.export.terms import Plainly, master_port
from rankzero.export.text import Page, before

Object = dict[str, Any]

BESIDE = Beside(
    "the containers of all pods start again after a failure (restartPolicy: OnFailure)", ranks=False
)
_KIND = readme.Kind(
    "PyTorchJob",
    "Succeeded",
    "Kubeflow's training operator (version 1)",
    "The number of pods is the `replicas` of Worker, and one more: rank 0 is the Master.",
)
_CONTAINER, _PORT = "pytorch", "pytorchjob-port"


class Names(Plainly):
    """How the operator names its pods."""

    def host(self, part: Part, number: int | str) -> str:
        return f"{self.name}-master-0" if number == 0 else f"{self.name}-worker-{number}"


def files(outline: Outline) -> Files:
    terms, page = Names(outline), Page()
    return {
        "README.md": readme.managed(outline, _KIND),
        **plain.beside(outline, terms),
        "pytorchjob.yaml": page.dump(_pytorchjob(outline, terms, page)),
    }


def _pytorchjob(outline: Outline, terms: Names, page: Page) -> Object:
    part = kubeflow.only_part(outline, "PyTorchJob")
    pods = kubeflow.pods(outline, part, terms, page, _CONTAINER)
    again = pods["spec"].pop("restartPolicy")
    container = pods["spec"]["containers"][0]
    port = {"name": _PORT, "containerPort": master_port(outline)}
    ports = [*container.pop("ports", ()), port]
    pods["spec"]["containers"][0] = before(container, "env", ports=ports)
    counts = {"Master": 1, "Worker": part.pods - 1}
    meta = {"name": terms.name, "labels": {**labels(outline, None, terms), **queue(outline)}}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": meta,
        "spec": {
            "nprocPerNode": str(part.each),
            "runPolicy": {
                "cleanPodPolicy": "None",
                "backoffLimit": outline.job.max_restarts,
                **({"suspend": True} if outline.job.queue else {}),
            },
            "pytorchReplicaSpecs": {
                name: {"replicas": count, "restartPolicy": again, "template": pods}
                for name, count in counts.items()
                if count
            },
        },
    }
