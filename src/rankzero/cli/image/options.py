"""What the verbs of images share: how far a registry is trusted."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Verb = Callable[..., Any]


def trust_options(verb: Verb) -> Verb:
    """`--insecure` and `--ca`, which a verb gets as `trust`."""

    @functools.wraps(verb)
    def told(*args: Any, insecure: bool, ca: Path | None, **given: Any) -> Any:  # noqa: ANN401
        from rankzero.images.registry.reach import Trust

        return verb(*args, trust=Trust(insecure, ca), **given)

    for option in (
        click.option(
            "--ca",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Certificates of who signed the registry's, beside those that are trusted here.",
        ),
        click.option("--insecure", is_flag=True, help="Also without TLS, or with any certificate."),
    ):
        told = option(told)
    return told
