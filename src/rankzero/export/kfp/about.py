"""The README of a pipeline."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from rankzero.export import readme
from rankzero.export.model import Outline
from rankzero.export.pods import APP, COMPONENT
from rankzero.spec.params import text_of


def text(outline: Outline, alone: bool, called: Mapping[str, str]) -> str:
    """Of a pipeline: what is there for all runs goes to where their pods are. alone: the job's
    only pod is the pipeline's step. called: params, with their names as parameters."""
    name = outline.job.name
    params = ((known, text_of(outline.job.params[one].value)) for one, known in called.items())
    given = [shlex.quote(f"{known}={value}") for known, value in params][:1]
    run = " ".join(["--experiment-name", name, "--package-file pipeline.yaml", *given])
    what = (
        "That has no step of several pods: this one makes the Jobs, shows what their pods write, "
        "ends as they end, and takes them away."
    )
    return readme.page(
        f"# {name}",
        readme.what(
            outline,
            f"A pipeline of one step, for Kubeflow Pipelines 2.{'' if alone else f' {what}'}",
            ", which is the step itself" if alone else ": each role is an Indexed Job",
        ),
        "## Use it",
        *_standing(outline, alone),
        "The pipeline, by the SDK that can say who a container runs as:",
        readme.console("pip install 'kfp[kubernetes]>=2.16'", "python pipeline.py"),
        "`pipeline.yaml` can be uploaded to the page of Kubeflow Pipelines, or run:",
        readme.console(
            f"kfp run create {run}",
            f"kubectl get pods -n kubeflow -L {APP},{COMPONENT}",
        ),
        "" if alone else _ended(),
        *readme.claims(outline),
        "## Change it",
        "Another number of pods takes another export." if alone else _numbers(outline),
        *readme.missing(outline),
    )


def _standing(outline: Outline, alone: bool) -> Iterator[str]:
    """What all runs of a pipeline need."""
    files = readme.others(outline)[1 if alone else 0 :]
    if not files:
        return
    yield (
        "What all of its runs need, once, and after each change of the code, in the namespace "
        "where pipelines' pods are: `kubeflow`, or a profile's."
    )
    if not alone:
        yield (
            "`account.yaml` is what their account must be allowed, which is `pipeline-runner`, in "
            "a profile's namespace `default-editor`: there, say so in that file."
        )
    yield readme.console(f"kubectl apply -n kubeflow{readme.by_server(outline)} {' '.join(files)}")


def _numbers(outline: Outline) -> str:
    step = "The image of the step is `IMAGE` in `pipeline.py`; Python is all that it needs."
    return f"{readme.numbers(outline)} {step}"


def _ended() -> str:
    return (
        "A run that is ended from outside may leave the step no time to take its Jobs away: they "
        "end by themselves within 15 minutes (`activeDeadlineSeconds`, which the step puts off as "
        "long as it is there), and go with the step's pod."
    )
