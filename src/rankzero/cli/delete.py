"""`rankzero delete`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import (
    NAMING,
    look_options,
    output_option,
    runs_argument,
    selector_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rankzero.backends.places import Where


@click.command(epilog=NAMING)
@runs_argument
@selector_option
@click.option("--all", "every", is_flag=True, help="All runs that have ended.")
@click.option("--older-than", metavar="AGE", help="Only those submitted so long ago: 7d, 12h.")
@click.option("--force", is_flag=True, help="Stop first what has not ended.")
@look_options
@output_option
def command(
    runs: tuple[str, ...],
    labels: tuple[str, ...],
    every: bool,
    older_than: str | None,
    force: bool,
    output: str,
    where: Where,
) -> int:
    """Remove all that is left of runs that have ended.

    With their history, logs and outputs (not a folder that the job named itself). Refuses,
    before anything is removed, while one of them is going on; --force stops it first. --all and
    --older-than leave those that go on alone.

    What a job keeps on a volume stays there. Exit code 3: some place could not be asked for what is
    selected.

    JSON: `deleted`, a list of ids.
    """
    from rankzero.cli.moments import moment
    from rankzero.cli.select import chosen
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.until import until_end
    from rankzero.errors import BadRequest, Refused

    before = moment(older_than, option="--older-than")
    picked = chosen(runs, labels, every or before is not None, where)
    found = list(picked)
    if before is not None:
        found = [pair for pair in found if pair[1].created < before]
    if (every or before is not None) and not force:
        found = [pair for pair in found if pair[1].finished]
    going = [(backend, info) for backend, info in found if not info.finished]
    if going and not force:
        which = ", ".join(info.run for _, info in going)
        raise BadRequest(
            f"Not ended yet: {which}. Nothing was deleted.",
            f"Stop first: rankzero stop {' '.join(info.run for _, info in going)}  (or --force)",
        )
    for backend, info in going:
        backend.stop(info.run)
    for backend, info in going:
        until_end(backend, info.run)
    left: list[str] = []
    for backend, info in found:
        with suppress(Refused):  # of a run whose plan is torn nothing is known
            left += _left(backend.submitted(info.run), info.run)
        backend.delete(info.run)
    if output == "json":
        programs.print_json({"deleted": [info.run for _, info in found]})
        return picked.code
    for _, info in found:
        terminal.out().say(f"deleted {info.run}")
    for line in left:
        terminal.err().say(f"  note: {line}")
    if not found:
        terminal.out().say("No run is selected; nothing was deleted.")
    return picked.code


def _left(plan: Mapping[str, Any], run: str) -> Iterator[str]:
    """What stays of a run on volumes, and how it is found. plan: as submitted."""
    if plan.get("backend") == "local":
        return
    job = plan.get("job", {})
    for what, option in (("logs", "--log-volume"), ("outputs", "--output-volume")):
        named = job.get(option[2:].replace("-", "_"))
        if named is not None:
            source = (job.get("volumes") or {}).get(named) or {"claim": named}
            where = source.get("claim") or source.get("nfs")
            inner = f"/{source['sub_path']}" if source.get("sub_path") else ""
            yield f"its {what} stay on a volume: rankzero {what} {run} {option} {where}{inner}"
