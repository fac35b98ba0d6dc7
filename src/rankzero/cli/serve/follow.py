"""A version on its way to its first request, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rankzero.agent import exits
from rankzero.cli.show import programs, terminal
from rankzero.cli.show.lines import visible
from rankzero.cli.show.services import say_reach, service_json
from rankzero.cli.show.waiting import Waiting

if TYPE_CHECKING:
    from rankzero.backends.services.kept import Kept
    from rankzero.backends.services.model import Changed, Outcome, Service

#: How long the version before may take to serve again, which it did all the time on a cluster
#: (seconds).
_BACK = 60.0


def until_ready(place: Kept, name: str, changed: Changed, *, quiet: bool = False) -> Outcome:
    """Show what it waits for; returns how it went. quiet: show nothing.

    Errors: KeyboardInterrupt, after a word on what goes on.
    """
    waiting = Waiting(terminal.err(), "")
    steps = place.until_ready(name, changed)
    try:
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
            f"  {name} goes on; look at it: rankzero serve status {place.called(name)}"
        )
        raise
    waiting.clear()
    return outcome


def see_through(place: Kept, name: str, changed: Changed, *, undoes: bool, output: str) -> int:
    """To its first answer; where that does not come, back to the version before. The exit code."""
    quiet = output == "json"
    outcome = until_ready(place, name, changed, quiet=quiet)
    what = list(changed.what)
    if outcome.ready:
        if quiet:
            print_outcome(outcome, changed.wait, changes=what, undone=False)
        else:
            say_ready(outcome.service)
        return code(outcome)
    if not quiet:
        say_failed(f"the new version of {name}", outcome, changed.wait)
    undone = (
        undoes
        and bool(changed.before)
        and _undo(place, name, changed, outcome.why(changed.wait), quiet)
    )
    if quiet:
        print_outcome(outcome, changed.wait, changes=what, undone=undone)
    return code(outcome)


def _undo(place: Kept, name: str, changed: Changed, why: str, quiet: bool) -> bool:
    """Whether it was taken back."""
    screen = terminal.err()
    back = place.undo_own(name, changed, why)
    if back is None:
        screen.say(f"  {name} was changed by somebody else since, so it was left alone")
        return False
    outcome = until_ready(place, name, back._replace(wait=_BACK), quiet=quiet)
    if not quiet:
        serves = "serves on" if place.serves_on else "serves again"
        if outcome.ready:
            said = f"undone: version {changed.before} {serves}, as version"
            screen.say(f"  {said} {outcome.service.version}")
        else:
            said = f"version {changed.before} was put back, and does not serve either"
            screen.say(f"  {said}: {visible(outcome.why(_BACK))}")
    return True


def say_ready(found: Service) -> None:
    """That it serves, and where."""
    screen = terminal.err()
    does = "serves" if found.wanted else "is at rest, at"
    pods = "" if found.here else f", {found.ready}/{found.wanted} pods ready"
    screen.say(screen.paint(f"✓ {found.name} {does} version {found.version}{pods}", terminal.GREEN))
    say_reach(terminal.out(), found)


def say_failed(what: str, outcome: Outcome, wait: float) -> None:
    """Why it does not serve, and what to do about it. what: a service, or a version of it."""
    screen = terminal.err()
    why = visible(outcome.why(wait))
    screen.say(screen.paint(f"✗ {what} does not serve: {why}", terminal.RED))
    trouble = None if outcome.place is None else outcome.place.trouble
    if trouble is None:
        return
    for line in trouble.evidence:
        screen.say(f"  evidence  {visible(line)}")
    if trouble.remedy:
        screen.say(f"  remedy    {visible(trouble.remedy)}")


def outcome_json(outcome: Outcome, wait: float, **more: object) -> dict[str, Any]:
    """A service and how it went: what `service_json` has, with became_ready, why (null where it
    is), cause and remedy (null where they are not known)."""
    trouble = None if outcome.place is None else outcome.place.trouble
    return {
        **service_json(outcome.service),
        "became_ready": outcome.ready,
        "why": None if outcome.ready else outcome.why(wait),
        "cause": None if trouble is None or outcome.ready else trouble.cause,
        "remedy": None if trouble is None or outcome.ready else trouble.remedy,
        **more,
    }


def code(outcome: Outcome) -> int:
    return exits.DONE if outcome.ready else exits.JOB_FAILED


def print_outcome(outcome: Outcome, wait: float, **more: object) -> None:
    programs.print_json(outcome_json(outcome, wait, **more))
