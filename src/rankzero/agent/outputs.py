"""`python agent.zip outputs CONFIG`: the node's outputs on stdout, as a tar archive."""

import os
import sys
import tarfile

from rankzero.agent import exits
from rankzero.agent.config import AgentConfig


def main(config: AgentConfig) -> int:
    """Regular files and folders; what changes while it is read ends with the size that it had."""
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for folder, inner, files in os.walk(config.outputs):
            inner.sort()
            for name in sorted([*files, *inner]):
                path = os.path.join(folder, name)
                kept = os.path.relpath(path, config.outputs)
                if os.path.isdir(path) or os.path.isfile(path):
                    archive.add(path, kept, recursive=False)
    sys.stdout.buffer.flush()
    return exits.DONE
