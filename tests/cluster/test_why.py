"""`why` about pods that cannot begin, or were ended, on a real cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.manifests import claim
from .lab.places import PRIVATE_REGISTRY, REGISTRY
from .lab.target import Cluster
from .lab.watching import SECONDS
from .overlaid import Change, container, pod, submit, volume
from .rights import without
from .team import ROLE, Team

#: Beyond the least Role: what lets `why` quote the cluster's own words.
SEES: dict[str, Any] = {
    "rules": [
        *ROLE["rules"],
        {
            "apiGroups": [""],
            "resources": ["events", "persistentvolumeclaims"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["networking.k8s.io"],
            "resources": ["networkpolicies"],
            "verbs": ["get", "list"],
        },
    ]
}
#: What preflight would refuse is what this is about.
FORCED = "--no-preflight"
EAT = """
import time
kept = []
while True:
    kept.append(bytearray(4_000_000))
    time.sleep(0.01)
"""
#: Each rank of two goes on once both have printed their line.
MEET = """
import os, socket, time
rank, port = int(os.environ["RANKZERO_RANK"]), int(os.environ["RANKZERO_MASTER_PORT"])
print("here is", rank, flush=True)
if rank == 0:
    socket.create_server(("", port)).accept()
while rank == 1:
    try:
        socket.create_connection((os.environ["RANKZERO_MASTER_ADDR"], port))
        break
    except OSError:
        time.sleep(0.1)
"""
WAIT = "import time\nprint('here', flush=True)\ntime.sleep(600)"


@pytest.fixture
def sees(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> Iterator[Team]:
    """One who may also read events, claims and policies."""
    config = user(namespace, SEES).kubeconfig
    made = Team(tmp_path / "sees", config, cluster.kubectl.within(namespace), cluster.python)
    yield made
    made.close()


def why(team: Team, run: str, cause: str, **env: str) -> dict[str, Any]:
    """The answer, once it is this cause."""
    seen: list[str] = []

    def found() -> dict[str, Any] | None:
        said = team.call("why", run, "--output", "json", env=env)
        assert said.code == 0, said
        answer: dict[str, Any] = json.loads(said.out)
        seen.append(f"{answer['cause']}: {answer['title']}")
        return answer if answer["cause"] == cause else None

    try:
        return until(found, f"the cause {cause}", SECONDS)
    except AssertionError as error:
        raise AssertionError(f"{error}; said {list(dict.fromkeys(seen))}") from None


def detached(team: Team, *words: str, script: str = "print()") -> str:
    started = team.call("run", "--detach", FORCED, team.script(script), *words)
    assert started.code == 0, started
    return started.out.strip()


def test_an_image_that_is_not_there(team: Team, lab: Cluster) -> None:
    image = f"{REGISTRY}/lab/absent:1"
    run = detached(team, "--image", image, "--nodes", "2")
    title = f"worker/0, worker/1: image {image} is not there"
    until(lambda: why(team, run, "image-not-found")["title"] == title, "both nodes to be told of")
    answer = why(team, run, "image-not-found")
    assert answer["state"] == "waiting"
    assert f"at {REGISTRY}" in answer["remedy"]


def test_what_a_run_waited_for_is_known_after_it_was_stopped(team: Team, lab: Cluster) -> None:
    """Its pods, which alone tell of it, go when it is stopped."""
    absent = f"{REGISTRY}/lab/nowhere:1"
    words = ("run", team.script(""), "--detach", "--nodes", "2", "--image", absent)
    run = team.call(*words).out.strip()
    until(lambda: f"image {absent} is not there" in team.call("why", run).out, "a cause to be told")
    assert team.call("stop", run).code == 0
    said = team.call("why", run).out
    assert "stopped before it was done" in said
    assert f"before that, it waited: worker/0, worker/1: image {absent} is not there" in said


def test_a_name_that_is_no_image_is_told_at_once_by_the_command_that_waits(team: Team) -> None:
    command = team.start("run", FORCED, team.script("print()"), "--image", "UPPER/CASE:1")
    command.until_said('worker/0: "UPPER/CASE:1" is no name of an image')
    command.until_said("rankzero stop ")
    assert "0/1 ready" not in command.out


def test_a_registry_that_wants_a_password(
    team: Team, lab: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = lab.python.replace(REGISTRY, PRIVATE_REGISTRY)
    always = container(image=image, imagePullPolicy="Always")
    answer = why(team, submit(team, monkeypatch, always), "image-denied")
    assert answer["title"] == f"worker/0: {PRIVATE_REGISTRY} refuses image {image} to this cluster"
    assert "401 Unauthorized" in answer["evidence"][0]
    assert f"--docker-server={PRIVATE_REGISTRY}" in answer["remedy"]


def test_more_processors_than_any_machine_has(team: Team) -> None:
    run = detached(team, "--cpu", "4000", "--gpus", "70")
    answer = why(team, run, "does-not-fit")
    assert re.search("lacks? 4000 cpu", answer["title"])
    assert re.search("lacks? 70 nvidia.com/gpu", answer["title"])
    assert answer["remedy"] == "ask for less (--cpu, --gpus), or wait until others end"


def test_the_nearest_machine_is_named_to_those_who_may_read_machines(
    cluster: Cluster, team: Team
) -> None:
    run = detached(team, "--cpu", "4000")
    admin = {"KUBECONFIG": str(cluster.kubeconfig)}
    words = ("config", "set-context", "--current", "--namespace", team.namespace)
    copied = team.work / "admin.kubeconfig"
    copied.write_text(cluster.kubeconfig.read_text())
    Kubectl(copied)(*words)
    why(team, run, "does-not-fit")
    said = team.call("why", run, env={**admin, "KUBECONFIG": str(copied)})
    assert "nearest: " in said.out, said
    assert "4000 asked" in said.out
    assert "no more than the largest machine has: --cpu " in said.out


def test_a_label_that_no_machine_has(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    run = submit(team, monkeypatch, pod(nodeSelector={"gpu": "none-has-it"}))
    answer = why(team, run, "does-not-fit")
    assert re.search("lacks? label gpu=none-has-it", answer["title"])
    assert "kubectl label node NAME gpu=none-has-it" in answer["remedy"]


def test_a_quota_that_is_exceeded(sees: Team) -> None:
    hard = {"requests.cpu": "1"}
    meta = {"name": "small"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}
    sees.admin.apply(quota)
    run = detached(sees, "--cpu", "4")
    answer = why(sees, run, "quota")
    assert answer["title"] == (
        'worker/0: quota "small" is exceeded: requests.cpu 4 asked, 0 of 1 used'
    )
    assert answer["remedy"] == "ask for less (--cpu), or for a larger quota"
    listed = json.loads(sees.call("list", "--output", "json").out)["runs"][0]
    assert (listed["state"], listed["ready"]) == ("waiting", 0)
    assert listed["waits"][0]["cause"] == "quota"


def test_without_the_right_to_read_events_it_says_which_right_is_missing(
    team: Team, user: Callable[..., Kubectl]
) -> None:
    hard = {"pods": "0"}
    meta = {"name": "none"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}
    team.admin.apply(quota)
    run = detached(team)
    lesser = user(team.namespace, without("events")).kubeconfig
    answer = why(team, run, "pod-refused", KUBECONFIG=str(lesser))
    assert "may not read the events" in answer["title"]
    assert "rankzero doctor --rbac" in answer["remedy"]


def test_a_level_of_pod_security_that_keeps_the_pod_out(
    sees: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = "pod-security.kubernetes.io/enforce=restricted"
    sees.admin("label", "namespace", sees.namespace, level)
    host = volume({"hostPath": {"path": "/tmp"}})
    answer = why(sees, submit(sees, monkeypatch, host), "pod-security")
    assert '(Pod Security "restricted"): restricted volume types' in answer["title"]
    assert "hostPath" in answer["evidence"][0]


@pytest.mark.parametrize(
    ("change", "title"),
    [
        (
            container(
                env=[
                    {
                        "name": "A",
                        "valueFrom": {"secretKeyRef": {"name": "keys", "key": "wandb"}},
                    }
                ]
            ),
            'worker/0: there is no secret "keys"',
        ),
        (
            container(
                env=[
                    {
                        "name": "A",
                        "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}},
                    }
                ]
            ),
            'worker/0: ConfigMap "settings" has no key "a"',
        ),
        (volume({"secret": {"secretName": "keys"}}), 'worker/0: there is no secret "keys"'),
    ],
)
def test_a_secret_or_a_key_that_is_not_there(
    sees: Team, monkeypatch: pytest.MonkeyPatch, change: Change, title: str
) -> None:
    meta = {"name": "settings"}
    sees.admin.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}})
    assert why(sees, submit(sees, monkeypatch, change), "missing-secret")["title"] == title


def _claimed(name: str) -> Change:
    return volume({"persistentVolumeClaim": {"claimName": name}})


def test_a_claim_that_is_not_there(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = why(team, submit(team, monkeypatch, _claimed("nothing")), "missing-claim")
    assert answer["title"] == 'worker/0: there is no claim "nothing"'


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("nothing", 'claim "data" asks for storage class "nothing", which is not there'),
        ("once", 'claim "data" gets no volume of class "once"'),
    ],
)
def test_a_claim_that_gets_no_volume(
    sees: Team, lab: Cluster, monkeypatch: pytest.MonkeyPatch, kind: str, title: str
) -> None:
    sees.admin.apply(claim("data", storageClassName=kind))
    run = submit(sees, monkeypatch, _claimed("data"))
    assert why(sees, run, "unbound-volume")["title"] == f"worker/0: {title}"


@pytest.fixture
def blind(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> Iterator[Team]:
    """One who may not read claims."""
    config = user(namespace, without("persistentvolumeclaims", role=ROLE)).kubeconfig
    made = Team(tmp_path / "blind", config, cluster.kubectl.within(namespace), cluster.python)
    yield made
    made.close()


def test_a_claim_that_gets_no_volume_and_cannot_be_read(
    blind: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind.admin.apply(claim("data", storageClassName="nothing"))
    answer = why(blind, submit(blind, monkeypatch, _claimed("data")), "unbound-volume")
    assert answer["title"] == 'worker/0: "data" has no volume yet'
    assert answer["remedy"] == f"see why: kubectl describe pvc data -n {blind.namespace}"


def test_an_interpreter_that_the_image_has_not(team: Team) -> None:
    run = detached(team, "--python", "/opt/none/python3")
    answer = why(team, run, "not-startable")
    assert "has no /opt/none/python3 that could be run" in answer["title"]


def test_a_command_that_is_not_the_agent(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    change = container(command=["/bin/sh", "-c", "echo 'no agent here' >&2; exit 7"])
    answer = why(team, submit(team, monkeypatch, change), "agent-crashed")
    assert answer["title"] == "worker/0: its pod ended with code 7 before its agent joined"
    assert answer["evidence"] == ["no agent here"]


def test_memory_that_ran_out_is_told_with_its_limit_and_its_peak(team: Team) -> None:
    said = team.call("run", team.script(EAT), "--memory", "96Mi", "--nodes", "2")
    assert said.code == 1, said
    assert "ran out of memory: limit 96Mi, peak " in said.err
    run = said.err.split()[0]
    answer = why(team, run, "oom-killed")
    assert "more memory (--memory)" in answer["remedy"]


def test_a_pod_that_wrote_more_than_it_may_was_evicted(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = "import time\nopen('big', 'wb').write(bytes(60_000_000))\ntime.sleep(600)"
    limited = container(resources={"limits": {"ephemeral-storage": "20Mi"}})
    run = submit(team, monkeypatch, limited, write, max_restarts=0, nodes="2")
    answer = why(team, run, "evicted")
    assert " was evicted from " in answer["title"]
    assert "volume" in answer["remedy"]


def test_a_pod_whose_time_is_over(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    run = submit(team, monkeypatch, pod(activeDeadlineSeconds=8), WAIT, max_restarts=0, nodes="2")
    answer = why(team, run, "deadline")
    assert answer["title"].endswith("was ended when its time was over")


def test_an_agent_that_cannot_look_the_coordinator_up(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = [{"name": "timeout", "value": "1"}, {"name": "attempts", "value": "1"}]
    nowhere = {"nameservers": ["192.0.2.1"], "options": quick}
    deaf = pod(dnsPolicy="None", dnsConfig=nowhere)
    run = submit(team, monkeypatch, deaf, nodes="2")
    answer = why(team, run, "dns")
    assert answer["title"].startswith("worker/1: runs on ")
    assert f"cannot look up the coordinator's name {run}-worker-0.{run}" in answer["title"]


def test_an_agent_that_a_network_policy_keeps_from_the_coordinator(
    sees: Team, lab: Cluster
) -> None:
    deny = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny-all"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }
    sees.admin.apply(deny)
    command = sees.start("run", sees.script("print()"), "--nodes", "2", "--wait", "45")
    command.until_said("cannot reach the coordinator at")
    run = command.err.split()[0]
    answer = why(sees, run, "unreachable")
    assert answer["title"].startswith("worker/1: runs on ")
    assert "NetworkPolicies for its pods: deny-all" in answer["evidence"]
    said = command.wait()
    assert said.code == 1
    assert "  cause   worker/1: runs on " in said.err, "its end does not make it forgotten"


def test_what_failed_is_told_in_full_also_to_those_who_shorten_its_name(team: Team) -> None:
    fails = "import os, time\n{}[1] if os.environ['RANKZERO_RANK'] == '0' else time.sleep(600)\n"
    said = team.call("run", team.script(fails), "--nodes", "2", "--grace", "1")
    assert said.code == 1, said

    rows = team.call("status", "-").out.splitlines()[2:]
    assert [row.split()[2:5] for row in rows] == [["ended", "0", "0"], ["ended", "1", "0"]], rows
    why = team.call("why", "-").out
    assert "          train.py:2 in <module>:  {}[1] if" in why, why
    assert "worker/0  ended    rank 0  <- the cause" in why


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failure_that_nobody_watched_is_told_in_full_by_what_the_pods_left(
    team: Team, failing: int
) -> None:
    how = ("--nodes", "2", "--grace", "1", "--keep-outputs", "0")
    run = detached(team, *how, script=f"{MEET}{{}}[1] if rank == {failing} else time.sleep(600)\n")
    team.admin("wait", "--for", "condition=Failed", f"job/{run}-worker")

    assert f"worker/{failing}  ended    rank {failing}  <- the cause" in team.call("why", run).out
    rows = team.call("status", run).out.splitlines()[2:]
    assert [row.split()[2:5] for row in rows] == [["ended", "0", "0"], ["ended", "1", "0"]], rows
    said = team.call("logs", run).out
    assert "here is 0" in said and "here is 1" in said and "KeyError: 1" in said, said
    assert "rank-failed" in team.call("events", run).out


def test_what_a_run_waits_for_is_a_stream_of_objects_too(team: Team) -> None:
    command = team.start("run", FORCED, team.script("print()"), "--cpu", "4000", "--output", "json")
    command.until_said('"does-not-fit"')
    lines: list[Mapping[str, Any]] = [json.loads(line) for line in command.out.splitlines()]
    standing = next(one for one in reversed(lines) if one["kind"] == "standing")
    assert standing["ready"] == 0
    (node,) = standing["nodes"]
    assert (node["node"], node["machine"], node["state"]) == ("worker/0", None, "waiting")


def test_status_shows_machines_ranks_and_what_they_use(team: Team) -> None:
    script = "import time\nprint('epoch 1', flush=True)\ntime.sleep(600)"
    run = detached(team, "--nodes", "2", "--memory", "200Mi", script=script)

    def shown() -> str:
        out = team.call("status", run).out
        return out if out.count("epoch 1") == 2 and out.count("/200 MiB") == 2 else ""

    head, *rows = until(shown, "both nodes' lines").splitlines()[1:]
    assert head.split()[:7] == ["NODE", "WHERE", "STATE", "RANKS", "RESTARTS", "CPU", "MEMORY"]
    assert [row.split()[0] for row in rows] == ["worker/0", "worker/1"]
    assert all(row.split()[2] == "running" for row in rows)
    team.call("stop", run)
