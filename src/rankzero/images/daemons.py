"""Tools that build a Dockerfile, where somebody has one: what they are told. Pure but for `run`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rankzero.errors import BadRequest, Refused
from rankzero.spec.problems import did_you_mean


class Order(NamedTuple):
    """name: what the image is called. file: the Dockerfile."""

    name: str
    folder: Path
    file: Path
    platforms: tuple[str, ...] = ()


def _docker(order: Order) -> list[list[str]]:
    platforms = ["--platform", ",".join(order.platforms)] if order.platforms else []
    common = ["--file", str(order.file), "--tag", order.name, *platforms, str(order.folder)]
    if len(order.platforms) > 1:  # which only goes to a registry at once
        return [["docker", "buildx", "build", "--push", *common]]
    return [["docker", "build", *common], ["docker", "push", order.name]]


def _podman(order: Order) -> list[list[str]]:
    return _one_by_one("podman", order)


def _buildah(order: Order) -> list[list[str]]:
    return _one_by_one("buildah", order)


def _one_by_one(program: str, order: Order) -> list[list[str]]:
    where = ["--file", str(order.file)]
    if len(order.platforms) > 1:
        several = ["--platform", ",".join(order.platforms), "--manifest", order.name]
        pushed = [program, "manifest", "push", "--all", order.name, f"docker://{order.name}"]
        return [[program, "build", *where, *several, str(order.folder)], pushed]
    platforms = ["--platform", *order.platforms] if order.platforms else []
    built = [program, "build", *where, "--tag", order.name, *platforms, str(order.folder)]
    return [built, [program, "push", order.name]]


def _buildctl(order: Order) -> list[list[str]]:
    opts = ["--opt", f"filename={order.file.name}"]
    opts += ["--opt", f"platform={','.join(order.platforms)}"] if order.platforms else []
    local = [f"context={order.folder}", f"dockerfile={order.file.parent}"]
    places = [word for one in local for word in ("--local", one)]
    to = ["--output", f"type=image,name={order.name},push=true"]
    return [["buildctl", "build", "--frontend", "dockerfile.v0", *places, *opts, *to]]


BUILDERS: dict[str, Callable[[Order], list[list[str]]]] = {
    "docker": _docker,
    "podman": _podman,
    "buildah": _buildah,
    "buildctl": _buildctl,
}


def commands(builder: str, order: Order) -> list[list[str]]:
    """What is run, one after the other. Errors: BadRequest for a builder that nobody knows."""
    if builder not in BUILDERS:
        raise BadRequest(f'--builder: there is no "{builder}"{did_you_mean(builder, BUILDERS)}')
    return BUILDERS[builder](order)


def run(builder: str, order: Order) -> None:
    """Its output goes where ours does. Errors: BadRequest where it, or the file, is not there;
    Refused where it fails."""
    steps = commands(builder, order)
    if not order.file.is_file():
        raise BadRequest(f"there is no Dockerfile {order.file}.", "Name it: --file FILE")
    if shutil.which(builder) is None:
        raise BadRequest(
            f"{builder} is not installed, or not on the PATH.",
            "Install it; or build without one: leave --builder out",
        )
    for words in steps:
        done = subprocess.run(words, check=False)  # noqa: S603 - what the user has named
        if done.returncode:
            raise Refused(f"{' '.join(words[:2])} ended with {done.returncode}; see above.")
