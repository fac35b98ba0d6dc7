"""`rankzero schema`."""

from __future__ import annotations

import click

from rankzero.cli.options import output_option


@click.command()
@click.argument("what", type=click.Choice(["job", "pipeline"]), default="job")
@output_option
def command(what: str, output: str) -> int:
    """Print the JSON Schema of a job file.

    For editors: they then complete a job file's keys, and mark what is wrong. With
    `# yaml-language-server: $schema=FILE` in its first line a job file names it itself. That of a
    pipeline file: `rankzero schema pipeline`.

    JSON: the schema; there is no other form.
    """
    from rankzero.cli.show.programs import print_json

    if what == "job":
        from rankzero.spec import json_schema
    else:
        from rankzero.spec.pipelines.schema import json_schema
    print_json(json_schema())
    return 0
