"""What goes into a bundle: of this machine, of a cluster, and of a run. A part that cannot be had
is told in its place, and keeps no other one back."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Any

from rankzero.config import files
from rankzero.errors import Error
from rankzero.plan.kubernetes import names

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, RunInfo
    from rankzero.backends.kubernetes.cluster import Cluster

#: (its path in the bundle, what is asked for it): a text, or what JSON holds.
Part = tuple[str, Callable[[], Any]]
#: Packages of which the version matters, by how their names begin.
_PACKAGES = ("torch", "tensorflow", "tf-keras", "keras", "jax", "nvidia-", "numpy", "triton")
#: And variables.
_VARIABLES = (
    *("RANKZERO_", "KUBE", "CUDA_", "NVIDIA_", "NCCL_", "GLOO_", "TF_", "JAX_", "TORCH_", "XDG_"),
    *("PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX", "HTTP", "NO_PROXY", "http", "no_proxy", "OMP_"),
)


def of_machine() -> Iterator[Part]:
    yield "versions.json", _versions
    yield "environment.json", _environment
    for at, file in enumerate(files.found()):
        yield f"configuration/{at}-{file.path.name}.json", partial(_configuration, file)


def _versions() -> dict[str, Any]:
    ours = {one.partition(";")[0].strip() for one in metadata.requires("rankzero") or ()}
    wanted = ("rankzero", *_PACKAGES, *(_bare(one) for one in ours))
    packages = {
        one.metadata["Name"]: one.version
        for one in metadata.distributions()
        if (one.metadata["Name"] or "").lower().replace("_", "-").startswith(wanted)
    }
    about = {"python": sys.version, "executable": sys.executable, "system": platform.platform()}
    return {**about, "packages": dict(sorted(packages.items()))}


def _bare(requirement: str) -> str:
    """A package's name."""
    end = next((at for at, sign in enumerate(requirement) if sign in "[<>=!~ ("), None)
    return requirement[:end].lower()


def _environment() -> dict[str, str]:
    return {key: os.environ[key] for key in sorted(os.environ) if key.startswith(_VARIABLES)}


def _configuration(file: files.File) -> Any:  # noqa: ANN401
    """As data: what stands in its comments is nobody's business."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        found: Any = tomllib.loads(file.path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        return {"file": str(file), "fault": str(error)}
    for key in file.inside:
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return {"file": str(file), "says": found}


def of_cluster(of: Cluster) -> Iterator[Part]:
    yield (
        "cluster/access.json",
        lambda: {
            "context": of.context,
            "namespace": of.namespace,
            "server": of.access.way,
            "shown": of.access.shown,
        },
    )
    yield "cluster/version.json", lambda: of.get("/version")
    yield "cluster/groups.json", lambda: [one["name"] for one in of.get("/apis")["groups"]]
    yield "cluster/nodes.json", lambda: _slim(of.every("Node", everywhere=True))
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    yield "cluster/storageclasses.json", lambda: _slim(of.get(classes))
    yield "cluster/events.json", lambda: _slim(of.every("Event"))
    for kind in ("Job", "Pod"):
        yield f"cluster/{kind.lower()}s.json", partial(_ours, of, kind)


def _ours(of: Cluster, kind: str) -> list[Any]:
    return _slim(of.every(kind, f"{names.MANAGED_BY}=rankzero"))


def _slim(found: dict[str, Any]) -> list[Any]:
    """Without who wrote which field, and the images that a machine has, of which there are many."""
    for item in found["items"]:
        item.get("metadata", {}).pop("managedFields", None)
        if "nodeInfo" in item.get("status", {}):
            item["status"].pop("images", None)
    return list(found["items"])


def of_run(backend: Backend, info: RunInfo) -> Iterator[Part]:
    """Of no line that its ranks wrote, but for the last of one that failed, which are a part of
    its history."""
    folder = f"runs/{info.run}"
    yield f"{folder}/plan.json", lambda: dict(backend.submitted(info.run))
    yield f"{folder}/events.json", lambda: [one._asdict() for one in backend.events(info.run)]
    yield f"{folder}/why.json", lambda: _why(backend, info)
    yield (
        f"{folder}/agents.json",
        lambda: {name: said.splitlines() for name, said in backend.agents(info.run)},
    )


def _why(backend: Backend, info: RunInfo) -> dict[str, Any]:
    from rankzero.backends.facts import facts
    from rankzero.why import explain

    return explain(facts(backend, info.run, info.history)).to_json()


def had(part: Callable[[], Any]) -> Any:  # noqa: ANN401
    """What was asked for, or why it cannot be had."""
    try:
        return part()
    except Error as error:
        return {"fault": str(error.args[0]), "remedy": error.hint or ""}
    except OSError as error:
        return {"fault": str(error)}
