"""`rankzero image build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.image.options import trust_options
from rankzero.cli.options import OneOf, env_option, output_option

if TYPE_CHECKING:
    from rankzero.images.names import Name
    from rankzero.images.publishing import Asked
    from rankzero.images.registry.reach import Trust

_WORKDIR = "/app"
_EXAMPLES = """\b
  rankzero image build -t registry.lab/team/train:1
  rankzero image build -t ghcr.io/me/train:1 --base pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime -r requirements.txt
  rankzero image build src/ -t registry.lab/team/train:2 --platform linux/amd64,linux/arm64
  rankzero image build -t registry.lab/team/train:1 --builder docker --file Dockerfile"""  # noqa: E501


def _builders() -> tuple[str, ...]:
    from rankzero.images.daemons import BUILDERS

    return tuple(BUILDERS)


@click.command(epilog=_EXAMPLES)
@click.argument("folder", required=False, default=".", metavar="[FOLDER]")
@click.option("--tag", "-t", required=True, metavar="NAME", help="REGISTRY/NAME:TAG.")
@click.option("--base", metavar="IMAGE", help="What it stands on (default: that of jobs).")
@click.option(
    "--requirements",
    "-r",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Packages to lay on it, as pip reads them.",
)
@click.option(
    "--python",
    metavar="3.N|PATH",
    help="Which of the base's Pythons gets them (default: its first).",
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="NAME",
    help="linux/amd64, linux/arm64, ...; several make one image for all of them.",
)
@click.option("--workdir", default=_WORKDIR, metavar="PATH", help="Where the folder comes to lie.")
@click.option("--no-code", is_flag=True, help="Without the folder: packages alone.")
@click.option("--cmd", metavar="WORDS", help="What it runs where nothing else is said.")
@env_option
@trust_options
@click.option(
    "--insecure-base", is_flag=True, help="The same of the base's registry, if it is another one."
)
@click.option(
    "--builder",
    type=OneOf("builder", _builders),
    metavar="NAME",
    help="Let this one build a Dockerfile: docker, podman, buildah, buildctl.",
)
@click.option(
    "--file", "-f", type=click.Path(path_type=Path), metavar="FILE", help="The Dockerfile."
)
@click.option("--dry-run", is_flag=True, help="Build it, and send nothing.")
@output_option
def command(
    folder: str,
    tag: str,
    platforms: tuple[str, ...],
    builder: str | None,
    file: Path | None,
    dry_run: bool,
    output: str,
    trust: Trust,
    **given: Any,  # noqa: ANN401
) -> int:
    """Build an image and send it to its registry, without Docker.

    The base's layers stay where they are, or are copied from registry to registry once; what is
    laid on them is a layer a concern: packages, large files, code. The same input makes the same
    image, byte for byte. Nothing of it is run here: packages are wheels for the image's own Python.
    What .gitignore and .rankzeroignore name stays here, and so do secrets.

    JSON: name, digest, sent (bytes), seconds, images (platform, base, layers: what, digest, bytes,
    files, cached, note), left_out, notes.
    """
    from rankzero.images.names import to_push

    name = to_push(tag)
    if builder is not None:
        from rankzero.cli.image.daemons import build

        _check_builder(given, trust, output)
        return build(builder, str(name), Path(folder), file, platforms, dry_run=dry_run)
    if file is not None:
        from rankzero.errors import BadRequest

        raise BadRequest(
            "--file: nothing reads a Dockerfile here.", "Say who builds it: --builder docker"
        )
    return _build(_asked(name, folder, platforms, trust, given), dry_run, output)


def _check_builder(given: dict[str, Any], trust: Trust, output: str) -> None:
    """A Dockerfile says what options say otherwise. Errors: BadRequest."""
    from rankzero.errors import BadRequest

    said = {**given, "insecure": trust.insecure, "ca": trust.ca}
    said["workdir"] = said["workdir"] if said["workdir"] != _WORKDIR else None
    vain = [f"--{key.replace('_', '-')}" for key, value in said.items() if value]
    if output == "json":
        vain.append("--output json")
    if vain:
        raise BadRequest(
            f"{', '.join(vain)}: with --builder the Dockerfile, and the builder's own settings, "
            "say that."
        )


def _asked(
    name: Name, folder: str, platforms: tuple[str, ...], trust: Trust, given: dict[str, Any]
) -> Asked:
    """Errors: BadRequest."""
    from rankzero.backends.home import no_code
    from rankzero.backends.kubernetes.images import fallback
    from rankzero.cli.options import pairs
    from rankzero.errors import BadRequest
    from rankzero.images import names
    from rankzero.images import platforms as known
    from rankzero.images.building import Recipe
    from rankzero.images.publishing import Asked

    requirements = given["requirements"]
    if requirements is not None and not requirements.is_file():
        raise BadRequest(f"--requirements: there is no file {requirements}.")
    if not given["no_code"] and not Path(folder).is_dir():
        raise BadRequest(f"there is no folder {folder}.")
    recipe = Recipe(
        folder=None if given["no_code"] else Path(folder),
        requirements=requirements,
        python=given["python"],
        workdir=_absolute(given["workdir"]),
        command=_words(given["cmd"] or ""),
        env=pairs(given["env"]) if given["env"] else {},
        skip=tuple(no_code(None)),
    )
    wanted = [word for one in platforms for word in one.split(",")]
    base = names.parse(given["base"] or fallback())
    made_for = tuple(dict.fromkeys(map(known.parse, wanted)))
    base_trust = trust._replace(insecure=given["insecure_base"])
    return Asked(name, base, recipe, made_for, trust, base_trust)


def _words(cmd: str) -> tuple[str, ...]:
    import shlex

    from rankzero.errors import BadRequest

    try:
        return tuple(shlex.split(cmd))
    except ValueError as error:
        raise BadRequest(f"--cmd: {cmd} is no command: {error}.") from None


def _absolute(workdir: str) -> str:
    from rankzero.errors import BadRequest

    if not workdir.startswith("/") or ".." in workdir.split("/"):
        raise BadRequest(f'--workdir: "{workdir}" is no path in an image, such as /app.')
    return workdir


def _build(asked: Asked, dry: bool, output: str) -> int:
    import time

    from rankzero.backends.base import Fetching
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.bar import Bar
    from rankzero.cli.show.images import built_json, say_built
    from rankzero.images import cache
    from rankzero.images.publishing import publish

    began = time.monotonic()
    bar = Bar(terminal.err(), "layers")
    try:
        built = publish(
            asked,
            cache.Cache(cache.home()),
            dry=dry,
            told=lambda far: bar.show(Fetching(far.done, far.total, far.contents)),
        )
    finally:
        bar.clear()
    took = time.monotonic() - began
    if output == "json":
        programs.print_json({**built_json(built), "seconds": round(took, 3)})
    else:
        say_built(terminal.out(), terminal.err(), built, took)
    return 0
