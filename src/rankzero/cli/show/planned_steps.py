"""What a pipeline is about to do: one line, and for `--dry-run` every step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.cli.show.lines import visible
from rankzero.cli.show.planned import code_of
from rankzero.cli.show.terminal import YELLOW
from rankzero.spec.pipelines.coherence import unused
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.cli.show.terminal import Screen
    from rankzero.spec.pipelines.model import Pipeline


def plan_line(run: str, plan: Mapping[str, Any]) -> str:
    """`digits-7f3a  5 steps · 2 at once · local`"""
    steps = count(len(plan["steps"]), "step")
    line = f"{run}  {steps} · {plan['slots']} at once · {plan.get('where', 'local')}"
    code = plan.get("travels")  # to a cluster; of interest where it is in the steps' images
    return f"{line} · {code_of(code)}" if code and code["layers"] else line


def say_plan(screen: Screen, run: str, plan: Mapping[str, Any], pipeline: Pipeline) -> None:
    screen.say(plan_line(run, plan))
    for note in notes(plan, pipeline):
        screen.say("  " + screen.paint(f"note: {note}", YELLOW))


def notes(plan: Mapping[str, Any], pipeline: Pipeline) -> Iterator[str]:
    """What a user should know before it starts."""
    if plan.get("note"):  # of what does not travel
        yield plan["note"]
    for output in unused(pipeline):
        yield f"no step takes {output}"


def plan_lines(run: str, plan: Mapping[str, Any], pipeline: Pipeline) -> Iterator[str]:
    """What `--dry-run` prints."""
    yield plan_line(run, plan)
    for note in notes(plan, pipeline):
        yield f"  note: {note}"
    for step in plan["steps"]:
        yield visible(f"  {step['name']}: {_what(step['body'])}")
        for label, text in _lines(step):
            yield visible(f"    {label:<8} {text}")
    yield "Nothing was started."


def _what(body: Mapping[str, Any]) -> str:
    if "service" in body:
        return f"service {_served(body['service'])}"
    if "job" not in body:
        return shlex.join(body["argv"])
    job = body["job"]
    run = job["run"]
    words = run["command"] or [run["script"] or f"-m {run['module']}"]
    nodes = ", ".join(f"{_nodes(role['nodes'])} {name}" for name, role in job["roles"].items())
    return f"job of {nodes}: {' '.join([*words, *job['args']])}"


def _served(service: Mapping[str, Any]) -> str:
    """`faces: app.py:Faces`, `web: nginx`; a plan for a cluster has what was asked for in it."""
    asked = service.get("request", service)
    what = asked.get("predictor") or shlex.join(asked.get("command") or ()) or asked.get("image")
    return f"{asked['name']}: {what}"


def _nodes(nodes: Mapping[str, int]) -> str:
    low, high = nodes["minimum"], nodes["maximum"]
    return str(high) if low == high else f"{low}-{high}"


def _lines(step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    before = [*step["needs"], *(f"{name} from {a}.{b}" for name, (a, b) in step["takes"].items())]
    if before:
        yield "after", ", ".join(before)
    if step["gives"]:
        yield "gives", ", ".join(f"{name} ({kind})" for name, kind in step["gives"].items())
    if step["when"]:
        yield "when", step["when"]
    if step["items_of"]:
        yield "for each", "{}.{}".format(*step["items_of"])
    elif step["items"] is not None:
        yield "for each", f"of {count(len(step['items']), 'item')}"
    if step["retries"]:
        yield "retries", str(step["retries"])
    if step["timeout"]:
        yield "timeout", f"{step['timeout']:g} s"
