"""Runs that wait in a queue, and the real Kueue that lets them begin."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.home import Command

from .lab import target
from .lab.kubectl import Kubectl
from .lab.kueue import WATCHED
from .lab.target import Cluster
from .lab.watching import holds
from .team import ROLE, Team

#: Whoever is first may wait for Kueue to be compiled.
pytestmark = pytest.mark.timeout(1800)
QUEUE = "team-a"
#: Half of what the queue has.
HALF = ("--queue", QUEUE, "--cpu", "500m")

#: Each rank goes on until there is a file in its folder.
GOES_ON = """
import os, time
print("up", flush=True)
while not os.path.exists("end"):
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def kueue(cluster: Cluster) -> Iterator[None]:
    """Kueue, as long as this module runs; only where it is asked for."""
    try:
        standing = target.queues(cluster)
    except target.NoCluster as reason:
        pytest.skip(str(reason))
    with standing:
        yield


@pytest.fixture
def team(
    cluster: Cluster,
    kueue: None,
    new_namespace: Callable[..., str],
    user: Callable[..., Kubectl],
    tmp_path: Path,
) -> Iterator[Team]:
    """A user with rankzero's Role, and a queue that has one processor to give."""
    namespace = new_namespace(WATCHED)
    config = user(namespace, ROLE).kubeconfig
    made = Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)
    cluster.kubectl.within(namespace).apply(*_queues(namespace))
    yield made
    made.call("delete", "--all", "--force")
    made.close()
    cluster.kubectl("delete", "clusterqueue,resourceflavor", namespace, "--wait=false")


def _queues(name: str) -> Iterator[dict[str, Any]]:
    """What an administrator sets up; name: of the namespace, and of what belongs to none."""
    cpu = {"name": "cpu", "nominalQuota": "1"}
    group = {"coveredResources": ["cpu"], "flavors": [{"name": name, "resources": [cpu]}]}
    whole = {"namespaceSelector": {}, "resourceGroups": [group]}
    for kind, meta, spec in (
        ("ResourceFlavor", {"name": name}, {}),
        ("ClusterQueue", {"name": name}, whole),
        ("LocalQueue", {"name": QUEUE, "namespace": name}, {"clusterQueue": name}),
    ):
        version = "kueue.x-k8s.io/v1beta1"
        yield {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}


def granted(team: Team) -> float:
    """How many processors of the queue are taken."""
    status = team.admin.get("clusterqueue", team.namespace).get("status", {})
    total = status["flavorsReservation"][0]["resources"][0]["total"]
    return float(total.removesuffix("m")) / (1000 if total.endswith("m") else 1)


def waiting(team: Team) -> int:
    return int(team.admin.get("localqueue", QUEUE)["status"].get("pendingWorkloads", 0))


def submitted(team: Team, script: str, *options: str) -> str:
    """A detached run's name."""
    said = team.call("run", team.script(script), "--detach", *options)
    assert said.code == 0, said
    return said.out.strip()


def up(team: Team, script: str, *options: str, ranks: int = 1) -> tuple[str, Command]:
    """A run that holds all that the queue has, and the command that follows it."""
    attached = team.start("run", team.script(script), *options)
    holds("its ranks to be up", lambda: attached.out.count("up\n") == ranks)
    return attached.err.split()[0], attached


def state(team: Team, run: str) -> str:
    (one,) = json.loads(team.call("status", run, "--output", "json").out)["runs"]
    return str(one["state"])


def test_a_run_is_suspended_until_kueue_and_nobody_else_resumes_it(team: Team) -> None:
    said = team.call("run", team.script("print('at last')"), *HALF, "--nodes", "2")

    assert (said.code, sorted(said.out.splitlines())) == (0, ["[0] at last", "[1] at last"]), said
    (job,) = team.admin.get("jobs", "--show-managed-fields")["items"]
    resumed = [
        one["manager"]
        for one in job["metadata"]["managedFields"]
        if "f:suspend" in one.get("fieldsV1", {}).get("f:spec", {})
    ]
    assert resumed == ["kueue"]
    assert "Admitted by clusterQueue" in told(team, "Started")
    holds("it to have given all back", lambda: granted(team) == 0)


def told(team: Team, reason: str) -> str:
    """What Kueue says of Jobs."""
    fields = f"involvedObject.kind=Job,reason={reason}"
    return "\n".join(
        one["message"] for one in team.admin.get("events", "--field-selector", fields)["items"]
    )


def test_a_second_run_waits_says_for_what_and_begins_when_the_first_has_ended(team: Team) -> None:
    first, followed = up(team, GOES_ON, *HALF, "--nodes", "2", ranks=2)
    second = submitted(team, "print('at last')", *HALF, "--nodes", "2")

    lacks = f"insufficient unused quota for cpu in flavor {team.namespace}, 1 more needed"
    words = f'it waits in queue "{QUEUE}": {lacks}'
    holds("the queue to say why", lambda: words in team.call("why", second).out)
    listed = json.loads(team.call("list", "--output", "json").out)["runs"]
    assert [(one["run"], one["state"]) for one in listed] == [
        (second, "waiting"),
        (first, "running"),
    ]
    assert words in team.call("list").out
    assert team.call("status", second).out.count(words) == 2
    attached = team.start("attach", second)
    attached.until_said(words)

    for rank in ("0", "1"):
        assert team.call("exec", first, "--rank", rank, "--", "touch", "end").code == 0
    assert followed.wait().code == 0
    said = attached.wait()
    assert (said.code, sorted(said.out.splitlines())) == (0, ["[0] at last", "[1] at last"]), said


def test_a_run_that_asks_for_more_than_the_queue_ever_has_is_told_so(team: Team) -> None:
    attached = team.start("run", team.script(""), "--queue", QUEUE, "--cpu", "3")
    attached.until_said("request > maximum capacity (3 > 1)")
    attached.until_said("ask for less: it is more than the queue ever has")

    run = attached.err.split()[0]
    assert team.call("stop", run).code == 0
    assert attached.wait().code == 1
    assert state(team, run) == "stopped"


def test_a_run_of_which_a_part_was_admitted_gives_it_back(team: Team) -> None:
    team.script("")
    roles = {"worker": {"cpu": 0.5}, "ps": {"cpu": 3}}
    (team.work / "job.yaml").write_text(yaml.safe_dump({"run": "train.py", "roles": roles}))
    said = team.call("run", "job.yaml", "--queue", QUEUE, "--wait", "3")

    assert said.code == 1, said
    assert "its 2 Jobs are admitted one by one" in said.err
    assert "ps/0" in said.err
    holds("it to have given all back", lambda: granted(team) == 0 and waiting(team) == 0)
    run = said.err.split()[0]
    jobs = [one["metadata"]["name"] for one in team.admin.get("jobs")["items"]]
    assert jobs == [f"{run}-worker"], "what was never admitted never will be"


def test_a_run_that_is_stopped_in_the_queue_is_never_admitted(team: Team) -> None:
    first, followed = up(team, GOES_ON, *HALF, "--nodes", "2", ranks=2)
    second = submitted(team, "print('never')", *HALF, "--nodes", "2")
    holds("it to be in the queue", lambda: waiting(team) == 1)

    assert team.call("stop", second).code == 0
    assert state(team, second) == "stopped"
    assert team.call("stop", first).code == 0
    followed.wait()
    holds("the queue to be empty", lambda: granted(team) == 0 and waiting(team) == 0)
    pods = team.admin.get("pods", "-l", f"rankzero/run={second}")["items"]
    assert (state(team, second), pods) == ("stopped", [])

    assert team.call("delete", first, second).code == 0
    holds("nothing of them to be left", lambda: not left(team))


def test_a_run_that_was_admitted_and_is_stopped_before_it_began_gives_back_what_it_had(
    team: Team,
) -> None:
    nowhere = ("--image", "registry.invalid/none:1")
    run = submitted(team, "", *HALF, "--nodes", "2", *nowhere)
    holds("it to be admitted", lambda: granted(team) == 1)

    assert team.call("stop", run).code == 0
    holds("the queue to be empty", lambda: granted(team) == 0 and waiting(team) == 0)
    assert state(team, run) == "stopped"
    holds("its pods to be gone", lambda: not team.admin.get("pods")["items"])
    assert team.call("delete", run).code == 0
    holds("nothing of it to be left", lambda: not left(team))


def left(team: Team) -> list[str]:
    kinds = "jobs,pods,services,secrets,configmaps"
    ours = team.admin("get", kinds, "-l", "rankzero/run", "-o", "name").split()
    return ours + team.admin("get", "workloads", "-o", "name").split()
