"""The pipeline itself, as people write it with Kubeflow Pipelines' SDK."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator, Mapping

from rankzero.export.model import Outline
from rankzero.spec.model import Param, Scalar

#: What has these names where parameters are.
_TAKEN = {"HERE", "IMAGE", "dsl", "kubernetes", "made", "step", "train"}
_TEXT = '''\
"""{name} for Kubeflow Pipelines: `python pipeline.py` writes pipeline.yaml."""

import json
from pathlib import Path

import yaml
from kfp import {imported}

HERE = Path(__file__).parent
# Any image with Python: its step only makes the Jobs, and waits for them.
IMAGE = {image}


def made() -> list:
    """What the step makes, as texts in which neither Argo nor Kubernetes fills anything in."""
    text = (HERE / "jobs.yaml").read_text(encoding="utf-8")
    texts = [json.dumps(one) for one in yaml.safe_load_all(text)]
    return [one.replace("{{{{", "{{\\\\u007b").replace("$", "\\\\u0024") for one in texts]


@dsl.container_component
def train({taken}):
    return dsl.ContainerSpec(
        image=IMAGE,
        command=[{python}, "-c", (HERE / "step.py").read_text(encoding="utf-8")],
        args=[
{words}
            *made(),
        ],
    )


@dsl.pipeline(name="{name}")
def pipeline({given}):
    step = train({passed})
    # With the same parameters it would be taken for done, and not train again.
    step.set_caching_options(False)
{more}

if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(HERE / "pipeline.yaml"))
'''


def text(outline: Outline) -> str:
    known = identifiers(outline.job.params)
    secrets = json.dumps(outline.job.pull_secrets)
    more = f"    kubernetes.set_image_pull_secrets(step, {secrets})\n"
    return _TEXT.format(
        name=outline.job.name,
        imported="compiler, dsl, kubernetes" if outline.job.pull_secrets else "compiler, dsl",
        image=_literal(outline.parts[0].image),
        taken=", ".join(f"{known[name]}: {one.type}" for name, one in outline.job.params.items()),
        python=_literal(outline.job.python or "python3"),
        words="\n".join(f"            {word}," for word in _words(outline, known)),
        given=_given(outline.job.params, known),
        passed=", ".join(f"{one}={one}" for one in known.values()),
        more=more if outline.job.pull_secrets else "",
    )


def identifiers(params: Mapping[str, Param]) -> dict[str, str]:
    """What a param is called in Python, where names have no dashes and some are taken."""
    found: dict[str, str] = {}
    for name in params:
        plain = re.sub("[^0-9A-Za-z_]", "_", name).lstrip("_") or "param"
        plain = plain if plain[0].isalpha() else f"param_{plain}"
        while plain in _TAKEN or keyword.iskeyword(plain) or plain in found.values():
            plain += "_"
        found[name] = plain
    return found


def _literal(value: Scalar) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _words(outline: Outline, known: Mapping[str, str]) -> Iterator[str]:
    yield f'"--name={outline.job.name}"'
    for part in outline.parts:
        if not part.completes:
            yield f'"--serving={part.role}"'
    for name, plain in known.items():
        yield f'f"--param={name}={{{plain}}}"'


def _given(params: Mapping[str, Param], known: Mapping[str, str]) -> str:
    """With their values, and what they are for."""
    if not params:
        return ""
    lines = []
    for name, one in params.items():
        about = f"  # {' '.join(one.help.split())}" if one.help else ""
        lines.append(f"    {known[name]}: {one.type} = {_literal(one.value)},{about}\n")
    return "\n" + "".join(lines)
