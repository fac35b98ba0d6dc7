"""`export trainjob`: for Kubeflow's Trainer, version 2: a runtime of the namespace's own, and a
TrainJob that uses it."""

from __future__ import annotations

from typing import Any

from rankzero.export import kubeflow, plain, readme
from rankzero.export.model import Files, Outline, Part
from rankzero.export.notes import Beside
from rankzero.export.pods import labels, queue
from rankzero.export.terms import Plainly
from rankzero.export.text import Page, Short

Object = dict[str, Any]

BESIDE = Beside("all pods are made anew after a failure (failurePolicy)", ranks=False)
_KIND = readme.Kind(
    "TrainJob",
    "Complete",
    "Kubeflow's Trainer (version 2), with JobSet",
    "The number of pods is `numNodes` in `trainjob.yaml`. What they are is in `runtime.yaml`.",
)
_API, _NODE = "trainer.kubeflow.org", "node"


class Names(Plainly):
    """How the Trainer names its pods."""

    def host(self, part: Part, number: int | str) -> str:
        return f"{self.name}-{_NODE}-0-{number}.{self.name}"


def files(outline: Outline) -> Files:
    terms, page = Names(outline), Page()
    return {
        "README.md": readme.managed(outline, _KIND),
        **plain.beside(outline, terms),
        "runtime.yaml": page.dump(_runtime(outline, terms, page)),
        "trainjob.yaml": page.dump(_trainjob(outline, terms)),
    }


def _runtime(outline: Outline, terms: Names, page: Page) -> Object:
    part = kubeflow.only_part(outline, "TrainJob")
    pods = kubeflow.pods(outline, part, terms, page, _NODE)
    pods["spec"]["restartPolicy"] = "Never"
    if part.each == 1:
        _by_torchrun(outline, part, pods["spec"]["containers"][0])
    step = {f"{_API}/trainjob-ancestor-step": "trainer"}
    replicated = {
        "name": _NODE,
        "template": {"metadata": {"labels": step}, "spec": {"backoffLimit": 0, "template": pods}},
    }
    jobset = {
        "failurePolicy": {"maxRestarts": outline.job.max_restarts},
        "replicatedJobs": [replicated],
    }
    policy = {"numNodes": part.pods, "torch": {"numProcPerNode": part.each}}
    return {
        "apiVersion": f"{_API}/v1alpha1",
        "kind": "TrainingRuntime",
        "metadata": {"name": terms.name, "labels": labels(outline, None, terms)},
        "spec": {"mlPolicy": policy, "template": {"spec": jobset}},
    }


def _by_torchrun(outline: Outline, part: Part, container: Object) -> None:
    """The Trainer tells torchrun where a pod is, and nobody else."""
    python = outline.job.python or "python3"
    options = ["--no_python"] if part.program else []
    container["command"] = Short([python, "-m", "torch.distributed.run", *options, *part.words])
    own = ("LOCAL_RANK", "LOCAL_WORLD_SIZE")
    container["env"] = [one for one in container["env"] if one["name"] not in own]


def _trainjob(outline: Outline, terms: Names) -> Object:
    (part,) = outline.parts
    runtime = {"apiGroup": _API, "kind": "TrainingRuntime", "name": terms.name}
    return {
        "apiVersion": f"{_API}/v1alpha1",
        "kind": "TrainJob",
        "metadata": {
            "name": terms.name,
            "labels": {**labels(outline, None, terms), **queue(outline)},
        },
        "spec": {
            "runtimeRef": runtime,
            **({"suspend": True} if outline.job.queue else {}),
            "trainer": {"numNodes": part.pods},
        },
    }
