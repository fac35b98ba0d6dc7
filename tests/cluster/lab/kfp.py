"""Kubeflow Pipelines' own SDK, for tests that ask for it: in an environment of its own, for what it
pins is none of ours."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .places import CACHE
from .shell import run, tried_again

VERSION = "2.17.3"
#: Prints a compiled pipeline as its own definitions of it read it, and refuses what those do not
#: know. Its two documents are what runs, and what only Kubernetes knows of that.
_READ = """
import json, sys
import yaml
from google.protobuf.json_format import MessageToDict, ParseDict
from kfp.components import load_component_from_text
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineDeploymentConfig, PipelineSpec

text = sys.stdin.read()
load_component_from_text(text)
spec, *platforms = yaml.safe_load_all(text)
found = {"spec": MessageToDict(ParseDict(spec, PipelineSpec())), "kubernetes": {}}
ParseDict(spec["deploymentSpec"], PipelineDeploymentConfig())  # above it may have any keys
for one in platforms:
    executors = one["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for name, asked in executors.items():
        found["kubernetes"][name] = MessageToDict(ParseDict(asked, KubernetesExecutorConfig()))
print(json.dumps(found))
"""


def compiled(folder: Path) -> dict[str, Any]:
    """What `python pipeline.py` of a folder makes, read by the SDK: `spec`, and `kubernetes` by
    executor. Errors: LabError with the SDK's words."""
    run(_python(), "-W", "ignore", folder / "pipeline.py", cwd=folder)
    return read((folder / "pipeline.yaml").read_text(encoding="utf-8"))


def read(text: str) -> dict[str, Any]:
    """A compiled pipeline. Errors: LabError where it is none."""
    found: dict[str, Any] = json.loads(run(_python(), "-W", "ignore", "-c", _READ, text=text))
    return found


def _python() -> Path:
    """Of the environment; made where it is missing. Errors: LabError."""
    folder = CACHE / f"kfp-{VERSION}"
    whole, packages = folder / "whole", [f"{one}=={VERSION}" for one in ("kfp", "kfp-kubernetes")]
    if not whole.exists():
        run(sys.executable, "-m", "venv", "--clear", folder)
        install = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages)
        tried_again("installing the SDK of Kubeflow Pipelines", lambda: run(*install, seconds=600))
        whole.touch()
    return folder / "bin" / "python"
