"""What a job says of its pods, seen by the ranks that run in them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml

from support.home import Said

from .lab import power
from .lab.kubectl import Kubectl
from .lab.manifests import claim, pod
from .lab.places import PRIVATE_PASSWORD, PRIVATE_REGISTRY, PRIVATE_USER, REGISTRY
from .lab.target import Cluster
from .lab.watching import event, holds, phase
from .team import Team

INDEX = "batch.kubernetes.io/job-completion-index"
QUEUE = "kueue.x-k8s.io/queue-name"


def submitted(team: Team, script: str, *argv: str, **keys: Any) -> Said:
    """`rankzero run` of a job file with these keys, to its end or, with -d, to its id."""
    team.script(script)
    (team.work / "job.yaml").write_text(
        yaml.safe_dump({"run": "train.py", **keys}, sort_keys=False)
    )
    return team.call("run", "job.yaml", *argv)


def printed(team: Team, script: str, *argv: str, **keys: Any) -> list[str]:
    """What the ranks of a run print, sorted; it must succeed."""
    said = submitted(team, script, *argv, **keys)
    assert said.code == 0, said
    return sorted(said.out.splitlines())


# -- where they are

_NAMES = """
import os, socket
run, role, here = (os.environ["RANKZERO_" + name] for name in ("RUN", "ROLE", "NODE"))
own, stable = socket.gethostname(), f"{run}-{role}-{here}"
there = socket.gethostbyname(f"{stable}.{run}") == socket.gethostbyname(own)
print(here, own == stable, there)
"""


def machines(team: Team) -> dict[str, str]:
    """node number -> the machine that it was on."""
    return {
        one["metadata"]["labels"][INDEX]: one["spec"]["nodeName"]
        for one in team.admin.get("pods", "-l", "rankzero/run")["items"]
    }


def test_node_i_is_on_machine_i_and_is_called_by_its_number(
    team: Team, marked: tuple[str, list[str]]
) -> None:
    key, (first, second) = marked
    lines = printed(team, _NAMES, place=[{key: "a"}, {key: "b"}])

    assert lines == ["[0] 0 True True", "[1] 1 True True"]
    assert machines(team) == {"0": second, "1": first}
    (run,) = json.loads(team.call("list", "--output", "json").out)["runs"]
    assert run["state"] == "succeeded"
    kept = team.call("logs", run["run"])
    assert sorted(kept.out.splitlines()) == lines
    assert team.call("delete", run["run"]).code == 0
    holds("nothing of it to be left", lambda: not left(team.admin))


def left(kubectl: Kubectl) -> list[str]:
    kinds = (
        "jobs,pods,services,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies"
    )
    return kubectl("get", kinds, "-l", "rankzero/run", "-o", "name").split()


_WAITS = """
import os, time
print("on", flush=True)
while os.environ["RANKZERO_GENERATION"] == "1":
    time.sleep(0.1)
"""


def test_a_placed_run_survives_the_loss_of_a_node_that_is_a_job_of_its_own(
    team: Team, marked: tuple[str, list[str]]
) -> None:
    key, _ = marked
    team.script(_WAITS)
    text = yaml.safe_dump({"run": "train.py", "place": [{key: "a"}, {key: "b"}]})
    (team.work / "job.yaml").write_text(text)
    command = team.start("run", "job.yaml")
    command.until_said("[1] on")
    team.admin("delete", "pod", "-l", f"rankzero/run,{INDEX}=1", "--wait=false", "--grace-period=1")
    said = command.wait()

    assert said.code == 0, said
    assert said.out.count("[1] on") == 2


def test_labels_that_machines_must_have(team: Team, marked: tuple[str, list[str]]) -> None:
    key, (first, _) = marked
    printed(team, "", "--node-selector", f"{key}=b", "--nodes", "2")

    assert machines(team) == {"0": first, "1": first}


@pytest.fixture
def tainted(lab: Cluster) -> Iterator[str]:
    """A taint of the test's own on node1, and the label by which a run wants that machine."""
    key = f"rz-test-{secrets.token_hex(4)}"
    lab.kubectl("label", "node", "node1", f"{key}=x")
    lab.kubectl("taint", "node", "node1", f"{key}=x:PreferNoSchedule")
    yield key
    lab.kubectl("taint", "node", "node1", f"{key}-")
    lab.kubectl("label", "node", "node1", f"{key}-")


@pytest.mark.alone
def test_a_toleration_reaches_the_pods(team: Team, tainted: str) -> None:
    taint = f"{tainted}=x:PreferNoSchedule"
    printed(team, "", "--node-selector", f"{tainted}=x", "--toleration", taint)

    (one,) = team.admin.get("pods", "-l", "rankzero/run")["items"]
    asked = {"key": tainted, "operator": "Equal", "value": "x", "effect": "PreferNoSchedule"}
    assert asked in one["spec"]["tolerations"]


# -- what they get

_DEVICES = """
import os
print(os.environ["RANKZERO_NODE"], *(os.environ.get(name, "-") for name in (
    "RANKZERO_LOCAL_WORLD_SIZE", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")))
"""


@pytest.fixture
def gpus(lab: Cluster) -> Iterator[None]:
    """Two GPUs that are not there on each node."""
    for index in (0, 1):
        power.gpus(index, 2)
    yield
    for index in (0, 1):
        power.gpus(index, 0)


@pytest.mark.alone
@pytest.mark.usefixtures("gpus")
def test_way_a_is_one_pod_with_many_gpus_and_a_rank_for_each(team: Team) -> None:
    lines = printed(team, _DEVICES, "--gpus", "2", "--nproc", "gpu")

    assert lines == ["[0] 0 2 0,1 -", "[1] 0 2 0,1 -"]
    (one,) = team.admin.get("pods", "-l", "rankzero/run")["items"]
    assert one["spec"]["containers"][0]["resources"]["limits"] == {power.GPU: "2"}


@pytest.mark.alone
@pytest.mark.usefixtures("gpus")
def test_way_b_is_a_pod_for_each_gpu(team: Team) -> None:
    roles = {"worker": {"nodes": 3, "gpus": 1, "nproc": "gpu"}, "watcher": {"nodes": 1}}
    lines = printed(team, _DEVICES, roles=roles)

    # The machines' GPUs are 4; who asks for none is told that there is none.
    assert lines == ["[0] 0 1 0 -", "[1] 1 1 0 -", "[2] 2 1 0 -", "[3] 3 1 - void"]


@pytest.mark.alone
def test_gpus_by_the_clusters_own_name(team: Team, lab: Cluster) -> None:
    name = f"rz-test.example/{secrets.token_hex(4)}-gpu"
    patched = partial(advertise, lab.kubectl, name)
    patched("2")
    try:
        lines = printed(team, _DEVICES, "--gpus", f"{name}=2", "--nproc", "gpu")
    finally:
        patched(None)
    assert [line.split()[:3] for line in lines] == [["[0]", "0", "2"], ["[1]", "0", "2"]]


def advertise(kubectl: Kubectl, name: str, count: str | None) -> None:
    told = {"status": {"capacity": {name: count}, "allocatable": {name: count}}}
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps(told))
    kubectl("patch", "node", "node1", *patch)


def test_shared_memory_has_the_size_that_was_asked_for(team: Team) -> None:
    script = "import os\nfound = os.statvfs('/dev/shm')\nprint(found.f_blocks * found.f_frsize)\n"

    assert printed(team, script, "--shm", "64Mi") == [f"[0] {64 << 20}"]
    (large,) = printed(team, script, "--memory", "256Mi")
    assert int(large.split()[1]) == 256 << 20, "without a size as much as there is memory"


_VOLUMES = """
with open("/data/deep/written", "w") as file:
    file.write("by a rank")
print(open("/again/written").read())
try:
    open("/again/more", "w")
except OSError as error:
    print(error.strerror)
print(open("/keys/token").read(), open("/scratch/x", "w").write("x"))
"""


def test_volumes_are_where_the_job_says(team: Team) -> None:
    team.admin.apply(claim("mnist"))
    team.admin("create", "secret", "generic", "keys", "--from-literal=token=t0k3n")
    made = pod("maker", team.env["RANKZERO_IMAGE"], "import os; os.makedirs('/data/deep')")
    made["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "mnist"}}]
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "d", "mountPath": "/data"}]
    team.admin.apply(made)
    phase(team.admin, "maker", "Succeeded")
    volumes = {
        "data": {"claim": "mnist", "path": "/data"},
        "again": {"claim": "mnist", "path": "/again", "read_only": True, "sub_path": "deep"},
        "keys": {"secret": "keys", "path": "/keys"},
        "scratch": {"empty_dir": "10Mi", "path": "/scratch"},
    }
    lines = printed(team, _VOLUMES, volumes=volumes)

    assert lines == ["[0] Read-only file system", "[0] by a rank", "[0] t0k3n 1"]


def test_a_claim_from_the_command_line(team: Team) -> None:
    team.admin.apply(claim("mnist"))
    script = "open('/data/x', 'w').write('kept'); print(open('/data/x').read())"

    assert printed(team, script, "--volume", "mnist:/data") == ["[0] kept"]
    assert printed(team, "print(open('/d/x').read())", "--volume", "mnist:/d:ro") == ["[0] kept"]


def test_variables_come_from_secrets(team: Team) -> None:
    literals = ("--from-literal=api-key=a b", "--from-literal=REGION=here")
    team.admin("create", "secret", "generic", "wandb", *literals)
    team.admin("create", "configmap", "settings", "--from-literal=MODE=fast")
    script = "import os\nprint(*(os.environ[name] for name in ('KEY', 'REGION', 'MODE')))\n"
    sources = ["wandb", {"config_map": "settings"}]
    lines = printed(team, script, "--secret", "KEY=wandb/api-key", env_from=sources)

    assert lines == ["[0] a b here fast"]
    assert "a b" not in json.dumps(team.admin.get("jobs")), "a plan holds no secret"


def test_an_image_behind_a_password(team: Team, lab: Cluster) -> None:
    door = ("--docker-server", PRIVATE_REGISTRY, "--docker-username", PRIVATE_USER)
    password = ("--docker-password", PRIVATE_PASSWORD)
    team.admin("create", "secret", "docker-registry", "door", *door, *password)
    image = lab.python.replace(REGISTRY, PRIVATE_REGISTRY)
    keys = {"image": image, "pull": "Always"}

    assert printed(team, "print('in')", "--pull-secret", "door", **keys) == ["[0] in"]
    run = submitted(team, "", "-d", **keys).out.strip()
    (one,) = team.admin.get("pods", "-l", f"rankzero/run={run}")["items"] or [None]
    assert "401" in event(team.admin, one["metadata"]["name"], "Failed")
    assert team.call("stop", run).code == 0


@pytest.mark.parametrize(
    ("who", "ids"), [(None, "1000 1000"), (1234, "1234 1234"), ("1234:100", "1234 100")]
)
def test_who_the_ranks_are(team: Team, who: object, ids: str) -> None:
    script = "import os\nprint(os.getuid(), os.getgid())\nopen('new', 'w').write('')\n"

    assert printed(team, script, user=who) == [f"[0] {ids}"]


def test_the_images_own_user(team: Team) -> None:
    """The lab's images are root's; a namespace that enforces `restricted` refuses such a pod."""
    said = submitted(team, "import os\nprint(os.getuid())\n", "--user", "image")

    assert (said.code, said.out) == (0, "[0] 0\n"), said
    assert "restricted profile allows: a user that may be root" in said.err


_OVERLAID = """
import os
print(os.environ["EXTRA"], os.environ["HOME"], open("/about/labels").read().count("rankzero/run"))
"""


def test_what_is_laid_over_the_pods(team: Team) -> None:
    labels = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
    overlay = {
        "containers": [
            {
                "name": "rank",
                "env": [{"name": "EXTRA", "value": "more"}],
                "volumeMounts": [{"name": "about", "mountPath": "/about"}],
            }
        ],
        "volumes": [{"name": "about", "downwardAPI": {"items": [labels]}}],
        "terminationGracePeriodSeconds": 7,
    }
    assert printed(team, _OVERLAID, pod=overlay) == ["[0] more /rankzero/run/user 1"]
    (one,) = team.admin.get("pods", "-l", "rankzero/run")["items"]
    assert one["spec"]["terminationGracePeriodSeconds"] == 7


def test_a_container_beside_the_ranks_changes_nothing_for_the_run(team: Team) -> None:
    """One of the kind that ends when the others have: an init container that goes on."""
    beside = {
        "name": "beside",
        "image": team.env["RANKZERO_IMAGE"],
        "command": ["python3", "-c", "import signal; signal.sigwait([signal.SIGTERM])"],
        "restartPolicy": "Always",
    }
    assert printed(team, "print('alone')", pod={"initContainers": [beside]}) == ["[0] alone"]
    (run,) = json.loads(team.call("list", "--output", "json").out)["runs"]
    assert run["state"] == "succeeded"


# -- whom they reach

_API = """
import json, os, ssl, urllib.request
base = "/var/run/secrets/kubernetes.io/serviceaccount/"
def ask(what):
    token, here = open(base + "token").read(), open(base + "namespace").read()
    host = os.environ["KUBERNETES_SERVICE_HOST"] + ":" + os.environ["KUBERNETES_SERVICE_PORT"]
    asked = urllib.request.Request(
        f"https://{host}/api/v1/namespaces/{here}/{what}",
        headers={"Authorization": "Bearer " + token})
    trust = ssl.create_default_context(cafile=base + "ca.crt")
    try:
        with urllib.request.urlopen(asked, context=trust) as answer:
            return len(json.load(answer)["items"])
    except urllib.error.HTTPError as error:
        return error.code
print(ask("pods"), ask("secrets"))
"""


@pytest.fixture
def giver(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], team: Team, tmp_path: Any
) -> Iterator[Team]:
    """One with the rights that such jobs take, as `doctor` tells an administrator."""
    team.script("")
    (team.work / "job.yaml").write_text("run: train.py\napi: true\nisolate: true\n")
    said = team.call("doctor", "--rbac", "job.yaml")
    assert said.code == 0, said
    config = user(namespace, yaml.safe_load(said.out)).kubeconfig
    made = Team(tmp_path / "giver", config, cluster.kubectl.within(namespace), cluster.python)
    yield made
    made.close()


def test_the_api_from_inside_a_pod_with_the_rights_that_were_asked_for(giver: Team) -> None:
    assert printed(giver, _API, "--nodes", "2", api=True) == ["[0] 2 403", "[1] 2 403"]
    run = json.loads(giver.call("list", "-o", "json").out)["runs"][0]["run"]
    assert f"serviceaccount/{run}" in left(giver.admin)

    assert giver.call("delete", run).code == 0
    holds("its account and rights to go with it", lambda: not left(giver.admin))


def test_an_account_that_is_there(team: Team) -> None:
    team.admin("create", "serviceaccount", "trainer")
    lines = printed(team, _API, "--service-account", "trainer")

    assert lines == ["[0] 403 403"]


def test_who_did_not_ask_has_no_token(team: Team) -> None:
    script = "import os\nprint(os.path.exists('/var/run/secrets/kubernetes.io'))\n"

    assert printed(team, script) == ["[0] False"]


_SERVES = """
import os, socket, time
run = os.environ["RANKZERO_RUN"]
if os.environ["RANKZERO_RANK"] == "0":
    server = socket.create_server(("", 7000))
    server.accept()
    print("met", flush=True)
    while True:
        server.accept()
while True:
    try:
        socket.create_connection((f"{run}-worker-0.{run}", 7000), 1)
        time.sleep(1000)
    except OSError:
        pass
"""


@pytest.mark.parametrize("isolated", [False, True])
def test_strangers_are_kept_out_of_a_run_that_goes_on(
    giver: Team, lab: Cluster, isolated: bool
) -> None:
    giver.admin.apply(pod("stranger", lab.python))
    phase(giver.admin, "stranger", "Running")
    ways = ("--isolate",) if isolated else ()
    command = giver.start("run", giver.script(_SERVES), "--nodes", "2", *ways)
    command.until_said("[0] met")
    run = command.err.split()[0]
    (first,) = giver.admin.get("pods", "-l", f"rankzero/run={run},{INDEX}=0")["items"]
    address = first["status"]["podIP"]
    try_it = f"import socket; socket.create_connection(({address!r}, 7000), 1)"
    reached = partial(giver.admin.succeeds, "exec", "stranger", "--", "python3", "-c", try_it)

    holds("a stranger's way to be as it should", lambda: reached() != isolated)
    assert giver.call("stop", run).code == 0
    assert command.wait().code == 1


# -- when they begin


def resume(team: Team, job: str) -> None:
    """What Kueue does when it admits a Job."""
    team.admin("patch", "job", job, "--type=merge", "-p", '{"spec": {"suspend": false}}')


def test_a_queue_alone_starts_a_run(team: Team) -> None:
    said = submitted(team, "print('at last')", "-d", "--queue", "team-a", nodes=2)
    run = said.out.strip()
    (job,) = team.admin.get("jobs", "-l", f"{QUEUE}=team-a")["items"]
    assert job["spec"]["suspend"] is True
    assert json.loads(team.call("status", run, "-o", "json").out)["runs"][0]["state"] == "waiting"

    resume(team, job["metadata"]["name"])
    followed = team.call("attach", run)
    assert (followed.code, sorted(followed.out.splitlines())) == (0, ["[0] at last", "[1] at last"])


def test_a_run_that_waits_in_a_queue_can_be_stopped(team: Team) -> None:
    run = submitted(team, "", "-d", "--queue", "team-a").out.strip()
    assert team.call("stop", run).code == 0

    (job,) = team.admin.get("jobs", "-l", QUEUE)["items"]
    assert job["spec"]["parallelism"] == 0, "the queue has nothing to give to it any more"
    assert json.loads(team.call("status", run, "-o", "json").out)["runs"][0]["state"] == "stopped"


def test_a_run_of_which_a_part_was_admitted_gives_it_back(team: Team) -> None:
    roles = {"worker": {"nodes": 1}, "ps": {"nodes": 1}}
    command = "run", "job.yaml", "--queue", "team-a", "--wait", "3"
    team.script("")
    (team.work / "job.yaml").write_text(yaml.safe_dump({"run": "train.py", "roles": roles}))
    attached = team.start(*command)
    holds("both to wait", lambda: len(team.admin.get("jobs", "-l", QUEUE)["items"]) == 2)
    assert "its 2 Jobs are admitted one by one" in attached.err
    run = attached.err.split()[0]
    resume(team, f"{run}-worker")
    said = attached.wait()

    assert said.code == 1, said
    assert "ps/0" in said.err
    queued = [one["metadata"]["name"] for one in team.admin.get("jobs", "-l", QUEUE)["items"]]
    assert queued == [f"{run}-worker"], "what was never admitted never will be"
