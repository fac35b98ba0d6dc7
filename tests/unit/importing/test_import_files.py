"""Each source in `sources/` as the job file in `golden/`, with what is told beside it.

RANKZERO_RENEW_GOLDEN=1 pytest tests/unit/importing && git diff tests/unit/importing
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rankzero import importing, spec
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code
from rankzero.spec.framework import detect

HERE = Path(__file__).parent
SOURCES = sorted((HERE / "sources").glob("*.yaml"))
FREIGHT = Freight(b"the agent", (b"code",), "ab" * 32)


def imported(source: Path) -> importing.Imported:
    return importing.from_text(source.read_text(encoding="utf-8"), source.name)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_source_becomes_the_job_file_that_somebody_looked_at(source):
    made = imported(source)
    text = made.text + "".join(f"# {note}\n" for note in made.notes)
    golden = HERE / "golden" / source.name
    if os.environ.get("RANKZERO_RENEW_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_job_file_is_one_and_has_a_plan_for_a_cluster(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = imported(source)
    (tmp_path / "job.yaml").write_text(made.text, encoding="utf-8")
    job = spec.load("job.yaml")
    assert job == spec.build(made.job)
    code = Code(str(tmp_path), 1, 10, "ab" * 32)
    facts = Facts("lab", "team", "registry/torch:2")
    plan = compile_kubernetes(job, detect(job), code, facts, f"{job.name}-7f3a", FREIGHT)
    assert sum(one["kind"] == "Job" for one in plan.manifests) == len(job.roles)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_note_has_a_line_and_says_what_stands_instead(source):
    lines = source.read_text(encoding="utf-8").count("\n")
    for note in imported(source).notes:
        assert note.place.source == source.name
        assert 1 <= note.place.line <= lines
        assert note.what
        assert note.instead


def test_each_kind_of_source_has_an_example():
    kinds = {imported(source).kind for source in SOURCES}
    assert kinds == {"PyTorchJob", "TFJob", "Job", "values"}


def test_workers_have_their_own_limits_and_servers_theirs():
    """The chart gives workers those of the servers."""
    roles = imported(HERE / "sources" / "values-full.yaml").job["roles"]
    assert (roles["worker"]["memory"], roles["worker"]["cpu"]) == ("8Gi", 2)
    assert (roles["ps"]["memory"], roles["ps"]["cpu"]) == ("2Gi", "500m")
    assert (roles["worker"]["gpus"], "gpus" in roles["ps"]) == (2, False)
