"""Clusters made and deleted: a tool's steps, done."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

from rankzero.clusters import tools
from rankzero.clusters.tool import Step, Tool
from rankzero.clusters.wanted import Wanted, name_fault
from rankzero.errors import BadRequest, Refused


def tool(named: str | None) -> Tool:
    """The one that was named, else the first that is installed. Errors: BadRequest."""
    return tools.choose(named, lambda name: shutil.which(name) is not None)


def create(by: Tool, wanted: Wanted, told: Callable[[Step], None]) -> str:
    """The context that the kubeconfig has for it from now on. told: each step before it is done.

    Errors: BadRequest for what the tool cannot make, or a name in use; Refused where a step
    fails: what was made until then is there, and `delete` takes it away.
    """
    if fault := by.fault(wanted):
        raise BadRequest(f"{fault}.", "See the others: rankzero cluster create --help")
    context = by.context(wanted.name)
    if context in _contexts():
        raise BadRequest(
            f"there is a context {context} already, which {by.name} would take for this cluster.",
            f"Use it; or delete it: rankzero cluster delete {wanted.name} --tool {by.name}; or "
            "take another name: --name",
        )
    for step in by.create(wanted):
        told(step)
        _do(step, f"rankzero cluster delete {wanted.name} --tool {by.name}")
    return context


def owner(named: str | None, name: str) -> Tool:
    """The tool whose cluster this is. Errors: BadRequest where the kubeconfig knows of none, or of
    several; and for one that would take away what is on this machine, unless it was named."""
    if fault := name_fault(name):
        raise BadRequest(f"{fault}.")
    if named is not None:
        return tool(named)
    contexts = _contexts()
    found = [one for one in tools.TOOLS.values() if not one.whole and one.context(name) in contexts]
    if len(found) == 1:
        return tool(found[0].name)
    if found:
        raise BadRequest(
            f"{' and '.join(one.name for one in found)} have a cluster {name} each.",
            "Say which: --tool",
        )
    raise BadRequest(
        f"the kubeconfig knows of no cluster {name}.", "Say what made it, all the same: --tool"
    )


def delete(by: Tool, name: str, told: Callable[[Step], None]) -> None:
    """Errors: Refused where a step fails."""
    for step in by.delete(name):
        told(step)
        _do(step, "rankzero cluster delete again")


def _contexts() -> list[str]:
    from rankzero.backends.kubernetes import kubeconfig

    try:
        return kubeconfig.contexts()
    except Refused:
        return []


def _do(step: Step, clean: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the tool's own words
            list(step.words), input=step.stdin, text=True, check=False
        )
    except FileNotFoundError:
        if step.may_fail:
            return
        raise Refused(
            f"{step.words[0]} is not installed, which this takes.",
            f"What is half made goes by: {clean}",
        ) from None
    if done.returncode and not step.may_fail:
        raise Refused(
            f"{' '.join(step.words[:3])} ended with {done.returncode}; see above.",
            f"What is half made goes by: {clean}",
        )
