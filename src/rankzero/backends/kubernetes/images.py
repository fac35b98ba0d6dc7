"""Which image each role runs: its own, RANKZERO_IMAGE, or one that matches what is installed."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from rankzero.errors import BadRequest
from rankzero.plan.kubernetes.images import Chosen, default_image

if TYPE_CHECKING:
    from rankzero.spec.model import Job

#: What runs where a job names no image.
IMAGE = "RANKZERO_IMAGE"
#: The packages that a framework may have come as.
_PACKAGES = {"torch": ("torch",), "tensorflow": ("tensorflow", "tensorflow-cpu")}


def with_images(job: Job, framework: str) -> tuple[Job, str]:
    """The job with an image for each role, and which they are, with the reason, for people.

    Errors: BadRequest where a role names none, and none can be chosen for it.
    """
    chosen = {name: _image(job, name, framework) for name in job.roles}
    roles = {
        name: role.model_copy(update={"image": chosen[name].image})
        for name, role in job.roles.items()
    }
    said = [f"{one.image} ({one.why})" if one.why else one.image for one in chosen.values()]
    return job.model_copy(update={"roles": roles}), ", ".join(dict.fromkeys(said))


def fallback() -> str:
    """For a pod that needs nothing but Python, where no job says which."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return os.environ.get(IMAGE) or default_image("plain", None, python, gpus=False).image


def _image(job: Job, name: str, framework: str) -> Chosen:
    role = job.roles[name]
    if role.image is not None:
        return Chosen(role.image, "")
    if os.environ.get(IMAGE):
        return Chosen(os.environ[IMAGE], f"from {IMAGE}")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        return default_image(framework, _installed(framework), python, gpus=bool(role.gpus))
    except LookupError as reason:
        which = "" if len(job.roles) == 1 else f" for {name}"
        raise BadRequest(
            f"image: a cluster needs one{which}, and none can be chosen: {reason.args[0]}.",
            f"Name it: --image REGISTRY/NAME:TAG, or for all runs: export {IMAGE}=...",
        ) from None


def _installed(framework: str) -> str | None:
    """The version beside rankzero, or in the virtual environment that is active; nothing is
    imported."""
    for path in (_active_environment(), sys.path):
        for package in _PACKAGES.get(framework, ()):
            for found in metadata.distributions(name=package, path=path):
                return found.version
    return None


def _active_environment() -> list[str]:
    """Where its packages lie; rankzero itself may be installed elsewhere."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = os.environ.get(name)
        if prefix and Path(prefix).is_dir() and not Path(prefix).samefile(sys.prefix):
            return sorted(map(str, Path(prefix).glob("lib/python3*/site-packages")))
    return []
