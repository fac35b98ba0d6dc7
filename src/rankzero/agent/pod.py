"""`python agent.zip pod CONFIG`: an agent that is the first process of its pod.

The config is its role's; what only the pod knows comes from its environment: JOB_COMPLETION_INDEX
(set by Kubernetes in an Indexed Job), RANKZERO_POD_IP and RANKZERO_LOSSES (from the downward API:
the pod's address, and how many pods of this index have failed), and RANKZERO_SUBMITTED (when the
run was submitted, in seconds since the epoch).
"""

import os
import shutil
import sys
from typing import Any, Dict

from rankzero.agent import events as ev
from rankzero.agent import exits, testament
from rankzero.agent.chronicle import Chronicle
from rankzero.agent.config import AgentConfig, CodeParts, load
from rankzero.agent.interpreter import root
from rankzero.agent.layers import gather
from rankzero.agent.unpack import Unpackable, unpack
from rankzero.agent.worded import in_words

ADDRESS, LOSSES, SUBMITTED = "RANKZERO_POD_IP", "RANKZERO_LOSSES", "RANKZERO_SUBMITTED"
INDEX = "JOB_COMPLETION_INDEX"


def main(path: str) -> int:
    """Become the node; returns the agent's exit code."""
    from rankzero.agent.__main__ import run

    index, address = int(os.environ.pop(INDEX)), os.environ.pop(ADDRESS)
    config = own(load(path), index, address)._replace(losses=int(os.environ.pop(LOSSES, "") or 0))
    submitted = os.environ.pop(SUBMITTED, "")
    work = config.workdir if config.code is None else config.code.into or config.workdir
    for folder in (config.folder, work, os.environ.get("HOME"), os.environ.get("TMPDIR")):
        if folder:
            os.makedirs(folder, exist_ok=True)
    if config.code is not None:
        try:
            _take_in(config.code, work)
            os.makedirs(config.workdir, exist_ok=True)  # of which nothing may have travelled
        except (Unpackable, OSError) as error:
            return refuse(config, "cannot unpack the code into %s: %s" % (work, in_words(error)))
    if config.listen is not None and submitted and not config.losses:
        _begin_history(config, float(submitted))
    if config.step is None:
        return run(config, None)
    from rankzero.agent import handing  # for a pipeline's parts alone

    fault = handing.take_in(config.step)
    if fault:
        return refuse(config, fault)
    # What is told is told at once: that it succeeded, and what it hands on.
    draft = config._replace(termination_file=os.path.join(config.folder, "outcome.json"))
    return handing.hand_on(config, draft.termination_file, run(draft, None))


def _take_in(code: CodeParts, into: str) -> None:
    """Errors: Unpackable."""
    if code.layers:
        gather(code.folder, code.layers, code.digest, into)
    else:
        unpack(code.folder, code.digest, into)


def _begin_history(config: AgentConfig, time: float) -> None:
    """The client cannot write into the history of a pod that is not there yet."""
    chronicle = Chronicle(config.events_file, lambda event: None)
    chronicle.add(time, ev.SUBMITTED, submission(config.run, config.settings.max_restarts))
    chronicle.close()


def submission(run: str, max_restarts: int) -> Dict[str, Any]:
    """What the first event of a run says, whether a pod writes it or none has yet."""
    name = run.rpartition("-")[0]
    return {"name": name, "backend": "kubernetes", "max_restarts": max_restarts}


def own(config: AgentConfig, index: int, address: str) -> AgentConfig:
    """The role's config as this pod's. The first node reaches itself by loopback: a resolver may
    still give the address of the pod in whose place it is."""
    config = config._replace(index=index, address=address, python=config.python or sys.executable)
    if config.command.kind == "command":
        config = _at_hand(config)
    if config.listen is None:
        return config
    if index:
        return config._replace(listen=None, events_file=None, account=None)
    port = config.listen.rpartition(":")[2]
    return config._replace(coordinator="127.0.0.1:" + port)


def _at_hand(config: AgentConfig) -> AgentConfig:
    """A command that says `python` means an interpreter, whatever this image calls it; and what it
    starts can import rankzero, as on the machine where it is installed."""
    command = config.command
    if command.target in ("python", "python3") and shutil.which(command.target) is None:
        command = command._replace(target=config.python)
    path = config.env.get("PYTHONPATH") or os.environ.get("PYTHONPATH")
    env = dict(config.env, PYTHONPATH=os.pathsep.join(filter(None, [root(), path])))
    return config._replace(command=command, env=env)


def refuse(config: AgentConfig, message: str) -> int:
    """Say why no pod of this job can run it, so that none is tried again."""
    sys.stderr.write("rankzero: %s\n" % message)
    if config.termination_file is not None:
        cause = {"kind": "refused", "node": config.node, "rank": None, "message": message}
        outcome = {"state": "failed", "cause": cause, "exit_code": exits.REFUSED}
        testament.write(config.termination_file, outcome)
    return exits.RUN_FAILED
