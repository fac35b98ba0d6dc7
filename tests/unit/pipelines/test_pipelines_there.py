"""Pipelines on a cluster: what the pods of a step mount, and whose its lines are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.backends.base import LogBlock
from rankzero.driver import facts
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, graph
from rankzero.pipelines.cluster import volumes
from rankzero.pipelines.cluster.compiling import Compiling
from rankzero.pipelines.cluster.reading import of_attempt, of_jobs
from rankzero.pipelines.code import Code
from rankzero.plan.kubernetes import Facts, Freight, layout
from rankzero.plan.model import Code as Travelling
from rankzero.spec.given import Given
from rankzero.spec.pipelines.making import load_pipeline
from rankzero.spec.problems import Place

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
    plans = (
        Compiling(
            pipeline,
            Facts("lab", "team"),
            "shared-7f3a",
            Freight(b""),
            Travelling(str(tmp_path), 0, 0, ""),
            Code(tmp_path, ()),
            volumes.of_outputs(pipeline, "shared-7f3a"),
            Given({}, Place()),
        )
        .all()
        .plans
    )

    (job,) = [one for one in plans[step].manifests if one["kind"] == "Job"]
    pod = job["spec"]["template"]["spec"]
    claims = [one for one in pod["volumes"] if "persistentVolumeClaim" in one]
    mounts = [
        one for one in pod["containers"][0]["volumeMounts"] if one["name"] == claims[0]["name"]
    ]
    assert [one["persistentVolumeClaim"] for one in claims] == [{"claimName": "shared"}]
    without_name = [{key: one[key] for key in one if key != "name"} for one in mounts]
    assert without_name == [own, {"mountPath": layout.OUTPUT_VOLUME}]


def test_a_job_s_lines_say_which_rank_wrote_them_and_a_command_s_do_not() -> None:
    steps = graph([Step("load", body={"argv": ["x"]}), Step("train", body={"job": {}})])
    began = [
        facts.to_event(seq, facts.Started(Part(name), 1, 0.0, number=seq))
        for seq, name in enumerate(("load", "train", "train"), 1)
    ]
    written = LogBlock(2, "worker/2", 1, 0.0, b"one\n\ntwo\r\nlast")

    assert of_jobs(steps, began) == {2, 3}
    told = of_attempt(written, 7, ranked=True)
    assert (told.rank, told.data) == (7, b"[2] one\n[2] \n[2] two\r\n[2] last")
    assert of_attempt(written, 7, ranked=False).data == written.data
