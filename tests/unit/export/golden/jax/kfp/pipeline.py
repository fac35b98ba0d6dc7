"""digits for Kubeflow Pipelines: `python pipeline.py` writes pipeline.yaml."""

import json
from pathlib import Path

import yaml
from kfp import compiler, dsl

HERE = Path(__file__).parent
# Any image with Python: its step only makes the Jobs, and waits for them.
IMAGE = "registry:5000/torch:2"


def made() -> list:
    """What the step makes, as texts in which nobody fills anything in but the step."""
    text = (HERE / "jobs.yaml").read_text(encoding="utf-8")
    texts = [json.dumps(one) for one in yaml.safe_load_all(text)]
    return [one.replace("{{", "{\\u007b").replace("$", "\\u0024") for one in texts]


@dsl.container_component
def train():
    return dsl.ContainerSpec(
        image=IMAGE,
        command=["python3", "-c", (HERE / "step.py").read_text(encoding="utf-8")],
        args=[
            "--name=digits",
            *made(),
        ],
    )


@dsl.pipeline(name="digits")
def pipeline():
    step = train()
    # With the same parameters it would be taken for done, and not train again.
    step.set_caching_options(False)


if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(HERE / "pipeline.yaml"))
