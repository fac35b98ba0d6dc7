"""`rankzero serve why`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve.options import having, look_options, name_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rankzero.backends.places import Where
    from rankzero.backends.services.model import Service
    from rankzero.cli.show.terminal import Screen
    from rankzero.why.blocked import Trouble


@click.command()
@name_argument
@look_options
@output_option
def command(name: str, output: str, where: Where) -> int:
    """Say why pods of a service are not ready.

    Each reason once, with its pods, its evidence, and what to do about it; and why their number
    does not follow the load, where it should.

    JSON: service, state and `causes`, a list with cause (a stable word, or null where the pods are
    on their way), title, pods (none where it is about their number), evidence, remedy.
    """
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.services import head

    found = having(name, where).one(name)
    causes = list(_causes(found))
    if output == "json":
        programs.print_json({"service": name, "state": found.state, "causes": causes})
        return 0
    screen = terminal.out()
    screen.say(head(found))
    for cause in causes:
        _say(screen, cause)
    if not causes:
        screen.say(
            "  nothing is wrong with it" if found.here else "  nothing is wrong with its pods"
        )
    return 0


def _causes(found: Service) -> Iterator[dict[str, Any]]:
    for pods, place in found.standing.grouped():
        trouble = place.trouble
        yield _cause(place.text, pods, trouble)
    if found.scaling is not None and (trouble := found.scaling.trouble) is not None:
        yield _cause(trouble.text, [], trouble)


def _cause(title: str, pods: list[str], trouble: Trouble | None) -> dict[str, Any]:
    return {
        "cause": None if trouble is None else trouble.cause,
        "title": title,
        "pods": pods,
        "evidence": [] if trouble is None else list(trouble.evidence),
        "remedy": "" if trouble is None else trouble.remedy,
    }


def _say(screen: Screen, cause: dict[str, Any]) -> None:
    from rankzero.cli.show.lines import visible
    from rankzero.why.blocked import listed

    about = listed(cause["pods"]) or "scaling"
    screen.say(f"  {about}: {visible(cause['title'])}")
    for line in cause["evidence"]:
        screen.say(f"    evidence  {visible(line)}")
    if cause["remedy"]:
        screen.say(f"    remedy    {visible(cause['remedy'])}")
