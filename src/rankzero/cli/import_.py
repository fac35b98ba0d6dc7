"""`rankzero import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rankzero.cli.options import long_output_option
from rankzero.cli.serve.options import REST, WithCommand

if TYPE_CHECKING:
    from rankzero.importing import Imported

_HOW = "As in: rankzero import pytorchjob.yaml, or rankzero import -- torchrun train.py"
_EXAMPLES = """\b
  rankzero import pytorchjob.yaml -o job.yaml
  rankzero import -- torchrun --nproc-per-node 2 train.py --epochs 5
  rankzero import values.yaml --run "train.py --data /data"
  kubectl get tfjob mnist -o yaml | rankzero import -"""


@click.command(cls=WithCommand, epilog=_EXAMPLES)
@click.argument("file", required=False, type=click.Path(allow_dash=True))
@click.option("--to", "-o", metavar="FILE", help="Write the job file there, and do not print it.")
@click.option("--force", is_flag=True, help="Also where there is such a file already.")
@click.option("--run", metavar="TEXT", help="What is run, where the source does not say it.")
@long_output_option
@click.pass_context
def command(
    ctx: click.Context, file: str | None, to: str | None, force: bool, run: str | None, output: str
) -> int:
    """Make a job file of what starts a training today.

    FILE is a PyTorchJob, a TFJob or a Job of Kubernetes, or the values of a Helm chart with
    parameter servers; - is standard input. CMD is a command line of torchrun or mpirun. Nothing
    of it is run. What a job file cannot say is told on standard error, with its place and with
    what stands in its place.

    JSON: source, kind, job (the job file as data), text (the same as YAML), notes (each with
    source, line, column, path, what, instead), before_run (what still keeps it from running).
    """
    from rankzero.cli.show import programs
    from rankzero.importing.obstacles import obstacles

    if to is not None:
        _check_target(to, force)
    made = _imported(file, ctx.meta[REST], run)
    if to is not None:
        _write(Path(to), made.text)
    missing = obstacles(made, Path(to).parent if to else Path())
    if output == "json":
        programs.print_json({**made.to_json(), "before_run": missing})
    else:
        _say(made, to, missing)
    return 0


def _check_target(to: str, force: bool) -> None:
    from rankzero.errors import BadRequest

    if to in ("json", "text"):
        raise BadRequest(f"-o names the file to write; got {to}.", f"Say --output {to}")
    if Path(to).exists() and not force:
        raise BadRequest(f"{to} is there already; nothing was written.", "Write over it: --force")


def _imported(file: str | None, words: list[str], run: str | None) -> Imported:
    from rankzero import importing
    from rankzero.errors import BadRequest
    from rankzero.spec.reading import read_file

    if (file is None) == (not words):
        raise BadRequest("say one thing to import: a file, or a command after --.", _HOW)
    if file is not None and not words and " " in file and not Path(file).exists():
        return importing.from_words([file])  # a command line in quotes
    if file is None:
        if run is not None:
            raise BadRequest("--run is for files; a command line says what it runs.", _HOW)
        return importing.from_words(words)
    if file == "-":
        return importing.from_text(_read_input(), "standard input", run)
    return importing.from_text(read_file(file), file, run)


def _read_input() -> str:
    from rankzero.errors import BadRequest
    from rankzero.spec.reading import LARGEST

    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadRequest("standard input is larger than 1 MiB, which no such file needs to be.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("standard input is not UTF-8 text.") from None


def _write(path: Path, text: str) -> None:
    from rankzero.errors import Refused

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from None


def _say(made: Imported, to: str | None, missing: list[str]) -> None:
    from rankzero.cli.show import terminal

    screen = terminal.err()
    if to is None:
        terminal.out().say(made.text.rstrip("\n"))
    else:
        kind = "" if made.kind == made.source else f" ({made.kind})"
        screen.say(f"{to}: the job of {made.source}{kind}")
    if made.notes:
        screen.say(f"{made.source}: not carried over as it was:")
    for note in made.notes:
        screen.say(screen.paint(f"  {note}", terminal.YELLOW))
    for text in missing:
        screen.say(screen.paint(f"  before it runs: {text}", terminal.YELLOW))
    if to is not None and not missing:
        screen.say(f"See what it would be: rankzero run {to} --dry-run")
