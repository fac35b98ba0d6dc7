"""What this machine has."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace

from rankzero.agent import birth
from rankzero.backends.local.folders import Folders
from rankzero.plan.local import Facts


def gather() -> Facts:
    """Devices as this process may see them, processors as it may use them."""
    found = Facts(cpus=birth.cpus(None), devices=tuple(birth.devices(None)), python=sys.executable)
    with contextlib.suppress(RuntimeError):  # who has no home keeps no volumes there
        folders = Folders()
        there = {name: str(folders.data(name)) for name in folders.names()}
        found = replace(found, volumes=there, new_volume=str(folders.data("{}")))
    return found
