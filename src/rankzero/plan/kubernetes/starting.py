"""How an agent is started in a pod: with the image's own Python."""

from __future__ import annotations

import shlex

from rankzero.agent import exits
from rankzero.plan.kubernetes import layout

#: Where an image's interpreter may be, most likely first.
PYTHONS = ("python3", "python", "/opt/conda/bin/python3", "/usr/local/bin/python3")


def command(python: str | None, config: str) -> list[str]:
    """Start the agent with the interpreter that was named, or the first one that is there."""
    agent = [layout.ARCHIVE, "pod", config]
    if python is not None:
        # Kubernetes fills `$(NAME)` into a command.
        return [python.replace("$(", "$$("), *agent]
    said = f"there is no Python in this image: none of {', '.join(PYTHONS)}"
    cause = f'{{"kind": "refused", "message": "{said}"}}'
    outcome = f'{{"state": "failed", "exit_code": {exits.REFUSED}, "cause": {cause}}}'
    script = (
        f"{_first_python(agent)} "
        f"echo {shlex.quote(outcome)} >{layout.TERMINATION}; "
        f"echo {shlex.quote('rankzero: ' + said)} >&2; exit {exits.RUN_FAILED}"
    )
    return ["/bin/sh", "-c", script]


def server(python: str | None, config: str) -> list[str]:
    """Start a model server with the interpreter that was named, or the first one that is there.
    config: as JSON."""
    words = [f"{layout.SERVER}/server.zip", config]
    if python is not None:
        return [python.replace("$(", "$$("), *words]
    said = f"rankzero: there is no Python in this image: none of {', '.join(PYTHONS)}"
    return ["/bin/sh", "-c", f"{_first_python(words)} echo {shlex.quote(said)} >&2; exit 1"]


def inside(python: str | None, words: list[str]) -> list[str]:
    """A verb of the agent's archive, for `exec` into a pod that runs."""
    agent = [layout.ARCHIVE, *words]
    return [python, *agent] if python else ["/bin/sh", "-c", _first_python(agent)]


def _first_python(words: list[str]) -> str:
    return (
        f'for python in {" ".join(PYTHONS)}; do command -v "$python" >/dev/null 2>&1 && '
        f'exec "$python" {shlex.join(words)}; done;'
    )
