"""What `rankzero export` writes, used as its README says, with kubectl and Helm alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.waiting import until

from .lab import compile as compiling
from .lab.kubectl import Kubectl
from .lab.shell import LabError, run
from .lab.target import Cluster
from .team import Team

GOLDEN = Path(__file__).parents[1] / "unit" / "export" / "golden"
EXAMPLES = Path(__file__).parents[2] / "examples"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
#: Whoever is first may wait for Helm to be compiled, or for an image of 1.9 GB.
pytestmark = pytest.mark.timeout(900)
PATIENCE = 240

SUM = """
import os
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
total = torch.tensor([dist.get_rank()])
dist.all_reduce(total)
open("written beside the script", "w").close()
print(f"rank {dist.get_rank()} of {dist.get_world_size()}: sum {total.item()}", flush=True)
"""
#: Everybody finds everybody by the names in the environment, and says what it was told.
NAMES = """
import json, os, socket, sys, time
from net.words import said

own = json.loads(os.environ["TF_CONFIG"])
listener = socket.create_server(("", 2222))
for task, addresses in own["cluster"].items():
    for address in addresses:
        host, port = address.split(":")
        for _ in range(600):
            try:
                socket.create_connection((host, int(port)), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit(f"{address} does not answer")
print(said, own["task"]["type"], own["task"]["index"], *sys.argv[1:], flush=True)
# Others may still look.
time.sleep(3600 if own["task"]["type"] == "STAYS" else 3)
"""
TASKS = """
name: names
framework: tensorflow
run: train.py --steps ${steps} "$(HOME) {{ x }}"
params: {steps: {type: int, default: 2000000, min: 1}}
roles:
  worker: {nodes: 2}
  ps: {nodes: 1, completes: true}
"""
RANKS = """
name: ranks
framework: plain
run: train.py
roles:
  first: {nodes: 1, nproc: 2}
  second: {nodes: 2, args: ["a b", "$HOME"]}
"""


@pytest.fixture
def admin(cluster: Cluster, new_namespace: Callable[..., str]) -> Kubectl:
    """kubectl in a namespace that takes no pod beyond `restricted`."""
    return cluster.kubectl.within(new_namespace(RESTRICTED))


@pytest.fixture
def export(team: Team) -> Callable[..., Path]:
    """Writes files: export(form, what, *options) -> their folder."""

    def write(form: str, *words: str) -> Path:
        folder = team.work / f"{form}-files"
        said = team.call("export", form, *words, "-o", str(folder))
        assert said.code == 0, said
        return folder

    return write


@pytest.fixture
def helm(lab: Cluster, admin: Kubectl, tmp_path: Path) -> Callable[..., str]:
    """The real one, with all rights in the namespace."""
    program = compiling.helm()

    def call(*words: object, seconds: float = PATIENCE) -> str:
        where = ("--kubeconfig", admin.kubeconfig, "--namespace", admin.namespace)
        homes = {
            f"HELM_{kind}_HOME": str(tmp_path / "helm") for kind in ("CACHE", "CONFIG", "DATA")
        }
        return run(program, *words, *where, env=homes, seconds=seconds)

    return call


def lines(admin: Kubectl, job: str) -> list[str]:
    """What the pods of a job that is done have written, in order, once all of it is there."""
    admin(
        "wait", "--for", "condition=complete", f"job/{job}", f"--timeout={PATIENCE}s", seconds=300
    )
    text = admin("logs", "-l", f"job-name={job}", "--tail=-1", "-c", "rank")
    return sorted(text.splitlines())


def test_plain_files_train(
    cluster: Cluster, admin: Kubectl, team: Team, export: Callable[..., Path]
) -> None:
    if cluster.torch is None:
        pytest.skip("this takes an image with PyTorch")
    options = ("--name", "sum", "--nodes", "2", "--image", cluster.torch)
    folder = export("yaml", team.script(SUM), *options)
    admin("apply", "-f", folder)
    assert lines(admin, "sum-worker") == ["rank 0 of 2: sum 1", "rank 1 of 2: sum 1"]

    admin("delete", "-f", folder)
    until(lambda: not admin.get("all,configmaps", "-l", "app.kubernetes.io/name=sum")["items"], "")


def test_a_kustomization_trains_several_ranks_a_pod(
    cluster: Cluster, admin: Kubectl, team: Team, export: Callable[..., Path]
) -> None:
    if cluster.torch is None:
        pytest.skip("this takes an image with PyTorch")
    options = ("--name", "sum", "--nodes", "2", "--nproc", "2", "--image", cluster.torch)
    # The lab's torch is Debian's 1.13, whose torchrun needs these on Python 3.11.
    options += ("--env", "PET_REDIRECTS=1", "--env", "PET_TEE=1")
    folder = export("kustomize", team.script(SUM), *options)
    admin("apply", "-k", folder / "overlays" / "mine")
    said = " ".join(lines(admin, "sum-worker"))
    assert re.findall(r"rank \d of 4: sum 6", said), said
    assert {int(rank) for rank in re.findall(r"rank (\d) of 4: sum 6", said)} == {0, 1, 2, 3}


def test_tasks_find_each_other_and_arguments_arrive_as_they_are(
    admin: Kubectl, team: Team, export: Callable[..., Path]
) -> None:
    write_tasks(team)
    admin("apply", "-f", export("yaml", "job.yaml"))
    rest = "--steps 2000000 $(HOME) {{ x }}"
    assert lines(admin, "names-worker") == [f"hello worker {at} {rest}" for at in range(2)]
    assert lines(admin, "names-ps") == [f"hello ps 0 {rest}"]


def test_ranks_count_on_from_role_to_role(
    admin: Kubectl, team: Team, export: Callable[..., Path]
) -> None:
    script = 'import os, sys; print(os.environ["RANK"], os.environ["RANKZERO_RANK"], sys.argv[1:])'
    (team.work / "train.py").write_text(script)
    (team.work / "job.yaml").write_text(RANKS)
    admin("apply", "-f", export("yaml", "job.yaml"))
    assert lines(admin, "ranks-first") == ["0 0 []", "1 1 []"]
    assert lines(admin, "ranks-second") == [f"{at} {at} ['a b', '$HOME']" for at in (2, 3)]


def test_a_chart_is_installed_trains_and_leaves_nothing(
    admin: Kubectl, team: Team, export: Callable[..., Path], helm: Callable[..., str]
) -> None:
    write_tasks(team)
    chart = export("helm", "job.yaml")
    assert "0 chart(s) failed" in helm("lint", "--strict", chart)
    before = _everything(admin)

    said = helm("install", "mine", chart, "--set", "params.steps=7,roles.worker.nodes=3")
    for word in ("NAME: mine", f"NAMESPACE: {admin.namespace}", "STATUS: deployed", "REVISION: 1"):
        assert word in said, said
    assert "3 of worker, 1 of ps" in said
    rest = "--steps 7 $(HOME) {{ x }}"
    assert lines(admin, "mine-worker") == [f"hello worker {at} {rest}" for at in range(3)]
    assert lines(admin, "mine-ps") == [f"hello ps 0 {rest}"]
    assert "STATUS: deployed" in helm("status", "mine")

    helm("uninstall", "mine", "--wait")
    until(lambda: _everything(admin) == before, "all of it is gone")


def test_parameter_servers_train_from_a_chart(
    admin: Kubectl,
    team: Team,
    export: Callable[..., Path],
    helm: Callable[..., str],
    tensorflow: str,
) -> None:
    images = [f"--image={role}={tensorflow}" for role in ("ps", "worker")]
    chart = export("helm", str(EXAMPLES / "digits-ps" / "job.yaml"), *images)
    settings = ["params.steps=60", "roles.ps.nodes=1"]
    # They share two processors with whatever else is tested.
    settings += [f"roles.{role}.resources.requests.cpu=10m" for role in ("ps", "worker")]
    said = helm("install", "digits", chart, "--set", ",".join(settings))
    assert "The pods of ps run until the release is uninstalled." in said
    trained = "\n".join(lines(admin, "digits-worker"))
    (accuracy,) = re.findall(r"worker 0  global step \d+  test accuracy (\S+)", trained)
    assert float(accuracy) > 0.5
    assert "training took" in trained
    (pod,) = admin.get("pods", "-l", "app.kubernetes.io/component=ps")["items"]
    assert pod["status"]["phase"] == "Running"
    helm("uninstall", "digits")


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("params.steps=many", "params.steps|/params/steps"),
        ("params.stepz=3", "stepz"),
        ("roles.worker.nodes=0", "roles.worker.nodes|/roles/worker/nodes"),
        ("roles.ps.imagee=x", "imagee"),
        ("roles.ps.ports.tensorflow=x", "ports"),
        ("roles.worker.resources.limits.memory=8 Gi", "memory"),
    ],
)
def test_a_mistake_in_the_values_is_refused_with_its_place(
    team: Team,
    export: Callable[..., Path],
    helm: Callable[..., str],
    setting: str,
    place: str,
) -> None:
    write_tasks(team)
    chart = export("helm", "job.yaml")
    with pytest.raises(LabError, match=place):
        helm("template", chart, "--set", setting)


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_every_object_is_accepted_and_a_chart_makes_the_same(
    kubectl: Kubectl, helm: Callable[..., str], name: str
) -> None:
    plain = [one for path in sorted((GOLDEN / name / "yaml").glob("*.yaml")) for one in _read(path)]
    _judged(kubectl, plain)
    chart = list(yaml.safe_load_all(helm("template", "digits", GOLDEN / name / "helm")))
    _judged(kubectl, chart)
    kustomized = kubectl("kustomize", GOLDEN / name / "kustomize" / "overlays" / "mine")
    _judged(kubectl, list(yaml.safe_load_all(kustomized)))
    for one, other in zip(_containers(plain), _containers(chart), strict=True):
        assert one == other


def write_tasks(team: Team, job: str = TASKS, stays: str = "none") -> None:
    """A job of tasks, and its code. stays: a task that does not end by itself."""
    (team.work / "net").mkdir()
    (team.work / "net" / "words.py").write_text("said = 'hello'\n")
    (team.work / "train.py").write_text(NAMES.replace("STAYS", stays))
    (team.work / "job.yaml").write_text(job)


def _everything(admin: Kubectl) -> set[str]:
    kinds = "jobs,pods,services,configmaps,secrets,persistentvolumeclaims,endpointslices"
    return set(admin("get", kinds, "--output=name").split())


def _read(path: Path) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def _judged(kubectl: Kubectl, made: list[dict[str, Any]]) -> None:
    """Errors: LabError with what the API server says."""
    whole = {"apiVersion": "v1", "kind": "List", "items": made}
    kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=json.dumps(whole))


def _containers(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the Jobs run, but for what a chart says in another order or form."""
    found = {}
    for one in made:
        if one["kind"] == "Job":
            (container,) = one["spec"]["template"]["spec"]["containers"]
            env = {each["name"]: _value(each) for each in container["env"]}
            keys = ("image", "command", "args", "workingDir")
            parts = {key: container.get(key) for key in keys}
            asked = container.get("resources") or {}
            parts["resources"] = {**asked.get("requests", {}), **asked.get("limits", {})}
            parts["mounts"] = {one.pop("mountPath"): one for one in container["volumeMounts"]}
            found[one["metadata"]["name"]] = {**parts, "env": env}
    return [found[name] for name in sorted(found)]


def _value(variable: dict[str, Any]) -> object:
    value = variable.get("value")
    if variable["name"] == "TF_CONFIG" and value != "{}":
        return json.loads(value.replace("$(TASK_INDEX)", "0"))
    return variable.get("valueFrom") if value is None else value
