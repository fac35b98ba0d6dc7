"""The process of a step that is a service: it deploys that to this machine, and ends when it
serves; the service goes on."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rankzero.backends.services.model import Service as Shown


def main() -> NoReturn:
    """`... FILE`, which holds `service`, as `Service.to_json` gave it, the `pipeline` that it is
    of, and where the `outputs` go; why it does not serve comes beside it."""
    from rankzero.agent import exits
    from rankzero.errors import Error

    # A step that is stopped, or out of time, takes back what does not serve yet.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    file = Path(sys.argv[1])
    try:
        why = _deployed(json.loads(file.read_text(encoding="utf-8")))
    except Error as error:
        why = f"cannot be deployed: {error.args[0]}"
    if why:
        from rankzero.pipelines.commands import WHY

        file.with_name(WHY).write_text(why, encoding="utf-8")
    sys.exit(exits.JOB_FAILED if why else exits.DONE)


def _deployed(told: dict[str, str]) -> str:
    """Why it does not serve; empty where it does. Errors: Error."""
    from rankzero.backends.local.services.deploying import deploy
    from rankzero.spec.pipelines.model import ADDRESS
    from rankzero.spec.services.model import Service

    service = Service.model_validate_json(json.dumps(told["service"]))
    deployed = deploy(service, workdir=Path.cwd(), owner=told["pipeline"], tell=_Teller())
    for line in deployed.lines:
        if not line.startswith("{"):  # what is for programs, its own log has
            _say(line)
    if deployed.ready:
        _say(f"{service.name} is served at {deployed.url}")
        (Path(told["outputs"]) / ADDRESS).write_text(deployed.url, encoding="utf-8")
    return deployed.why


class _Teller:
    """Says each state of it once."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, found: Shown) -> None:
        if found.state != self._last:
            self._last = found.state
            _say(f"{found.name} is {found.state}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201
