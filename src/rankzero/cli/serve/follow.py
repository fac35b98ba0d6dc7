"""A version on its way to its first request, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankzero.agent import exits
from rankzero.cli.show import programs, terminal
from rankzero.cli.show.services import say_reach, service_json
from rankzero.cli.show.waiting import Waiting

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.services.following import Outcome
    from rankzero.backends.kubernetes.services.model import Service


def until_ready(
    cluster: Cluster, name: str, generation: int, wait: float, *, quiet: bool = False
) -> Outcome:
    """Show what it waits for; returns how it went. quiet: show nothing.

    Errors: KeyboardInterrupt, after a word on what goes on.
    """
    from rankzero.backends.kubernetes.services.following import Following

    waiting = Waiting(terminal.err(), "")
    try:
        with Following(cluster, name) as following:
            steps = following.until_ready(generation, wait)
            while True:
                try:
                    found = next(steps)
                except StopIteration as end:
                    outcome: Outcome = end.value
                    break
                if not quiet and found.standing.waiting:
                    waiting.show(found.standing)
    except KeyboardInterrupt:
        waiting.clear()
        terminal.err().say(
            f"  {name} goes on; look at it: rankzero serve status {cluster.called(name)}"
        )
        raise
    waiting.clear()
    return outcome


def why(outcome: Outcome, wait: float) -> str:
    """Why it is not ready, in one line."""
    place = outcome.place
    pod = f"{place.node}: {place.text}" if place is not None and place.text else ""
    late = f"not ready within {wait:g} s" if outcome.late else ""
    return "; ".join(filter(None, (late, pod))) or "not ready"


def say_ready(found: Service) -> None:
    """That it serves, and where."""
    screen = terminal.err()
    version = f"version {found.version}"
    pods = f"{found.ready}/{found.wanted} pods ready"
    screen.say(screen.paint(f"✓ {found.name} serves {version}, {pods}", terminal.GREEN))
    say_reach(terminal.out(), found)


def say_failed(what: str, outcome: Outcome, wait: float) -> None:
    """Why it does not serve, and what to do about it. what: a service, or a version of it."""
    screen = terminal.err()
    screen.say(screen.paint(f"✗ {what} does not serve: {why(outcome, wait)}", terminal.RED))
    trouble = None if outcome.place is None else outcome.place.trouble
    if trouble is None:
        return
    for line in trouble.evidence:
        screen.say(f"  evidence  {line}")
    if trouble.remedy:
        screen.say(f"  remedy    {trouble.remedy}")


def outcome_json(outcome: Outcome, wait: float, **more: object) -> dict[str, Any]:
    """A service and how it went: what `service_json` has, with became_ready, why (null where it
    is), cause and remedy (null where they are not known)."""
    trouble = None if outcome.place is None else outcome.place.trouble
    return {
        **service_json(outcome.service),
        "became_ready": outcome.ready,
        "why": None if outcome.ready else why(outcome, wait),
        "cause": None if trouble is None or outcome.ready else trouble.cause,
        "remedy": None if trouble is None or outcome.ready else trouble.remedy,
        **more,
    }


def code(outcome: Outcome) -> int:
    return exits.DONE if outcome.ready else exits.JOB_FAILED


def print_outcome(outcome: Outcome, wait: float, **more: object) -> None:
    programs.print_json(outcome_json(outcome, wait, **more))
