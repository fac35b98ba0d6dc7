"""Asking a pipeline's driver to end it."""

from __future__ import annotations

import time

from rankzero.backends.local.dialling import Pauses, dial
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused
from rankzero.pipelines.folder import PipelineFolder

#: How long a driver may take to answer; it may be just being brought back (seconds).
_PATIENCE = 20.0


def stop(folder: PipelineFolder, by: str = "rankzero pipeline stop", *, now: bool = False) -> bool:
    """Every step that runs gets SIGTERM, and SIGKILL after a grace period, or now; returns at
    once. False where nobody drives it (any more). Errors: Refused where its driver does not
    answer."""
    pauses, end = Pauses(), time.monotonic() + _PATIENCE
    while folder.lock.held():
        try:
            with dial(folder, pauses) as viewer:
                number = viewer.ask("stop", by=by, grace=0.0 if now else None)
                while viewer.next(_PATIENCE).get("id") != number:
                    pass
                return True
        except (Lost, TimeoutError):  # its driver has just ended, or is being brought back
            if time.monotonic() > end:
                raise Refused(
                    f"the driver of {folder.run} does not answer.",
                    f"Look for a stopped process: ps ax | grep {folder.path}",
                ) from None
    return False
