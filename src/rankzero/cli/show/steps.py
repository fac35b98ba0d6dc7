"""A pipeline on the screen: its graph with states and times, what happens, and how it ended."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rankzero.backends.places import LOCAL
from rankzero.cli.show.amounts import duration, size
from rankzero.cli.show.ending import home
from rankzero.cli.show.lines import visible
from rankzero.cli.show.table import say_table
from rankzero.cli.show.terminal import BOLD, DIM, GREEN, RED, YELLOW
from rankzero.driver import facts
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.agent.events import Event
    from rankzero.cli.show.terminal import Screen
    from rankzero.driver.engine import Given
    from rankzero.driver.facts import Fact
    from rankzero.pipelines.kept import Kept
    from rankzero.pipelines.progress import Progress, StepInfo

CYAN = "36"
_SIGNS = {
    facts.WAITING: ("·", DIM),
    facts.RUNNING: ("■", CYAN),
    facts.SUCCEEDED: ("✓", GREEN),
    facts.FAILED: ("✗", RED),
    facts.STOPPED: ("■", YELLOW),
    facts.SKIPPED: ("–", DIM),
    facts.BLOCKED: ("–", YELLOW),
}
#: Of the screen's height, so much is left for what the steps write (lines).
_LEFT_FREE = 6
#: So many results are all named.
_FEW = 8

HEADS = ("STEP", "STATE", "TIME", "AFTER", "NOTE")


def say_steps(screen: Screen, progress: Progress, folder: Kept) -> None:
    """The table of `status`."""
    graph, now = folder.graph(), time.time()
    rows = [
        (one.name, one.state, spent(one, now), ", ".join(graph[one.name].before) or "-", note(one))
        for one in progress.steps()
    ]
    say_table(screen, HEADS, rows)


def spent(step: StepInfo, now: float) -> str:
    """How long it has taken, or has been at work."""
    nothing = step.state == facts.SKIPPED or step.cached == step.done == step.total
    if step.started is None or nothing:
        return ""
    return duration((step.ended or now) - step.started)


def note(step: StepInfo) -> str:
    """What there is to say of a step beside its state."""
    words = []
    if step.total is not None and step.total != 1:
        words.append(f"{step.done}/{step.total}")
    if step.failed > 1:
        words.append(f"{step.failed} failed")
    if step.cached and step.cached == step.done:
        words.append("cached")
    elif step.cached:
        words.append(f"{step.cached} cached")
    if step.attempts > max(1, step.total or 1):
        words.append(count(step.attempts, "attempt"))
    return " · ".join([*words, step.cause] if step.cause else words)


def graph_lines(screen: Screen, progress: Progress) -> list[str]:
    """The graph as it stands: a line a step, in an order in which they can be done; of many, those
    at work, and how many there are of the others."""
    from rich.cells import set_cell_size

    steps, now = progress.steps(), time.time()
    room = max(1, shutil.get_terminal_size().lines - _LEFT_FREE)
    shown = steps if len(steps) <= room else [one for one in steps if one.state == facts.RUNNING]
    shown = shown[:room]
    width = max((len(one.name) for one in shown), default=0)
    lines = []
    for one in shown:
        sign, colour = _SIGNS[one.state]
        text = visible(f"{one.name:<{width}}  {spent(one, now):>7}  {note(one)}").rstrip()
        cut = set_cell_size(text, max(1, screen.width() - 5)).rstrip()
        lines.append(f"  {screen.paint(sign, colour)} {cut}")
    if len(shown) < len(steps):
        counted = set_cell_size(_counted(steps), max(1, screen.width() - 3)).rstrip()
        lines.append(f"  {screen.paint(counted, DIM)}")
    return lines


def _counted(steps: list[StepInfo]) -> str:
    """`812 of 1,000 succeeded, 3 failed, 185 waiting`"""
    states = [one.state for one in steps]
    rest = [
        f"{states.count(state)} {state}"
        for state in _SIGNS
        if state != facts.SUCCEEDED and state in states
    ]
    done = f"{states.count(facts.SUCCEEDED):,} of {len(steps):,} succeeded"
    return ", ".join([done, *rest])


def fact_line(screen: Screen, fact: Fact, progress: Progress) -> str:
    """What is worth a line of its own as it happens; empty for what is not."""
    if isinstance(fact, facts.Committed):
        how = "cached" if fact.cached else f"done {_took(fact.part, progress)}".rstrip()
        return f"{screen.paint('✓', GREEN)} {fact.part} {how}"
    if isinstance(fact, facts.Broke):
        again = "" if progress.step(fact.part.step).state == facts.FAILED else "; tried again"
        text = visible(f"{fact.part} {fact.cause}{again}")
        return f"{screen.paint('✗', RED)} {text}"
    if isinstance(fact, facts.LeftOut):
        return f"{screen.paint('–', DIM)} {fact.step} is left out: {visible(fact.why)}"
    if isinstance(fact, facts.Started):
        again = f" (attempt {fact.attempt})" if fact.attempt > 1 else ""
        return f"{screen.paint('■', CYAN)} {fact.part} started{again}"
    return screen.paint(f"note: {fact.text}", YELLOW) if isinstance(fact, facts.Noted) else ""


def _took(part: facts.Part, progress: Progress) -> str:
    for one in reversed(progress.attempts.values()):
        if one.part == part and one.ended is not None:
            return f"in {duration(one.ended - one.started)}"
    return ""


def say_end(screen: Screen, folder: Kept, progress: Progress) -> None:
    """The summary: one line where all is well; with the cause and what to do next where not."""
    if progress.ended is None:
        if cut_off(folder, progress):
            screen.say(f"{screen.paint('■ cut off', YELLOW)}: nobody drives {folder.run} any more")
            screen.say(f"  {folder.onward()}")
        else:  # somebody has resumed it just now
            screen.say(run_line(folder, progress))
        return
    sign, colour = _SIGNS[progress.state]
    took = duration(progress.ended.time - (progress.began or progress.ended.time))
    word = "in" if progress.state == facts.SUCCEEDED else "after"
    found = results(progress, folder)
    place = folder.results()
    where = f" · outputs: {home(place)}" if found and place else ""
    screen.say(f"{screen.paint(f'{sign} {progress.state}', colour)} {word} {took}{where}")
    if progress.state == facts.SUCCEEDED:
        for name, text in found:
            screen.say(f"  {screen.paint(name, BOLD)}  {text}")
    elif progress.state == facts.FAILED:
        say_account(screen, folder, progress)


def results(progress: Progress, folder: Kept) -> list[tuple[str, str]]:
    """What steps handed on: (`train.model`, where it lies, or its value). Where that is a lot,
    only what no other step takes."""
    found = {(one.name, name): one for one in progress.steps() for name in one.outputs}
    if len(found) > _FEW:
        for step in folder.graph().values():
            for source in step.reads:
                found.pop(source, None)
    return [
        (
            f"{step}.{name}",
            shown(one.outputs[name], _place(folder, one, name), folder, step)
            + _from_here(folder, step),
        )
        for (step, name), one in found.items()
    ]


def _from_here(folder: Kept, step: str) -> str:
    """How the address of a service is reached, which on a cluster is one inside of that."""
    service = folder.graph()[step].body.get("service")
    if service is None or folder.where == LOCAL:
        return ""
    return f"  (from here: rankzero serve open {service['name']})"


def _place(folder: Kept, step: StepInfo, name: str) -> Path | None:
    if folder.results() is None:
        return None
    place = folder.output(step.name)
    return place / name if isinstance(step.outputs[name], facts.Output) else place


def shown(output: Given, place: Path | None, folder: Kept, step: str) -> str:
    """A value itself, or where an artifact can be found, and how much it is. place: where people
    find it on this machine; None where they find it on a volume. step: that handed it on."""
    if not isinstance(output, facts.Output):
        parts = count(len(output), "part")
        return parts if place is None else f"{home(place)}  ({parts})"
    if not output.where:
        return visible(output.value)
    where = home(place) if place else visible(folder.address(step, output))
    return f"{where}  ({size(output.size)})"


def run_line(folder: Kept, progress: Progress) -> str:
    """`digits-9c1e · running · 3/5 steps`"""
    steps = progress.steps()
    parts = [folder.run, _state(folder, progress), f"{over(steps)}/{count(len(steps), 'step')}"]
    if progress.ended is not None and progress.began is not None:
        parts.append(duration(progress.ended.time - progress.began))
    return " · ".join(parts)


def over(steps: list[StepInfo]) -> int:
    """How many are done, or left out."""
    return sum(one.state in (facts.SUCCEEDED, facts.SKIPPED) for one in steps)


def _state(folder: Kept, progress: Progress) -> str:
    return "cut off" if cut_off(folder, progress) else progress.state


def cut_off(folder: Kept, progress: Progress) -> bool:
    """Whether it has no end, and nobody who would bring it to one."""
    return progress.ended is None and not folder.driven()


def run_note(folder: Kept, progress: Progress) -> str:
    """What there is to say about a run in a few words."""
    if cut_off(folder, progress):
        return f"cut off; {folder.onward()}"
    if progress.ended is None:
        running = [one.name for one in progress.steps() if one.state == facts.RUNNING]
        return ", ".join(running[:4])
    if progress.ended.why:
        return progress.ended.why
    return duration(progress.ended.time - (progress.began or progress.ended.time))


def say_account(screen: Screen, folder: Kept, progress: Progress) -> None:
    """The cause, its evidence, and the next command."""
    from rankzero.pipelines.why import account

    for label, text in account(folder, progress):
        screen.say(f"  {screen.paint(f'{label:<7}', BOLD)} {visible(text)}".rstrip())


def event_line(event: Event, began: float) -> str:
    """`    2.1 s  committed   train  model 1.9 MB`"""
    data = dict(event.data)
    part = data.pop("step", "")
    at = data.pop("at", None)
    name = f"{part}[{at}]" if at is not None else part
    outputs = data.pop("outputs", {})
    data.pop("key", None)  # long, and for programs
    words = [f"{key} {one['value'] or size(one['size'])}" for key, one in outputs.items()]
    said = {key: value for key, value in data.items() if value not in (None, "")}
    words += [f"{key} {value}" for key, value in said.items() if value is not False]
    head = f"{event.time - began:8.1f} s  {event.kind:<10} {name}".rstrip()
    return visible(f"{head}  {' · '.join(words)}").rstrip()
