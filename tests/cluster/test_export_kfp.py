"""`rankzero export kfp`: compiled by Kubeflow Pipelines' own SDK; and its step, run for real as a
pod with the rights that the README names."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rankzero.export.kfp import step
from support.waiting import until

from .lab import kfp
from .lab.kubectl import Kubectl
from .lab.shell import LabError
from .lab.target import Cluster
from .lab.watching import phase
from .team import Team
from .test_export import SUM, TASKS, write_tasks

GOLDEN = Path(__file__).parents[1] / "unit" / "export" / "golden"
NAMES = sorted(path.parents[1].name for path in GOLDEN.glob("*/kfp/jobs.yaml"))
#: Whoever is first waits for the SDK, and for an image of 1.9 GB.
pytestmark = pytest.mark.timeout(600)
PATIENCE = 180
#: What to change in the step so that Jobs outlive it for seconds, and it ends as if killed.
SHORT = {"LEASH = 3, 300, 900": "LEASH = 3, 300, 15", "sys.exit(143)": "os._exit(137)"}


def container(made: dict[str, Any]) -> dict[str, Any]:
    """What the step of a pipeline runs."""
    (executor,) = made["spec"]["deploymentSpec"]["executors"].values()
    found: dict[str, Any] = executor["container"]
    return found


def given(words: list[str], params: dict[str, object]) -> list[str]:
    """Words of a command as the pod gets them: Kubeflow Pipelines has put parameters in."""
    for name, value in params.items():
        place = f"{{{{$.inputs.parameters['{name}']}}}}"
        words = [word.replace(place, str(value)) for word in words]
    return words


@pytest.fixture
def compiled(lab: Cluster, tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    def of(name: str) -> dict[str, Any]:
        folder = shutil.copytree(GOLDEN / name / "kfp", tmp_path / name)
        return kfp.compiled(folder)

    return of


@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_compiles_it_and_it_makes_what_plain_files_have(
    compiled: Callable[..., dict[str, Any]], kubectl: Kubectl, name: str
) -> None:
    made = compiled(name)
    runs = container(made)
    assert runs["command"][-1] == (GOLDEN / name / "kfp" / "step.py").read_text(encoding="utf-8")
    (task,) = made["spec"]["root"]["dag"]["tasks"].values()
    assert "enableCache" not in task["cachingOptions"]

    texts = [word for word in runs["args"] if word.startswith("{")]
    assert not [text for text in texts if "{{" in text or "$" in text]
    inputs = made["spec"]["root"].get("inputDefinitions", {}).get("parameters", {})
    defaults = {f"params.{key}": _text(one) for key, one in inputs.items()}
    objects = [step.filled(json.loads(text), {"run": "digits", **defaults}) for text in texts]
    assert _comparable(objects) == _comparable(_plain(name))
    whole = {"apiVersion": "v1", "kind": "List", "items": objects}
    kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=json.dumps(whole))


def _text(param: dict[str, Any]) -> str:
    """A parameter's default as a word of a command."""
    value = param["defaultValue"]
    return f"{value:g}" if isinstance(value, float) and value < 1 else str(int(value))


def _plain(name: str) -> list[dict[str, Any]]:
    """What `export yaml` has of it that is made for each run."""
    read = [
        one
        for path in (GOLDEN / name / "yaml").glob("*.yaml")
        for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    return [one for one in read if one["kind"] in step.KINDS]


def _comparable(objects: list[dict[str, Any]]) -> dict[tuple[str, str], object]:
    """By kind and name; without what keeps a namespace's proxy away."""
    for one in objects:
        if one["kind"] == "Job":
            one["spec"]["template"]["metadata"]["labels"].pop("sidecar.istio.io/inject", None)
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def test_parameters_have_their_types_and_defaults(
    compiled: Callable[..., dict[str, Any]],
) -> None:
    made = compiled("torchrun")
    inputs = made["spec"]["root"]["inputDefinitions"]["parameters"]
    told = {name: (one["parameterType"], one["defaultValue"]) for name, one in inputs.items()}
    assert told == {"lr": ("NUMBER_DOUBLE", 0.1), "epochs": ("NUMBER_INTEGER", 2000000)}
    assert "--param=lr={{$.inputs.parameters['lr']}}" in container(made)["args"]


@pytest.mark.parametrize("name", ["volumes-and-rights", "one-pod"])
def test_the_step_s_image_is_pulled_with_the_job_s_secrets(
    compiled: Callable[..., dict[str, Any]], name: str
) -> None:
    (asked,) = compiled(name)["kubernetes"].values()
    assert [one["secretName"] for one in asked["imagePullSecret"]] == ["door"]


def test_one_pod_has_all_that_its_job_says(compiled: Callable[..., dict[str, Any]]) -> None:
    made = compiled("one-pod")
    (asked,) = made["kubernetes"].values()
    runs = container(made)
    job = yaml.safe_load((GOLDEN / "one-pod" / "yaml" / "worker.yaml").read_text(encoding="utf-8"))
    pod = job["spec"]["template"]["spec"]
    (plain,) = pod["containers"]
    resources = runs["resources"]
    assert resources["resourceMemoryLimit"] == plain["resources"]["limits"]["memory"]
    assert resources["resourceCpuRequest"] == plain["resources"]["requests"]["cpu"]
    accelerator = resources["accelerator"]
    gpus = {accelerator["resourceType"]: accelerator["resourceCount"]}
    assert gpus == {"nvidia.com/gpu": plain["resources"]["limits"]["nvidia.com/gpu"]}
    assert asked["nodeSelector"]["labels"] == pod["nodeSelector"]
    assert asked["tolerations"] == pod["tolerations"]
    mounts = [*asked["emptyDirMounts"], *asked["pvcMount"]]
    paths = {one["mountPath"]: one.get("subPath") for one in mounts}
    assert paths == {one["mountPath"]: one.get("subPath") for one in plain["volumeMounts"]}
    env = {one["name"]: one["value"] for one in runs["env"]}
    others = {one["name"]: one.get("value") for one in plain["env"]}
    secret = {one["keyToEnv"][0]["envVar"] for one in asked["secretAsEnv"]}
    assert others.keys() - env.keys() == secret | {"TAG"}  # which is a parameter's
    changed = {name for name, value in env.items() if others[name] != value}
    assert changed == {"PET_NODE_RANK", "PET_MASTER_ADDR"}


def test_the_reader_is_strict(compiled: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    compiled("two-nodes")
    text = (tmp_path / "two-nodes" / "pipeline.yaml").read_text(encoding="utf-8")
    with pytest.raises(LabError, match="imagee"):
        kfp.read(text.replace("image:", "imagee:"))


class Step:
    """An exported pipeline, and its step as Kubeflow Pipelines would start it, without that."""

    def __init__(self, cluster: Cluster, team: Team) -> None:
        self._team, self.admin = team, team.admin
        self._folder = team.work / "files"
        self.admin.apply(_named("ServiceAccount", "pipeline-runner"))

    def start(
        self, *words: str, changed: Mapping[str, str] | None = None, **params: object
    ) -> None:
        """words: of `rankzero export kfp`. changed: what of the step's text is otherwise. params:
        in place of their defaults."""
        said = self._team.call("export", "kfp", *words, "-o", str(self._folder))
        assert said.code == 0, said
        for file in {"account.yaml", "code.yaml"} & set(os.listdir(self._folder)):
            self.admin("apply", "-f", self._folder / file)
        made = kfp.compiled(self._folder)
        inputs = made["spec"]["root"].get("inputDefinitions", {}).get("parameters", {})
        values = {name: one["defaultValue"] for name, one in inputs.items()}
        runs = container(made)
        for old, new in (changed or {}).items():
            assert old in runs["command"][-1]
            runs["command"][-1] = runs["command"][-1].replace(old, new)
        main = {
            "name": "main",
            "image": runs["image"],
            "command": given(runs["command"], {**values, **params}),
            "args": given(runs.get("args", []), {**values, **params}),
            "env": runs.get("env", []),
        }
        (asked,) = made["kubernetes"].values() or [{}]
        spec = {"serviceAccountName": "pipeline-runner", "restartPolicy": "Never"}
        self.admin.apply({**_named("Pod", "step"), "spec": {**spec, **_like(main, asked)}})

    def ended(self, *wanted: str) -> str:
        """What it has written, once it is over."""
        phase(self.admin, "step", *wanted, seconds=PATIENCE)
        return self.admin("logs", "step")

    def left(self) -> list[str]:
        """What of its objects is there."""
        return self.admin("get", "jobs,services,pods", "-l", step.APP, "-o", "name").split()

    def until_nothing_is_left(self) -> None:
        until(lambda: not self.left(), "all of it is gone", 60)


def _like(main: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """The pod of a container, with what Kubeflow Pipelines would make of these words for it."""
    assert asked.keys() <= {"configMapAsVolume", "emptyDirMounts", "securityContext"}
    volumes, mounts = [], []
    for one in asked.get("configMapAsVolume", []):
        volumes.append({"name": "map", "configMap": {"name": one["configMapName"]}})
        mounts.append({"name": "map", "mountPath": one["mountPath"]})
    for one in asked.get("emptyDirMounts", []):
        about = {"medium": one["medium"]} if "medium" in one else {}
        volumes.append({"name": one["volumeName"], "emptyDir": about})
        mounts.append({"name": one["volumeName"], "mountPath": one["mountPath"]})
    user = {key: int(value) for key, value in asked.get("securityContext", {}).items()}
    container = {**main, "volumeMounts": mounts, "securityContext": user}
    return {"volumes": volumes, "containers": [container]}


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}


@pytest.fixture
def stepping(lab: Cluster, team: Team) -> Step:
    return Step(lab, team)


def test_it_trains_to_the_end_shows_the_lines_and_takes_all_away(
    lab: Cluster, team: Team, stepping: Step
) -> None:
    if lab.torch is None:
        pytest.skip("this takes an image with PyTorch")
    options = ("--name", "sum", "--nodes", "2", "--image", lab.torch)
    stepping.start(team.script(SUM), *options)
    said = stepping.ended("Succeeded").splitlines()
    ranks = [f"[worker-{rank}] rank {rank} of 2: sum 1" for rank in range(2)]
    assert sorted(line for line in said if ": sum" in line) == ranks
    stepping.until_nothing_is_left()


def test_those_that_serve_end_with_the_others_and_parameters_arrive(
    team: Team, stepping: Step
) -> None:
    serving = TASKS.replace("completes: true", "completes: false")
    write_tasks(team, serving.replace("--steps ${steps}", "--steps ${steps} ${what}"), stays="ps")
    text = (team.work / "job.yaml").read_text().replace("params: {", 'params: {what: "x", ')
    (team.work / "job.yaml").write_text(text)
    stepping.start("job.yaml", steps=7, what="$(HOME) {{ run }} 'é'")
    said = stepping.ended("Succeeded").splitlines()
    rest = "--steps 7 $(HOME) {{ run }} 'é' $(HOME) {{ x }}"
    told = sorted(line for line in said if "hello" in line)
    assert told[-2:] == [f"[worker-{at}] hello worker {at} {rest}" for at in range(2)]
    stepping.until_nothing_is_left()


ALONE = """
name: alone
framework: plain
run: train.py --lr ${learning-rate} "$(HOME) [${what}]"
params: {learning-rate: 0.1, what: x}
env: {SAID: "${what}"}
"""
PRINTS = """
import os, sys
from net.words import said
open("written beside the script", "w").close()
print(said, os.environ["RANK"], os.environ["WORLD_SIZE"], os.environ["SAID"], os.getuid())
print(sys.argv[1:])
"""


def test_one_pod_is_the_step_itself(team: Team, stepping: Step) -> None:
    write_tasks(team, ALONE)
    team.script(PRINTS)
    stepping.start("job.yaml", learning_rate=0.5, what="a b")
    said = stepping.ended("Succeeded").splitlines()
    assert said == ["hello 0 1 a b 1000", str(["--lr", "0.5", "$(HOME) [a b]"])]


FAILS = """
import os, time
print("about to", os.environ["RANK"], flush=True)
if os.environ["RANK"] == "1":
    raise ValueError("no such data")
time.sleep(3600)
"""


def test_it_fails_as_the_training_does_with_the_cause_and_leaves_nothing(
    team: Team, stepping: Step
) -> None:
    stepping.start(team.script(FAILS), "--name", "fails", "--nodes", "2", "--framework", "plain")
    said = stepping.ended("Failed")
    assert "[worker-1] ValueError: no such data" in said
    cause = said.splitlines()[-3:]
    assert any("-worker has failed: BackoffLimitExceeded" in line for line in cause), said
    assert any("[worker-1] rank ended with 1 on node" in line for line in cause), said
    stepping.until_nothing_is_left()


def test_what_a_pod_waits_for_is_told_and_a_step_that_is_ended_takes_all_away(
    team: Team, stepping: Step
) -> None:
    team.script("pass")
    options = ("--name", "waits", "--nodes", "2", "--framework", "plain", "--cpu", "99")
    stepping.start("train.py", *options)
    pod = phase(stepping.admin, "step", "Running", seconds=PATIENCE)
    told = "[worker-1] waits: 0/2 nodes"
    until(lambda: told in stepping.admin("logs", "step"), told, PATIENCE)
    for one in stepping.admin.get("jobs,services", "-l", step.APP)["items"]:
        (owner,) = one["metadata"]["ownerReferences"]
        assert owner["uid"] == pod["metadata"]["uid"]
    # Nobody but the step takes them away.
    stepping.admin("delete", "pod", "step", "--cascade=orphan", "--wait=false")
    stepping.until_nothing_is_left()


def test_a_step_puts_the_end_of_its_jobs_off_and_when_it_is_killed_that_comes(
    team: Team, stepping: Step
) -> None:
    team.script("import time; time.sleep(3600)")
    options = ("--name", "left", "--nodes", "2", "--framework", "plain")
    stepping.start("train.py", *options, changed=SHORT)
    jobs = ("jobs", "-l", step.APP)

    def limits() -> list[int]:
        found = stepping.admin.get(*jobs)["items"]
        return [one["spec"]["activeDeadlineSeconds"] for one in found]

    until(lambda: [one for one in limits() if one > 15], "its end is put off", PATIENCE)
    stepping.admin("delete", "pod", "step", "--cascade=orphan", "--wait=false")
    failed = ("--for=condition=Failed", f"--timeout={PATIENCE}s")
    stepping.admin("wait", *failed, *jobs, seconds=PATIENCE + 20)
    (job,) = stepping.admin.get(*jobs)["items"]
    assert str(step.outcome(job)).startswith("DeadlineExceeded")
