"""Distributed training on a laptop or any Kubernetes, with nothing installed in the cluster.

In a training script: `rankzero.context()`, `rankzero.report(step=...)`, `rankzero.outputs()`.
To start one: `rankzero.run("train.py", nodes=2)`. To put steps together: `@rankzero.step` and
`@rankzero.pipeline`. Each name is imported when it is first used,
so that a script pays nothing for the launcher, and a node needs nothing of it installed.
"""

TYPE_CHECKING = False  # as in typing, whose import would cost more than all of this
if TYPE_CHECKING:
    from rankzero.cli.show.graph import show_pipeline
    from rankzero.errors import (
        BadRequest,
        Error,
        Refused,
        RunFailed,
        RunStopped,
        UnknownRun,
    )
    from rankzero.handle import run
    from rankzero.pipelines.handle import run_pipeline
    from rankzero.script.context import Context, context, outputs
    from rankzero.script.reports import report
    from rankzero.script.steps import command, job, pipeline, service, step
    from rankzero.spec.model import Job

__version__ = "0.1.0"

__all__ = [
    "BadRequest",
    "Context",
    "Error",
    "Job",
    "Refused",
    "RunFailed",
    "RunStopped",
    "UnknownRun",
    "__version__",
    "command",
    "context",
    "job",
    "outputs",
    "pipeline",
    "report",
    "run",
    "run_pipeline",
    "service",
    "show_pipeline",
    "step",
]

_HOMES = {
    "context": "script.context",
    "Context": "script.context",
    "outputs": "script.context",
    "report": "script.reports",
    "run": "handle",
    "step": "script.steps",
    "pipeline": "script.steps",
    "command": "script.steps",
    "job": "script.steps",
    "service": "script.steps",
    "run_pipeline": "pipelines.handle",
    "show_pipeline": "cli.show.graph",
    "Job": "spec.model",
    "BadRequest": "errors",
    "Error": "errors",
    "Refused": "errors",
    "RunFailed": "errors",
    "RunStopped": "errors",
    "UnknownRun": "errors",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'rankzero' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"rankzero.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted(__all__)
