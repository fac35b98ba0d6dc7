"""Outputs that stay on a volume: a copy of them, wherever they can be read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rankzero.backends.base import Fetching, Helper
from rankzero.backends.fetching import CutOff, NoFolder
from rankzero.backends.kubernetes import outputs, runs, volumes
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.errors import Refused
from rankzero.plan.kubernetes import layout


def copy(
    cluster: Cluster,
    run: str,
    to: Path,
    tell: Callable[[Fetching], None],
    helper: Helper | None,
) -> Path:
    """The folder that they are copied to, by a pod of the run while one is there, else by a
    helper. Errors: Refused, also where no helper is wanted."""
    if helper is None:
        raise Refused(f"the outputs of {run} stay on a volume.", f"rankzero outputs {run}")
    found = runs.known(cluster, run)
    if found is not None and found.listening and helper.volume is None:
        # One that has just ended runs for some time yet, as far as the cluster has heard.
        with suppress(CutOff):
            for told in outputs.bring(cluster, found, (), to, over=True):
                tell(told)
            return to
    way = cluster, run, found, layout.OUTPUT_VOLUME, helper
    try:
        with volumes.reached(*way) as (dial, folder):
            for told in outputs.bring_from(run, lambda: dial("files", folder), to):
                tell(told)
    except NoFolder as error:
        hint = "Is that its whole id, and the volume that it was given?"
        raise Refused(f"the volume has no outputs of {run}.", hint) from error
    return to
