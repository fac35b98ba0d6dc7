"""The plan on the screen: one line that says what was decided, and why."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.cli.show.amounts import duration, size
from rankzero.cli.show.lines import visible
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.agent.config import AgentConfig, RoleShape
    from rankzero.cli.show.terminal import Screen
    from rankzero.plan.model import Plan

#: How many of the files that travel `--dry-run` names.
_FILES = 20


def plan_line(plan: Plan) -> str:
    """`digits-7f3a  torch (found in train.py) · 2 nodes × 2 ranks · local · code: 3 files, 9 kB`"""
    found = "" if plan.found == "named" else f" ({plan.found})"
    image = [f"image {plan.image}"] if plan.image else []
    parts = [f"{plan.framework}{found}", topology(plan), plan.where, *image]
    parts.append(code_of(plan.code.to_json()))
    if plan.job.max_restarts:
        parts.insert(3, f"up to {count(plan.job.max_restarts, 'restart')}")
    if plan.backend == "kubernetes":
        parts.append(kept(plan))
    return f"{plan.run}  " + " · ".join(parts)


def code_of(code: Mapping[str, Any]) -> str:
    """`code: 3 files, 9 kB`; of what travels in images, where those are and what is to be sent."""
    much = f"code: {count(code['files'], 'file')}, {size(code['size'])}"
    layers = code["layers"]
    if layers is None:
        return much
    words = "a layer" if len(layers["parts"]) == 1 else "layers"
    sent = f"{size(layers['missing'])} to send" if layers["missing"] else "all of it is there"
    if layers["copied"]:
        sent += f", {size(layers['copied'])} of it the image's own, once"
    where = layers["registry"].removeprefix("http://")
    return f"{much}, as {words} on {where} ({sent})"


def kept(plan: Plan) -> str:
    """How long what is left of a run stays on a cluster, and what stays on volumes."""
    job = plan.job
    outputs, rest = (duration(time) if time else "not" for time in (job.keep_outputs, job.ttl))
    outputs = outputs if job.output_volume is None else f"on volume {job.output_volume}"
    logs = "" if job.log_volume is None else f"logs on volume {job.log_volume}, "
    return f"kept after its end: outputs {outputs}, {logs}all else {rest}"


def topology(plan: Plan) -> str:
    """`2 nodes × 2 ranks`; with several roles `2 ps × 1 rank, 2 worker × 2 ranks`."""
    nproc = {agent.role: agent.nproc for agent in reversed(plan.agents)}
    roles = plan.agents[0].roles
    return ", ".join(_role(role, nproc.get(role.name, 1), len(roles) == 1) for role in roles)


def _role(role: RoleShape, nproc: int | str, alone: bool) -> str:
    several = role.minimum != role.maximum
    nodes = f"{role.minimum}–{role.maximum}" if several else str(role.maximum)
    noun = role.name if not alone else "node" if role.maximum == 1 else "nodes"
    ranks = count(nproc, "rank") if isinstance(nproc, int) else f"1 rank a {nproc.upper()}"
    return f"{nodes} {noun} × {ranks}"


def plan_lines(plan: Plan) -> Iterator[str]:
    """What `--dry-run` prints: the plan line, its notices, and what would be started where."""
    yield plan_line(plan)
    for notice in plan.notices:
        yield f"  note    {notice}"
    first = plan.agents[0]
    yield f"  runs    {command(first)}"
    yield f"  in      {first.workdir}"
    yield f"  python  {first.python or 'the first that the image has'}"
    yield f"  outputs {first.outputs}"
    for agent in plan.agents:
        other = "" if agent.command == first.command else f"  runs {command(agent)}"
        yield f"  node    {agent.node}  nproc {agent.nproc}{other}"
    for one in plan.checks:
        yield f"  check   {one.check}: {one.text if one.done else f'not checked: {one.text}'}"
    yield from travelling(plan)
    yield "Nothing was started."


def travelling(plan: Plan) -> Iterator[str]:
    """The files that travel to a cluster, the largest first."""
    named = plan.code.largest[:_FILES]
    for name, amount in named:
        yield f"  travels {size(amount):>7}  {visible(name)}"
    if named and plan.code.files > len(named):
        more = plan.code.files - len(named)
        left = plan.code.size - sum(amount for _, amount in named)
        yield f"  travels {size(left):>7}  in {count(more, 'smaller file')}"


def command(agent: AgentConfig) -> str:
    """What each rank of a node runs, as one could type it."""
    words = {"script": ["python"], "module": ["python", "-m"]}.get(agent.command.kind, [])
    return shlex.join([*words, agent.command.target, *agent.command.args])


def say_plan(screen: Screen, plan: Plan) -> None:
    """The plan line, the notices, and what could not be checked, before anything else of a run."""
    line = plan_line(plan)
    screen.say(screen.paint(plan.run, "1") + line[len(plan.run) :])
    for notice in plan.notices:
        screen.say("  " + screen.paint(f"note: {notice}", "33"))
    unchecked = [f"{one.check} ({one.text})" for one in plan.checks if not one.done]
    if unchecked:
        screen.say("  " + screen.paint(f"not checked: {', '.join(unchecked)}", "2"))
