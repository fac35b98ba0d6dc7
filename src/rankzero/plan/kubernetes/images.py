"""The image that runs a job which names none: the one that holds what is installed here.

By what the registry's tags are called; whether one is there is seen when it is pulled.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: pytorch/pytorch: version -> the CUDA versions that its images are made for, and cuDNN's. A driver
#: runs images of its own CUDA's major version and older ones, so the first is one that most run.
_TORCH = {
    "2.10.0": ("12.8 12.6 13.0", 9),
    "2.9.1": ("12.8 12.6 13.0", 9),
    "2.9.0": ("12.8 12.6 13.0", 9),
    "2.8.0": ("12.8 12.6 12.9", 9),
    "2.7.1": ("12.6 12.8 11.8", 9),
    "2.7.0": ("12.6 12.8 11.8", 9),
    "2.6.0": ("12.4 12.6 11.8", 9),
    "2.5.1": ("12.4 12.1 11.8", 9),
    "2.5.0": ("12.4 12.1 11.8", 9),
    "2.4.1": ("12.4 12.1 11.8", 9),
    "2.4.0": ("12.4 12.1 11.8", 9),
    "2.3.1": ("12.1 11.8", 8),
    "2.3.0": ("12.1 11.8", 8),
    "2.2.2": ("12.1 11.8", 8),
    "2.2.1": ("12.1 11.8", 8),
    "2.2.0": ("12.1 11.8", 8),
    "2.1.2": ("12.1 11.8", 8),
    "2.1.1": ("12.1 11.8", 8),
    "2.1.0": ("12.1 11.8", 8),
    "2.0.1": ("11.7", 8),
    "2.0.0": ("11.7", 8),
    "1.13.1": ("11.6", 8),
}
#: tensorflow/tensorflow has an image of each release; this one is taken where none is installed.
_TENSORFLOW = "2.19.0"
_RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


class Chosen(NamedTuple):
    """why: for people, after the image's name."""

    image: str
    why: str


def default_image(framework: str, version: str | None, python: str, *, gpus: bool) -> Chosen:
    """The image for a framework. version: the installed one, None where there is none.
    python: this interpreter's, such as `3.11`. gpus: whether the nodes ask for some.

    Errors: LookupError, with the reason, where none is known.
    """
    if framework == "torch":
        return _torch(version)
    if framework == "tensorflow":
        return _tensorflow(version, gpus=gpus)
    if framework == "jax":
        raise LookupError("JAX is not published as images by version")
    return Chosen(f"python:{python}-slim", f"matches your Python {python}")


def _torch(version: str | None) -> Chosen:
    newest = next(iter(_TORCH))
    if version is None:
        return Chosen(_torch_image(newest), "the newest known; no torch is installed here")
    public, _, build = version.partition("+")
    if public in _TORCH:
        return Chosen(_torch_image(public, build), f"matches your torch {public}")
    mine = _numbers(public)
    older = [known for known in _TORCH if _numbers(known) <= mine]
    if not older:
        raise LookupError(f"torch {public} is older than any image that is known")
    which = "newest" if older[0] == newest else "nearest"
    return Chosen(_torch_image(older[0], build), f"the {which} known; your torch is {public}")


def _torch_image(version: str, build: str = "") -> str:
    """build: what the installed one is for, such as `cu128`."""
    cudas, cudnn = _TORCH[version]
    known = cudas.split()
    same = [cuda for cuda in known if build == "cu" + cuda.replace(".", "")]
    cuda = (same or known)[0]
    return f"pytorch/pytorch:{version}-cuda{cuda}-cudnn{cudnn}-runtime"


def _tensorflow(version: str | None, *, gpus: bool) -> Chosen:
    end = "-gpu" if gpus else ""
    if version is None:
        why = "no TensorFlow is installed here"
        return Chosen(f"tensorflow/tensorflow:{_TENSORFLOW}{end}", why)
    public = version.partition("+")[0]
    if not re.fullmatch(r"2\.\d+\.\d+(rc\d+)?", public):
        raise LookupError(f"TensorFlow {public} is no release of TensorFlow 2")
    return Chosen(f"tensorflow/tensorflow:{public}{end}", f"matches your TensorFlow {public}")


def _numbers(version: str) -> tuple[int, ...]:
    """For comparing; what is no version is older than any."""
    match = _RELEASE.match(version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
