"""What the lab changes on the machine that it runs on, and how that is undone."""

from __future__ import annotations

import json
from pathlib import Path

from .places import STATE

#: What a kubelet sets for the whole kernel.
SETTINGS = (
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)
_REMEMBERED = STATE / "host-settings.json"
_SYS = Path("/proc/sys")


def remember_settings() -> None:
    """Keep the kernel's settings as they are before the lab is up."""
    values = {name: (_SYS / name).read_text() for name in SETTINGS if (_SYS / name).exists()}
    _REMEMBERED.write_text(json.dumps(values))


def restore_settings() -> None:
    """Set the kernel as it was before the lab was up, where that is known."""
    if _REMEMBERED.exists():
        for name, value in json.loads(_REMEMBERED.read_text()).items():
            if (_SYS / name).read_text() != value:
                (_SYS / name).write_text(value)


def mounts_under(folder: Path) -> list[str]:
    """Mount points below a folder that the host sees, the deepest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    return sorted((p for p in points if Path(p).is_relative_to(folder)), reverse=True)
