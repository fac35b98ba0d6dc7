"""Definitions of other projects' objects, from their Go modules: what the API server needs to
judge such objects, without the programs that act on them."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from .places import CACHE
from .shell import run, tried_again

#: The module, exactly, and its files.
MODULES = {
    "sigs.k8s.io/jobset@v0.10.1": ("config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml",),
    "github.com/kubeflow/training-operator@v1.8.1": (
        "manifests/base/crds/kubeflow.org_pytorchjobs.yaml",
    ),
    "github.com/kubeflow/trainer/v2@v2.1.0": (
        "manifests/base/crds/trainer.kubeflow.org_trainjobs.yaml",
        "manifests/base/crds/trainer.kubeflow.org_trainingruntimes.yaml",
    ),
}
#: Argo's whole one is for people: an API server takes none that is so loose.
WORKFLOW = (
    "github.com/argoproj/argo-workflows/v3@v3.6.5",
    ("manifests/base/crds/full/argoproj.io_workflows.yaml",),
)
_FOLDER = CACHE / "schemas"


def schemas() -> list[Path]:
    """Their files; downloaded where they are missing. Errors: LabError."""
    return [path for module, names in MODULES.items() for path in _of(module, names)]


def workflow() -> Path:
    """That of Argo's Workflows, which no API server takes. Errors: LabError."""
    return _of(*WORKFLOW)[0]


def _of(module: str, names: tuple[str, ...]) -> list[Path]:
    folder = _FOLDER / module.replace("/", "+")
    found = [folder / name.rpartition("/")[2] for name in names]
    if not all(path.exists() for path in found):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as cache:
            tried_again(f"downloading {module}", lambda: _download(module, names, folder, cache))
    return found


def _download(module: str, names: tuple[str, ...], folder: Path, cache: str) -> None:
    env = {"GOMODCACHE": cache, "GOFLAGS": "-modcacherw"}
    said = run("go", "mod", "download", "-json", module, cwd=folder, env=env, seconds=600)
    for name in names:
        shutil.copy(Path(json.loads(said)["Dir"]) / name, folder)
