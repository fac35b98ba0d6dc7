"""The image that runs a job which names none: the one that holds what is installed here.

A name is made only for the releases in the tables below, whose images are all in public use: some
releases have none, and nobody but a pull could tell. Any other release gets the nearest older
one that is known, or where there is none an error; the plan line says which, and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

#: pytorch/pytorch: release -> the CUDA versions that it has images for, and cuDNN's. PyTorch makes
#: one for each CUDA that it builds a release for (its RELEASE.md, "Release Compatibility Matrix").
#: The first one here is what `pip install torch` brings, but for 1.13, whose 11.7 has none.
#: Jobs without GPUs get it, too: without CUDA there is one for arm64 only, in another registry.
TORCH = {
    "2.14.1": ("13.0 12.6 13.2", 9),
    "2.14.0": ("13.0 12.6 13.2", 9),
    "2.13.0": ("13.0 12.6 13.2", 9),
    "2.12.1": ("13.0 12.6 13.2", 9),
    "2.12.0": ("13.0 12.6 13.2", 9),
    "2.11.0": ("13.0 12.6 12.8", 9),
    "2.10.0": ("12.8 12.6 13.0", 9),
    "2.9.1": ("12.8 12.6 13.0", 9),
    "2.9.0": ("12.8 12.6 13.0", 9),
    "2.8.0": ("12.8 12.6 12.9", 9),
    "2.7.1": ("12.6 12.8 11.8", 9),
    "2.7.0": ("12.6 12.8 11.8", 9),
    "2.6.0": ("12.4 12.6 11.8", 9),
    "2.5.1": ("12.4 12.1 11.8", 9),
    "2.5.0": ("12.4 12.1 11.8", 9),
    "2.4.1": ("12.1 12.4 11.8", 9),
    "2.4.0": ("12.1 12.4 11.8", 9),
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
    "1.13.0": ("11.6", 8),
}
#: tensorflow/tensorflow: releases with images, one without CUDA and one with it (`-gpu`). Of
#: 2.12.1, 2.13.1, 2.14.1, 2.15.1, 2.17.1, 2.18.1 and 2.19.1 there are none.
TENSORFLOW = (
    *("2.21.0", "2.20.0", "2.19.0", "2.18.0", "2.17.0", "2.16.2", "2.16.1"),
    *("2.15.0.post1", "2.15.0", "2.14.0", "2.13.0", "2.12.0", "2.11.1", "2.11.0"),
    *("2.10.1", "2.10.0", "2.9.3", "2.9.2", "2.9.1", "2.9.0"),
)
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
        release, why = _nearest("TensorFlow", version, TENSORFLOW)
        return Chosen(f"tensorflow/tensorflow:{release}{'-gpu' if gpus else ''}", why)
    if framework == "jax":
        raise LookupError("JAX is not published as images by version")
    if framework == "mpi":
        raise LookupError("MPI is not published as images that all would take")
    return Chosen(f"python:{python}-slim", f"matches your Python {python}")


def _torch(version: str | None) -> Chosen:
    """version may end with what it is made for, such as `+cu128`."""
    build = (version or "").partition("+")[2]
    if build.startswith(("rocm", "xpu")):
        raise LookupError(f"torch {version} is not made for CUDA, as all known images are")
    release, why = _nearest("torch", version, TORCH)
    cudas, cudnn = TORCH[release]
    known = cudas.split()
    same = [cuda for cuda in known if build == "cu" + cuda.replace(".", "")]
    cuda = (same or known)[0]
    return Chosen(f"pytorch/pytorch:{release}-cuda{cuda}-cudnn{cudnn}-runtime", why)


def _nearest(what: str, version: str | None, known: Iterable[str]) -> tuple[str, str]:
    """Of the known releases, newest first, the one to take for an installed version, and why."""
    newest = next(iter(known))
    if version is None:
        return newest, f"the newest known; no {what} is installed here"
    public = version.partition("+")[0]
    if public in known:
        return public, f"matches your {what} {public}"
    mine = _numbers(public)
    older = next((one for one in known if _numbers(one) <= mine), None)
    if older is None:
        raise LookupError(f"{what} {public} is older than any image that is known")
    which = "newest" if older == newest else "nearest"
    return older, f"the {which} known; your {what} is {public}"


def _numbers(version: str) -> tuple[int, ...]:
    """For comparing; what is no version is older than any."""
    match = _RELEASE.match(version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()
