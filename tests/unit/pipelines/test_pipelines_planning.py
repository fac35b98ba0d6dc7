"""What a pipeline's plan holds, what changes a step's key, and what `--from` takes over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rankzero.cli.show.planned_steps import notes
from rankzero.driver import facts
from rankzero.driver.facts import Output, Part
from rankzero.errors import BadRequest, Refused
from rankzero.pipelines.code import Code
from rankzero.pipelines.compiling import compiled
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from rankzero.pipelines.ledger import Ledger
from rankzero.pipelines.planning import Again, Planned, planned, reached
from rankzero.spec.pipelines.making import build_pipeline

NOTHING = Again()
STEPS: dict[str, Any] = {
    "load": {"command": "python load.py", "outputs": ["data"], "code": "load.py"},
    "train": {"command": "python train.py", "inputs": ["load.data"], "outputs": ["model"]},
    "check": {"command": "sh check.sh", "inputs": ["train.model"], "cache": False},
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "load.py").write_text("1")
    (folder / "train.py").write_text("2")
    (folder / ".gitignore").write_text("*.tmp\n")
    return folder


def keys(work: Path, steps: dict[str, Any] = STEPS, python: str = "py") -> dict[str, str]:
    pipeline = build_pipeline({"steps": steps}, base=work)
    return {name: step.key for name, step in compiled(pipeline, Code(work), python).items()}


def test_a_step_s_key_is_its_command_its_code_and_its_interpreter(work: Path) -> None:
    before = keys(work)
    assert before["check"] == "", "never taken from the cache"
    assert keys(work) == before

    (work / "notes.tmp").write_text("ignored")
    assert keys(work) == before
    (work / "train.py").write_text("3")
    after = keys(work)
    assert after["load"] == before["load"], "it says that only load.py counts"
    assert after["train"] != before["train"]
    other = {**STEPS, "load": {**STEPS["load"], "command": "python load.py --fast"}}
    assert keys(work, other)["load"] != before["load"]
    assert keys(work, python="another")["load"] != before["load"]


def test_a_key_is_the_same_in_every_copy_of_the_folder(work: Path) -> None:
    (work / "inner").mkdir()
    (work / "inner" / "job.yaml").write_text("run: train.py")
    (work / "inner" / "train.py").write_text("3")
    steps = {"here": {"job": {"run": "train.py"}}, "inner": {"job": "inner/job.yaml"}}
    copy = Path(shutil.copytree(work, work.with_name("copy")))
    assert keys(copy, {**STEPS, **steps}) == keys(work, {**STEPS, **steps})

    (copy / "inner" / "train.py").write_text("4")
    assert keys(copy, steps)["inner"] != keys(work, steps)["inner"]


def test_a_job_whose_folder_lies_elsewhere_counts_where_it_is(work: Path) -> None:
    found = []
    for name in ("one", "another"):
        (work.parent / name).mkdir()
        (work.parent / name / "train.py").write_text("1")
        steps = {"a": {"job": {"run": "train.py", "workdir": f"../{name}"}}}
        found.append(keys(work, steps)["a"])
    assert found[0] != found[1]


def test_python_is_the_interpreter_of_jobs(work: Path) -> None:
    pipeline = build_pipeline({"steps": STEPS}, base=work)
    graph = compiled(pipeline, Code(work), "/usr/bin/python3.12")
    assert graph["load"].body["argv"] == ["/usr/bin/python3.12", "load.py"]
    assert graph["check"].body["argv"][0] == "sh"


def test_code_that_is_not_there_is_told_before_anything_starts(work: Path) -> None:
    with pytest.raises(BadRequest, match=r"there is no gone.py in .*; nothing was started"):
        keys(work, {"a": {"command": "x", "code": ["load.py", "gone.py"]}})


@pytest.mark.parametrize(
    ("most", "said"), [((2, 1 << 30), "more than 2 files"), ((9, 1 << 20), "more than 1 MiB")]
)
def test_what_is_too_much_to_be_code_is_refused(
    work: Path, most: tuple[int, int], said: str
) -> None:
    (work / "data").write_bytes(b"x" * (1 << 20))
    with pytest.raises(Refused, match=said):
        Code(work, most=most).digest()
    assert Code(work, most=most).digest(("load.py",)), "what counts is said"


def plan(home: Path, work: Path, again: Again = NOTHING, slots: int | None = None) -> Planned:
    pipeline = build_pipeline({"name": "digits", "steps": STEPS}, base=work)
    return planned(Pipelines(home), pipeline, again, slots, work / "pipeline.yaml")


def test_a_plan_says_all_that_its_driver_needs(tmp_path: Path, work: Path) -> None:
    run, said, known = plan(tmp_path, work, slots=3)
    assert run.startswith("digits-")
    assert (said["slots"], said["rerun"], said["workdir"]) == (3, [], str(work))
    assert [step["name"] for step in said["steps"]] == ["load", "train", "check"]
    assert known == ()


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ({}, ""),
        ({"volumes": {"made": {"size": "1Gi"}}}, ""),
        ({"output_volume": "nosuch"}, "ignored on one machine: output_volume"),
        (
            {"volumes": {"far": {"nfs": "server:/x"}, "made": {"size": "1Gi"}, "conf": "c"}},
            "ignored on one machine: volumes (conf, far)",
        ),
    ],
)
def test_what_means_nothing_on_one_machine_is_noted(
    tmp_path: Path, work: Path, said: dict[str, Any], note: str
) -> None:
    mounts = {"mounts": ["far"]} if "far" in said.get("volumes", {}) else {}
    steps = {"a": {"command": "true", **mounts}}
    pipeline = build_pipeline({"steps": steps, **said}, base=work)
    made = planned(Pipelines(tmp_path), pipeline, NOTHING, None, None)
    assert made.plan["note"] == note
    assert [one for one in notes(made.plan, pipeline) if one] == ([note] if note else [])


def test_a_claim_that_a_step_mounts_and_nobody_makes_is_refused(tmp_path: Path, work: Path) -> None:
    steps = {"a": {"command": "true", "mounts": ["data"]}}
    pipeline = build_pipeline({"steps": steps, "volumes": {"data": "mine"}}, base=work)
    with pytest.raises(BadRequest, match="This machine has no volume for data"):
        planned(Pipelines(tmp_path), pipeline, NOTHING, None, None)


def test_steps_that_are_done_again_are_named(tmp_path: Path, work: Path) -> None:
    assert plan(tmp_path, work, Again(["train"])).plan["rerun"] == ["train"]
    assert plan(tmp_path, work, Again(everything=True)).plan["rerun"] == ["check", "load", "train"]
    with pytest.raises(BadRequest, match='There is no step "trian"; did you mean "train"'):
        plan(tmp_path, work, Again(["trian"]))


def before(home: Path, work: Path, *known: facts.Fact) -> None:
    """A run with this history."""
    made(home, plan(home, work), *known)


def made(home: Path, what: Planned, *known: facts.Fact) -> None:
    folder = PipelineFolder(home / "pipelines" / what.run)
    folder.path.mkdir(parents=True)
    folder.plan_file.write_text(json.dumps(what.plan))
    ledger = Ledger(folder.ledger_file)
    for fact in known:
        ledger.append(fact)
    ledger.close()


def test_from_a_step_on_what_comes_before_it_is_as_the_newest_run_left_it(
    tmp_path: Path, work: Path
) -> None:
    data = tmp_path / "data"
    data.write_text("42")
    committed = facts.Committed(Part("load"), 1.0, {"data": Output("d", str(data))})
    before(tmp_path, work, committed, facts.Committed(Part("train"), 2.0, {}))

    found = plan(tmp_path, work, Again(since="train"))
    assert found.plan["rerun"] == ["check", "train"]
    (known,) = found.known
    assert isinstance(known, facts.Committed)
    assert (known.part, known.outputs, known.cached) == (Part("load"), committed.outputs, True)


def test_from_a_step_whose_predecessors_never_ran_is_refused(tmp_path: Path, work: Path) -> None:
    with pytest.raises(BadRequest, match=r"--from: no earlier run of digits in .* is here"):
        plan(tmp_path, work, Again(since="train"))
    before(tmp_path, work)
    with pytest.raises(BadRequest, match="has no result of load"):
        plan(tmp_path, work, Again(since="train"))


def test_all_that_comes_after_a_step_is_reached_from_it(work: Path) -> None:
    pipeline = build_pipeline({"steps": STEPS}, base=work)
    graph = compiled(pipeline, Code(work), "py")
    assert reached(graph, "train") == {"train", "check"}
    assert reached(graph, "check") == {"check"}


LIST = {"list": {"command": "x", "outputs": {"n": "value"}}}
EACH = {**LIST, "each": {"command": "y ${item}", "for_each": "list.n", "outputs": {"o": "value"}}}
LAST = {"last": {"command": "z", "inputs": ["each.o"]}, "other": {"command": "o"}}


@pytest.mark.parametrize(
    ("each", "fits"),
    [
        ({}, True),
        ({"outputs": {"o": "path"}}, False),
        ({"outputs": {"p": "value", "o": "value"}}, False),
        ({"for_each": ["a", "b"]}, True),
        ({"for_each": ["a", "b", "c"]}, False),
        ({"for_each": None, "command": "y"}, False),
    ],
)
def test_only_results_that_would_be_the_same_now_are_taken_over(
    tmp_path: Path, work: Path, each: dict[str, Any], fits: bool
) -> None:
    def value(text: str) -> dict[str, Output]:
        return {"o": Output("d", value=text)}

    known: list[facts.Fact] = [
        facts.Committed(Part("list"), 1.0, {"n": Output("d", value='["a", "b"]')}),
        facts.Expanded("each", ("a", "b"), 1.0),
        facts.Committed(Part("each", 0), 2.0, value("0")),
        facts.Committed(Part("each", 1), 3.0, value("1")),
    ]
    pipeline = build_pipeline({"name": "p", "steps": {**EACH, **LAST}}, base=work)
    first = planned(Pipelines(tmp_path), pipeline, NOTHING, None, None)
    made(tmp_path, first, *known)

    changed = {**EACH, **LAST, "each": {**EACH["each"], **each}}
    now = build_pipeline({"name": "p", "steps": changed}, base=work)
    if fits:
        taken = planned(Pipelines(tmp_path), now, Again(since="last"), None, None).known
        assert {type(fact) for fact in taken} == {facts.Expanded, facts.Committed}
        assert len(taken) == 4, "what is beside it, and has no result, is done"
    else:
        with pytest.raises(BadRequest, match="has no result of each that is what it would be"):
            planned(Pipelines(tmp_path), now, Again(since="last"), None, None)


def test_a_pipeline_of_the_same_name_elsewhere_is_another_one(tmp_path: Path, work: Path) -> None:
    before(tmp_path, work)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(BadRequest, match=r"no earlier run of digits in .*elsewhere is here"):
        pipeline = build_pipeline(
            {"name": "digits", "steps": {"a": {"command": "x"}}}, base=elsewhere
        )
        planned(Pipelines(tmp_path), pipeline, Again(since="a"), None, None)


def test_the_pipeline_s_own_file_is_no_code(tmp_path: Path, work: Path) -> None:
    def key() -> str:
        said = plan(tmp_path, work).plan["steps"]
        return next(step["key"] for step in said if step["name"] == "train")

    (work / "pipeline.yaml").write_text("# one")
    first = key()
    (work / "pipeline.yaml").write_text("# two")
    assert key() == first


def test_a_stamp_tells_of_code_that_was_changed_and_changed_back(work: Path) -> None:
    stamp = Code(work).stamp(("load.py",))
    assert Code(work).stamp(("load.py",)) == stamp
    (work / "load.py").write_text("other")
    (work / "load.py").write_text("1")
    assert Code(work).digest(("load.py",)) == Code(work).digest(("load.py",))
    assert Code(work).stamp(("load.py",)) != stamp
