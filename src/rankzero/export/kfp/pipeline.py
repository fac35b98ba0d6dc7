"""The pipeline itself, as people write it with Kubeflow Pipelines' SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from rankzero.export.kfp import component
from rankzero.export.kfp.words import identifiers, literal
from rankzero.export.model import Outline
from rankzero.spec.model import Param

_TEXT = '''\
"""{name} for Kubeflow Pipelines: `python pipeline.py` writes pipeline.yaml."""

{before}

@dsl.container_component
def train({taken}):
    return dsl.ContainerSpec(
{spec}
    )


@dsl.pipeline(name="{name}")
def pipeline({given}):
    step = train({passed})
    # With the same parameters it would be taken for done, and not train again.
    step.set_caching_options(False)
{calls}

if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(HERE / "pipeline.yaml"))
'''
_ALONE = """\
from pathlib import Path

from kfp import {imported}

HERE = Path(__file__).parent
IMAGE = {image}
"""
_JOBS = """\
import json
from pathlib import Path

import yaml
from kfp import {imported}

HERE = Path(__file__).parent
# Any image with Python: its step only makes the Jobs, and waits for them.
IMAGE = {image}


def made() -> list:
    \"\"\"What the step makes, as texts in which nobody fills anything in but the step.\"\"\"
    text = (HERE / "jobs.yaml").read_text(encoding="utf-8")
    texts = [json.dumps(one) for one in yaml.safe_load_all(text)]
    return [one.replace("{{{{", "{{\\\\u007b").replace("$", "\\\\u0024") for one in texts]
"""


def text(outline: Outline) -> str:
    known, alone = identifiers(outline.job.params), component.fits(outline)
    calls = [*_secrets(outline), *(component.calls(outline) if alone else ())]
    used = any(call.startswith("kubernetes.") for call in calls)
    before = (_ALONE if alone else _JOBS).format(
        imported="compiler, dsl, kubernetes" if used else "compiler, dsl",
        image=literal(outline.parts[0].image),
    )
    spec = component.spec(outline, known) if alone else _making(outline, known)
    return _TEXT.format(
        name=outline.job.name,
        before=before,
        taken=", ".join(f"{known[name]}: {one.type}" for name, one in outline.job.params.items()),
        spec="\n".join(f"        {line}" for line in spec),
        given=_given(outline.job.params, known),
        passed=", ".join(f"{one}={one}" for one in known.values()),
        calls="".join(f"    {call}\n" for call in calls),
    )


def _secrets(outline: Outline) -> Iterator[str]:
    if outline.job.pull_secrets:
        yield f"kubernetes.set_image_pull_secrets(step, {json.dumps(outline.job.pull_secrets)})"


def _making(outline: Outline, known: Mapping[str, str]) -> Iterator[str]:
    """The container that makes Jobs."""
    python = literal(outline.job.python or "python3")
    yield "image=IMAGE,"
    yield f'command=[{python}, "-c", (HERE / "step.py").read_text(encoding="utf-8")],'
    yield "args=["
    yield f'    "--name={outline.job.name}",'
    for part in outline.parts:
        if not part.completes:
            yield f'    "--serving={part.role}",'
    for name, plain in known.items():
        yield f'    f"--param={name}={{{plain}}}",'
    yield "    *made(),"
    yield "],"


def _given(params: Mapping[str, Param], known: Mapping[str, str]) -> str:
    """With their values, and what they are for."""
    if not params:
        return ""
    lines = []
    for name, one in params.items():
        about = f"  # {' '.join(one.help.split())}" if one.help else ""
        lines.append(f"    {known[name]}: {one.type} = {literal(one.value)},{about}\n")
    return "\n" + "".join(lines)
