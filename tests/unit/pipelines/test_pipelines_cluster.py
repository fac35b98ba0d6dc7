"""What a pipeline's steps become on a cluster, as far as nobody there is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rankzero.errors import BadRequest
from rankzero.pipelines.cluster import fetching, volumes
from rankzero.pipelines.cluster.compiling import Compiling, Steps
from rankzero.pipelines.cluster.travelling import inner_folder, named, scripts
from rankzero.pipelines.code import Code
from rankzero.plan.kubernetes import layout
from rankzero.plan.kubernetes.compiling import Freight
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code as Travelling
from rankzero.spec.given import Given
from rankzero.spec.pipelines.making import build_pipeline, load_pipeline
from rankzero.spec.pipelines.model import Pipeline

RUN = "digits-7f3a"


def there(pipeline: Pipeline, volume: str | None = None) -> Steps:
    folder = Path(pipeline.workdir)
    return Compiling(
        pipeline,
        Facts("lab", "team", "registry/python:3"),
        RUN,
        Freight(b"the agent", (b"part one",), "ab" * 32),
        Travelling(pipeline.workdir, 3, 9000, "ab" * 32),
        Code(folder),
        volume,
        Given({}),
    ).all()


def configs(steps: Steps, name: str) -> list[dict[str, Any]]:
    """What the nodes of a step are told, by role."""
    return [*json.loads(json.dumps(steps.graph[name].body["configs"])).values()]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_function_is_run_by_the_starter_which_records_what_it_raises(work: Path) -> None:
    body = "from rankzero import *\n@step\ndef load(n: int) -> int: return n\n"
    (work / "shipped.py").write_text(f"{body}@pipeline\ndef digits(): load(3)\n")
    (config,) = configs(there(load_pipeline(work / "shipped.py")), "load")
    args = ["shipped.py", "load", "n:int=3", "result:int"]
    assert config["command"] == {"kind": "module", "target": "rankzero.script.step", "args": args}


def test_a_command_is_run_as_it_is(work: Path) -> None:
    pipeline = build_pipeline({"steps": {"a": {"command": "sh -c 'echo 1'"}}}, base=work)
    (config,) = configs(there(pipeline), "a")
    assert config["command"] == {"kind": "command", "target": "sh", "args": ["-c", "echo 1"]}


def test_a_job_works_in_its_own_folder_in_the_pipelines(work: Path) -> None:
    (work / "inner").mkdir()
    (work / "inner" / "train.py").write_text("1")
    (work / "inner" / "job.yaml").write_text("run: train.py")
    steps = {"inner": {"job": "inner/job.yaml"}, "plain": {"command": "true"}}
    made = there(build_pipeline({"steps": steps}, base=work))

    (inner,), (plain,) = configs(made, "inner"), configs(made, "plain")
    assert inner["workdir"] == f"{layout.WORK}/inner"
    assert inner["code"]["into"] == layout.WORK, "the whole folder is there"
    assert inner["command"]["target"] == "train.py"
    assert plain["workdir"] == layout.WORK and "into" not in plain["code"]


def test_a_job_that_works_elsewhere_is_told_before_anything_is_packed(work: Path) -> None:
    (work.parent / "other").mkdir()
    (work.parent / "other" / "train.py").write_text("1")
    steps = {"train": {"job": {"run": "train.py", "workdir": "../other"}}}
    pipeline = build_pipeline({"steps": steps}, base=work)
    with pytest.raises(BadRequest, match=r"the job of train works in .*/other, and only the pip"):
        inner_folder("train", pipeline.steps["train"], pipeline)


def test_files_that_steps_name_travel_also_where_git_ignores_them(work: Path) -> None:
    for name in ("gen.py", "conf.yaml", "more.txt", "net/train.py", "net/extra.txt"):
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text("1")
    (work.parent / "outside.txt").write_text("1")
    steps = {
        "a": {"command": "python gen.py --config=conf.yaml nothing ../outside.txt /etc/hostname"},
        "b": {"command": ["sh", "-c", "cat more.txt; echo ${outputs.x} > out"], "outputs": ["x"]},
        "c": {"job": {"run": "train.py", "workdir": "net", "args": ["extra.txt", "train.py"]}},
    }
    pipeline = build_pipeline({"steps": steps}, base=work)
    assert scripts(pipeline) == [str(work / "net" / "train.py")]
    found = [Path(one).relative_to(work).as_posix() for one in named(pipeline)]
    assert found == ["gen.py", "conf.yaml", "more.txt", "net/extra.txt", "net/train.py"]


def test_the_file_of_a_function_travels(work: Path) -> None:
    body = "from rankzero import *\n@step\ndef load(): pass\n"
    (work / "travels.py").write_text(f"{body}@pipeline\ndef digits(): load()\n")
    assert named(load_pipeline(work / "travels.py")) == [str(work / "travels.py")]


SHARED = """
volumes: {shared: {size: 1Gi}}
output_volume: shared
steps:
  load:
    command: [sh, -c, ls /data]
    outputs: [data]
    mounts: {shared: {path: /data, sub_path: raw, read_only: true}}
  train:
    job: {run: {command: [sh, -c, ls /models]}, nodes: 2, framework: plain}
    inputs: [load.data]
    mounts: {shared: /models}
"""


@pytest.mark.parametrize(
    ("step", "own"),
    [
        ("load", {"mountPath": "/data", "subPath": "raw", "readOnly": True}),
        ("train", {"mountPath": "/models"}),
    ],
)
def test_what_a_mount_says_is_not_said_of_the_volume_for_what_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, own: dict[str, object]
) -> None:
    monkeypatch.setenv("RANKZERO_IMAGE", "registry.test/python:1")
    (tmp_path / "shared.yaml").write_text(SHARED)
    pipeline = load_pipeline(tmp_path / "shared.yaml")
    plans = there(pipeline, volumes.of_outputs(pipeline, RUN)).plans

    (job,) = [one for one in plans[step].manifests if one["kind"] == "Job"]
    pod = job["spec"]["template"]["spec"]
    claims = [one for one in pod["volumes"] if "persistentVolumeClaim" in one]
    mounts = [
        one for one in pod["containers"][0]["volumeMounts"] if one["name"] == claims[0]["name"]
    ]
    assert [one["persistentVolumeClaim"] for one in claims] == [{"claimName": "shared"}]
    without_name = [{key: one[key] for key in one if key != "name"} for one in mounts]
    assert without_name == [own, {"mountPath": layout.OUTPUT_VOLUME}]


def test_what_lies_on_a_claim_is_called_as_other_commands_take_it(work: Path) -> None:
    steps = {"load": {"command": "python load.py", "outputs": ["data"]}}
    pipeline = build_pipeline({"steps": steps}, base=work)
    body = there(pipeline, "shared").graph["load"].body
    where = f"{layout.OUTPUT_VOLUME}/{RUN}-1/outputs/data"
    assert fetching.address(body, RUN, where) == f"volume:shared/{RUN}-1/outputs/data"
    assert fetching.address(body, RUN, "/elsewhere") == "/elsewhere"
