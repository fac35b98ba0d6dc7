"""A pod that asks a Service as anybody in the cluster would, and counts what it met."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import Team

#: Asks a Service again and again, each time anew; says at the end how often, and what went wrong.
ASKING = """
import collections, json, os, threading, urllib.request

answers, failures, over = collections.Counter(), [], threading.Event()

def ask():
    while not over.is_set():
        try:
            with urllib.request.urlopen(os.environ["URL"], timeout=10) as answer:
                answers[answer.read().split()[0].decode()] += 1
        except OSError as error:
            failures.append(repr(error))
        over.wait(0.02)

threads = [threading.Thread(target=ask) for _ in range(3)]
for thread in threads:
    thread.start()
while not os.path.exists("/tmp/over"):
    over.wait(0.1)
    if answers:
        print("asking", flush=True)
over.set()
for thread in threads:
    thread.join()
print(json.dumps({"answers": answers, "failures": failures}), flush=True)
"""


@contextlib.contextmanager
def asking(team: Team, cluster: Cluster, url: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Within the block the Service is asked; what is given ends that, and says how often each
    answer came, and what failed."""
    container = {"name": "it", "image": cluster.python, "command": ["python3", "-c", ASKING]}
    container["env"] = [{"name": "URL", "value": url}]
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asking"}}
    team.admin.apply({**head, "spec": {**spec, "containers": [container]}})
    try:
        until(lambda: _phase(team.admin) == "Running", "the asking pod")
        until(lambda: "asking" in team.admin("logs", "asking"), "answers of the Service")
        yield lambda: _met(team.admin)
    finally:
        team.admin("delete", "pod", "asking", "--wait=false", "--ignore-not-found")


def _met(kubectl: Kubectl) -> dict[str, Any]:
    kubectl("exec", "asking", "--", "touch", "/tmp/over")
    until(lambda: _phase(kubectl) == "Succeeded", "the end of the asking")
    found: dict[str, Any] = json.loads(kubectl("logs", "asking").splitlines()[-1])
    return found


def _phase(kubectl: Kubectl) -> str:
    return str(kubectl.get("pod", "asking").get("status", {}).get("phase"))
