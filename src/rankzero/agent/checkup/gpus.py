"""GPUs as the system has them: files of devices, and what the driver's own tool tells."""

import glob
import os
import shutil
import subprocess
from typing import Any, Dict, List

from rankzero.agent.worded import in_words

#: What drivers of NVIDIA, of AMD and of Intel put into /dev.
_FILES = ("nvidia[0-9]*", "nvidiactl", "nvidia-uvm", "kfd", "dri/renderD*", "dxg")
_TOOL = "nvidia-smi"
_QUERY = [_TOOL, "--query-gpu=name,driver_version", "--format=csv,noheader"]
#: How long it may take to answer (seconds).
_PATIENCE = 20.0


def seen() -> Dict[str, Any]:
    """`files` of devices; `tool`: as `told`; `visible`: what NVIDIA's runtime was told to show."""
    return {
        "files": files(),
        "tool": told(),
        "visible": os.environ.get("NVIDIA_VISIBLE_DEVICES", ""),
    }


def files() -> List[str]:
    found = [one for pattern in _FILES for one in glob.glob(os.path.join("/dev", pattern))]
    return sorted(found)


def told() -> Dict[str, Any]:
    """What nvidia-smi says: `there`, whether it is; `lines`, a GPU each: its name, and the
    driver's version; `fault`, where it fails."""
    if shutil.which(_TOOL) is None:
        return {"there": False, "lines": [], "fault": ""}
    try:
        done = subprocess.run(
            _QUERY,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"there": True, "lines": [], "fault": in_words(error)}
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    if done.returncode:
        return {"there": True, "lines": [], "fault": (lines or ["it says nothing"])[0]}
    return {"there": True, "lines": [line.strip() for line in lines], "fault": ""}
