"""`export kfp`: a pipeline of Kubeflow Pipelines. One pod is its step; it has no step of several
pods, so there the step makes the Jobs, waits for them, and takes them away."""

from __future__ import annotations

from importlib import resources

from rankzero.export import plain
from rankzero.export.kfp import about, component, jobs, pipeline
from rankzero.export.kfp.words import identifiers
from rankzero.export.model import Files, Outline
from rankzero.export.notes import Beside
from rankzero.export.repeated import saying
from rankzero.export.terms import Plainly

BESIDE = Beside(together=True, serving=False, limits=False)


def files(outline: Outline) -> Files:
    lasting = saying(outline, isolate=False)  # each run has a wall of its own
    alone = component.fits(outline)
    made: Files = {
        "README.md": about.text(lasting, alone, identifiers(outline.job.params)),
        **plain.beside(lasting, Plainly(outline)),
        "pipeline.py": pipeline.text(outline),
    }
    if alone:
        return made
    return {
        **made,
        "account.yaml": jobs.account(outline),
        "jobs.yaml": jobs.text(outline),
        "step.py": resources.files(__package__).joinpath("step.py").read_text("utf-8"),
    }
