"""How an agent is started in a pod: with the image's own Python."""

from __future__ import annotations

import shlex

from rankzero.agent import exits
from rankzero.plan.kubernetes import layout

#: Where an image's interpreter may be, most likely first.
PYTHONS = ("python3", "python", "/opt/conda/bin/python3", "/usr/local/bin/python3")


_NONE = f"there is no Python in this image: none of {', '.join(PYTHONS)}"


def command(python: str | None, config: str) -> list[str]:
    """Start the agent with the interpreter that was named, or the first one that is there."""
    agent = [layout.ARCHIVE, "pod", config]
    if python is not None:
        # Kubernetes fills `$(NAME)` into a command.
        return [python.replace("$(", "$$("), *agent]
    said = _NONE
    cause = f'{{"kind": "refused", "message": "{said}"}}'
    outcome = f'{{"state": "failed", "exit_code": {exits.REFUSED}, "cause": {cause}}}'
    script = f"{_first_python(agent)} echo {shlex.quote(outcome)} >{layout.TERMINATION}; {_none()}"
    return ["/bin/sh", "-c", script]


def drive(python: str | None) -> list[str]:
    """Start a pipeline's driver in the same way."""
    return _or_complain(python, [layout.ARCHIVE, "drive"])


def server(python: str | None) -> list[str]:
    """Start a model server in the same way: see `agent.server`."""
    return _or_complain(python, [f"{layout.SERVER}/server.zip"])


def look_around(python: str | None, words: list[str]) -> list[str]:
    """Start a check-up's pod in the same way: see `agent.checkup`."""
    return _or_complain(python, [layout.ARCHIVE, "checkup", *words])


def _or_complain(python: str | None, words: list[str]) -> list[str]:
    if python is not None:
        return [python.replace("$(", "$$("), *words]
    return ["/bin/sh", "-c", f"{_first_python(words)} {_none()}"]


def inside(python: str | None, words: list[str]) -> list[str]:
    """A verb of the agent's archive, for `exec` into a pod that runs."""
    agent = [layout.ARCHIVE, *words]
    return [python, *agent] if python else ["/bin/sh", "-c", _first_python(agent)]


def _none() -> str:
    """What a shell does where no Python was found."""
    return f"echo {shlex.quote('rankzero: ' + _NONE)} >&2; exit {exits.RUN_FAILED}"


def _first_python(words: list[str]) -> str:
    return (
        f'for python in {" ".join(PYTHONS)}; do command -v "$python" >/dev/null 2>&1 && '
        f'exec "$python" {shlex.join(words)}; done;'
    )
