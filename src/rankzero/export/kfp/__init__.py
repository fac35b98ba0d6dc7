"""`export kfp`: a pipeline of Kubeflow Pipelines. It has no step of several pods: its step makes
the Jobs, waits for them, and takes them away."""

from __future__ import annotations

from importlib import resources

from rankzero.export import plain, readme
from rankzero.export.kfp import jobs, pipeline
from rankzero.export.model import Files, Outline
from rankzero.export.notes import Beside
from rankzero.export.repeated import saying
from rankzero.export.terms import Plainly

BESIDE = Beside(together=True, serving=False, limits=False)


def files(outline: Outline) -> Files:
    lasting = saying(outline, isolate=False)  # each run has a wall of its own
    return {
        "README.md": readme.kfp(lasting),
        **plain.beside(lasting, Plainly(outline)),
        "account.yaml": jobs.account(outline),
        "jobs.yaml": jobs.text(outline),
        "pipeline.py": pipeline.text(outline),
        "step.py": resources.files(__package__).joinpath("step.py").read_text("utf-8"),
    }
