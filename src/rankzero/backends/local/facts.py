"""What this machine has."""

from __future__ import annotations

import sys

from rankzero.agent import birth
from rankzero.backends.local.folders import Folders
from rankzero.plan.local import Facts


def gather() -> Facts:
    """Devices as this process may see them, processors as it may use them."""
    volumes = Folders()
    return Facts(
        cpus=birth.cpus(None),
        devices=tuple(birth.devices(None)),
        python=sys.executable,
        volumes={name: str(volumes.data(name)) for name in volumes.names()},
        new_volume=str(volumes.data("{}")),
    )
