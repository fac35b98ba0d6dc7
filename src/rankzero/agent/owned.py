"""A run's folder on a volume, which may hold those of many runs.

Ids of runs are short, and one that is gone may come again: the folder says whose it is, by a
digest of the run's token in the name of a file, since a name appears as a whole or not at all.
"""

import hashlib
import os
from typing import Optional

from rankzero.agent.config import AgentConfig

_MARK = ".rankzero-"


class Taken(OSError):
    """The folder is another run's."""


def own(folder: str, token: bytes) -> None:
    """Make the folder, or find it made by another node of the same run.

    Errors: Taken; OSError where the volume says no.
    """
    os.makedirs(folder, exist_ok=True)
    mark = _MARK + hashlib.sha256(b"folder:" + token).hexdigest()[:16]
    marks = [name for name in os.listdir(folder) if name.startswith(_MARK)]
    if mark in marks:
        return
    if marks:
        raise Taken("it holds what an earlier run of this name has left")
    os.close(os.open(os.path.join(folder, mark), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def make_outputs(config: AgentConfig, token: bytes) -> Optional[str]:
    """Make the folder for outputs, wherever it lies; why it cannot be, or None."""
    try:
        if config.shared_outputs:
            own(os.path.dirname(config.outputs), token)
        os.makedirs(config.outputs, exist_ok=True)
    except OSError as error:
        return "cannot create outputs, %s: %s" % (config.outputs, reason(error))
    return None


def reason(error: OSError) -> str:
    """Without the number and the path, which are said elsewhere."""
    return str(error) if isinstance(error, Taken) else error.strerror or str(error)
