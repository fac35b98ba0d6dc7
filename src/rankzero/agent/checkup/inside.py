"""`python agent.zip checkup network HOST PORT` and `checkup gpus`: the first process of a pod that
looks around. It prints a JSON line for each thing that it saw, and ends with 0 whatever that was.
"""

import json
import os
import platform
import sys
from typing import Any, List

from rankzero.agent import exits
from rankzero.agent.checkup import frameworks, gpus, meeting, names, server

#: By which a line is known among others.
KEY = "saw"
#: What a line may be about.
PYTHON, NAMES, SERVER, PEER, DEVICES, FRAMEWORK = (
    *("python", "names", "server"),
    *("peer", "devices", "framework"),
)
_INDEX = "JOB_COMPLETION_INDEX"
_SERVER = "kubernetes.default.svc"
#: How long a name, another pod, and a framework may take (seconds).
_NAME, _POD, _FRAMEWORK = 10.0, 60.0, 120.0


def main(words: List[str]) -> int:
    meeting.leave_when_told()
    for folder in map(os.environ.get, ("HOME", "TMPDIR")):
        if folder:
            os.makedirs(folder, exist_ok=True)
    there = frameworks.installed()
    _say(PYTHON, {"version": platform.python_version(), "frameworks": there})
    if words[0] == "network":
        _network(words[1], int(words[2]))
    else:
        _gpus(there)
    return exits.DONE


def _network(host: str, port: int) -> None:
    """host: the first of the pods, by its name among them all."""
    first = os.environ.get(_INDEX, "0") == "0"
    door = meeting.Host(port) if first else None
    _say(NAMES, dict(names.look_up(_SERVER, _NAME), servers=names.servers()))
    _say(SERVER, server.ask())
    if door is None:
        _say(PEER, meeting.visit(host, port, _POD))
    else:
        door.greet(host, _POD)


def _gpus(there: List[str]) -> None:
    _say(DEVICES, gpus.seen())
    asked = [frameworks.Asked(name) for name in there]
    for one in asked:
        _say(FRAMEWORK, one.answer(_FRAMEWORK))
        one.close()


def _say(what: str, saw: Any) -> None:
    sys.stdout.write(json.dumps({KEY: what, **saw}) + "\n")
    sys.stdout.flush()
