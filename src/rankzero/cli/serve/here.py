"""`rankzero serve here`, or `rankzero serve app.py:Predictor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

EXAMPLES = """\b
  rankzero serve app.py:Predictor --model outputs/
  rankzero serve app.py:Predictor --check
  rankzero serve app.py:Predictor --workers 4 --host 0.0.0.0 --token-file token"""

#: What shapes a server wherever it runs, with the keys of `serving.settings.Settings`.
SHAPE = (
    click.option("--model", metavar="PATH", help="What the predictor's load gets."),
    click.option("--workers", type=int, metavar="N", help="Processes (default: 1)."),
    click.option("--max-batch", type=int, metavar="N", help="Inputs a batch (default: 32)."),
    click.option(
        "--batch-wait-ms",
        type=float,
        metavar="MS",
        help="How long the first of a batch may wait for others (default: 2).",
    ),
    click.option(
        "--queue", type=int, metavar="N", help="Requests a worker may have at once (default: 256)."
    ),
    click.option("--max-body", metavar="SIZE", help="Of a request (default: 10Mi)."),
    click.option("--timeout", metavar="TIME", help="For a request's answer (default: 30s)."),
    click.option("--grace", metavar="TIME", help="For the last answers (default: 30s)."),
    click.option(
        "--recycle-after",
        type=int,
        metavar="N",
        help="Replace a worker after so many requests: for predictors that leak.",
    ),
)


def shape_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """All of SHAPE."""
    for option in reversed(SHAPE):
        function = option(function)
    return function


@click.command(epilog=EXAMPLES)
@click.argument("predictor", metavar="FILE.py:CLASS")
@shape_options
@click.option("--host", metavar="ADDRESS", help="Where to listen (default: 127.0.0.1).")
@click.option("--port", type=int, metavar="N", help="0 finds a free one (default: 8000).")
@click.option("--token-file", metavar="FILE", help="With what every client has to say.")
@click.option("--no-token", is_flag=True, help="Anybody who can connect may use it.")
@click.option("--no-access-log", is_flag=True, help="No line for each request.")
@click.option("--check", is_flag=True, help="Load it, predict its samples, and leave.")
def command(predictor: str, check: bool, no_access_log: bool, **given: Any) -> int:  # noqa: ANN401
    """Serve a predictor on this machine.

    A predictor is a class with `predict(self, batch)`, and what it takes and gives: see the guide
    on serving. Requests and what else happens are lines of JSON on stdout. SIGTERM and Ctrl-C end
    the server once all that was taken is answered.

    Exit code: 0 after SIGTERM, 1 the predictor could not be loaded, 130 after Ctrl-C.
    """
    from rankzero.cli.moments import span
    from rankzero.errors import BadRequest
    from rankzero.serving.settings import Settings
    from rankzero.spec import units

    asked = {
        name: value for name, value in given.items() if value is not None and value is not False
    }
    for name in ("timeout", "grace"):
        if name in asked:
            asked[name] = span(asked[name], f"--{name}")
    if "max_body" in asked:
        try:
            asked["max_body"] = units.size(asked["max_body"])
        except ValueError as error:
            raise BadRequest(f'--max-body: "{asked["max_body"]}" {error}.') from None
    settings = Settings(predictor=predictor, access_log=not no_access_log, **asked)
    if check:
        from rankzero.serving.checking import try_samples

        return try_samples(settings)
    from rankzero.serving.keeping import serve

    return serve(settings)
