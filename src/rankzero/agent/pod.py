"""`python agent.zip pod CONFIG`: an agent that is the first process of its pod.

The config is its role's; what only the pod knows comes from its environment: JOB_COMPLETION_INDEX
(set by Kubernetes in an Indexed Job) and RANKZERO_POD_IP (from the downward API).
"""

import os
import sys

from rankzero.agent import exits, testament
from rankzero.agent.config import AgentConfig, load
from rankzero.agent.unpack import Unpackable, unpack

ADDRESS = "RANKZERO_POD_IP"
INDEX = "JOB_COMPLETION_INDEX"


def main(path: str) -> int:
    """Become the node; returns the agent's exit code."""
    from rankzero.agent.__main__ import run

    config = own(load(path), int(os.environ.pop(INDEX)), os.environ.pop(ADDRESS))
    for folder in (config.folder, config.workdir, os.environ.get("HOME"), os.environ.get("TMPDIR")):
        if folder:
            os.makedirs(folder, exist_ok=True)
    if config.code is not None:
        try:
            unpack(config.code.folder, config.code.digest, config.workdir)
        except (Unpackable, OSError) as error:
            return refuse(config, "cannot unpack the code into %s: %s" % (config.workdir, error))
    return run(config, None)


def own(config: AgentConfig, index: int, address: str) -> AgentConfig:
    """The role's config as this pod's. The first node reaches itself by loopback: a resolver may
    still give the address of the pod in whose place it is."""
    config = config._replace(index=index, address=address, python=config.python or sys.executable)
    if config.listen is None:
        return config
    if index:
        return config._replace(listen=None, events_file=None)
    port = config.listen.rpartition(":")[2]
    return config._replace(coordinator="127.0.0.1:" + port)


def refuse(config: AgentConfig, message: str) -> int:
    """Say why no pod of this job can run it, so that none is tried again."""
    sys.stderr.write("rankzero: %s\n" % message)
    if config.termination_file is not None:
        cause = {"kind": "refused", "node": config.node, "rank": None, "message": message}
        outcome = {"state": "failed", "cause": cause, "exit_code": exits.REFUSED}
        testament.write(config.termination_file, outcome)
    return exits.RUN_FAILED
