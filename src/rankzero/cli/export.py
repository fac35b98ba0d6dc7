"""`rankzero export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import long_output_option
from rankzero.cli.run import RunCommand, asked, job_options, titled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rankzero.export.model import Code, Files, Outline
    from rankzero.spec.model import Job

_FORMS = ("yaml", "kustomize", "helm", "jobset", "pytorchjob", "trainjob", "argo", "kfp")
_EXAMPLES = """\b
  rankzero export yaml job.yaml -o manifests
  rankzero export helm job.yaml -o chart --set epochs=10
  rankzero export kustomize train.py --nodes 2 --nproc 2 -o deploy -- --lr 0.01"""


_files = titled(
    "Files",
    click.argument("form", type=click.Choice(_FORMS), metavar="FORM"),
    click.option(
        "--to",
        "-o",
        "folder",
        type=click.Path(path_type=Path),
        metavar="DIR",
        required=True,
        help="The folder for the files; new, or empty.",
    ),
    click.option("--force", is_flag=True, help="Write into a folder that has files; those stay."),
    click.option(
        "--code-folder",
        metavar="PATH",
        help="The image has the code, in this folder (default: a ConfigMap has it).",
    ),
    click.option(
        "--on",
        default="kubernetes",
        metavar="PLACE",
        help="The place whose defaults for jobs hold (default: kubernetes).",
    ),
)


@click.command(cls=RunCommand, epilog=_EXAMPLES)
@_files
@job_options
@long_output_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    form: str,
    folder: Path,
    force: bool,
    code_folder: str | None,
    on: str,
    output: str,
    **given: Any,  # noqa: ANN401
) -> int:
    """Write a job as files for Kubernetes that run without rankzero.

    FORM is yaml (for kubectl apply), kustomize (a base and an overlay) or helm (a chart), of
    Indexed Jobs; or jobset, pytorchjob, trainjob, argo or kfp, for clusters that know those. TARGET
    and the options say the job, as for `rankzero run`. There are a ConfigMap with the folder and a
    README with the commands, and with what of the job only rankzero can do.

    JSON: form, folder, files (paths in it), image, notes (what, instead), left_out.
    """
    from rankzero.cli.show import programs
    from rankzero.export.forms import files, noted

    outline, image = _outline(asked(ctx, given), folder, code_folder, on)
    outline = noted(form, outline)
    made = files(form, outline)
    _write(folder, made, force)
    if output == "json":
        notes = [note._asdict() for note in outline.notes]
        left_out = [] if outline.code is None else list(outline.code.left_out)
        about = {"form": form, "folder": str(folder.absolute()), "files": list(made)}
        programs.print_json({**about, "image": image, "notes": notes, "left_out": left_out})
    else:
        _say(folder, made, outline, image)
    return 0


def _outline(
    said: Mapping[str, Any], folder: Path, code_folder: str | None, on: str
) -> tuple[Outline, str]:
    """The outline, and which images it has and why. folder: where it will be written, which is
    no code. Errors: BadRequest, Refused."""
    from rankzero import backends, spec
    from rankzero.backends.kubernetes.images import with_images
    from rankzero.errors import BadRequest
    from rankzero.export.outline import outline

    if code_folder is not None and not code_folder.startswith("/"):
        raise BadRequest(f"--code-folder: {code_folder} is no absolute path.", "As in: /app")
    defaults = backends.config().defaults_at(on)
    job = spec.from_target(**said, marked=True, defaults=defaults)
    found = spec.detect(job)
    job, image = with_images(job, found.framework)
    code = None if code_folder else _code(job, folder)
    return outline(job, found.framework, code, code_folder), image


def _code(job: Job, folder: Path) -> Code:
    from rankzero import spec
    from rankzero.backends.home import no_code
    from rankzero.code.contents import contents
    from rankzero.export.code import MOST, SMALLER, code_of

    scripts = map(str, spec.entry_files(job))
    inside = not Path(job.workdir).is_relative_to(folder.absolute())
    skip = [*no_code(job.outputs), *([folder.absolute()] if inside else ())]
    found = contents(job.workdir, *scripts, skip=skip, most=MOST, advice=SMALLER)
    left_out = (*(f"{name} (a secret)" for name in found.left_out), *found.notes)
    return code_of(found.files, found.programs)._replace(left_out=left_out)


def _write(folder: Path, made: Files, force: bool) -> None:
    """Errors: BadRequest where the folder has files already, Refused by the disk."""
    from rankzero.errors import BadRequest, Refused

    try:
        if not force and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadRequest(
                f"{folder} is there already, and not an empty folder.",
                "Name another one, or write over what has the same names: --force",
            )
        for name, content in made.items():
            path = folder / name
            if not path.resolve().is_relative_to(folder.resolve()):
                raise BadRequest(f"{path} is a link that leads out of {folder}.", "Remove it.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise Refused(f"cannot write {error.filename or folder}: {error.strerror}.") from error


def _say(folder: Path, made: Files, outline: Outline, image: str) -> None:
    from rankzero.cli.show import terminal

    screen = terminal.out()
    screen.say(f"{folder}  {len(made)} files · {outline.framework} · {image}")
    for note in outline.notes:
        screen.say(f"  {note.what}: {note.instead}")
    if outline.code is not None and outline.code.left_out:
        screen.say(f"  left out: {', '.join(outline.code.left_out)}")
    screen.say(f"  what to type is in {folder / 'README.md'}")
