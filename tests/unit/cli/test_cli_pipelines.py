"""Pipelines that lie on the disk, looked at and taken away by their verbs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rankzero.driver import facts
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Step
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from support.ledgers import written

LOAD = Step("load", gives={"data": "path", "rows": "value"})
TRAIN = Step("train", takes={"data": ("load", "data")}, gives={"model": "path"}, retries=1)
EACH = Step("each", needs=("train",), items=("a", "b"), gives={"loss": "value"})
STEPS = (LOAD, TRAIN, EACH, Step("late", when='${load.rows} == "0"'))
L, T, A, B = Part("load"), Part("train"), Part("each", 0), Part("each", 1)


def started(part: Part, number: int, at: float, attempt: int = 1) -> facts.Started:
    return facts.Started(part, attempt, at, number)


def value(text: str) -> Output:
    return Output(f"digest of {text}", "", text, len(text))


@pytest.fixture
def home(tmp_path: Path, rankzero: Any) -> Path:
    """The state folder of the command line here."""
    return tmp_path / "state" / "rankzero"


@pytest.fixture
def model(home: Path) -> Output:
    """An artifact in the store."""
    file = home / "drafts" / "model"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"w" * 2000)
    return Pipelines(home).artifacts.take(file)


def whole(model: Output) -> list[facts.Fact]:
    """A history to its good end."""
    rows = value("569")
    return [
        facts.Committed(L, 1000.0, {"data": model, "rows": rows}, cached=True),
        started(T, 1, 1000.0),
        facts.Broke(T, 1, 1003.0, "exited with code 1", 1),
        started(T, 2, 1003.0, 2),
        facts.Committed(T, 1012.5, {"model": model}),
        facts.Expanded("each", ("a", "b"), 1012.5),
        started(A, 3, 1012.5),
        started(B, 4, 1012.5),
        facts.Committed(B, 1013.0, {"loss": value("0.2")}),
        facts.Committed(A, 1014.0, {"loss": value("0.1")}),
        facts.LeftOut("late", 1014.0, 'its condition is false: "569" == "0"'),
        facts.Finished("succeeded", 1014.0),
    ]


LINES = {1: b"no gpu\n", 2: b"epoch 1\nepoch 2\n", 3: b"a\n", 4: b"b\n"}


@pytest.fixture
def digits(home: Path, model: Output) -> PipelineFolder:
    return written(home, "digits-7f3a", STEPS, whole(model), LINES)


def cut(home: Path, run: str = "torn-1a2b") -> PipelineFolder:
    """One whose machine went down while a step was at work."""
    return written(home, run, STEPS, [started(L, 1, 2000.0)])


def test_status_has_a_row_for_each_step(rankzero: Any, digits: PipelineFolder) -> None:
    code, out, _ = rankzero("pipeline", "status", "digits")
    first, heads, *rows = out.splitlines()
    assert (code, first) == (0, "digits-7f3a · succeeded · 4/4 steps · 14.0 s")
    assert heads.split() == ["STEP", "STATE", "TIME", "AFTER", "NOTE"]
    assert [" ".join(row.split()) for row in rows] == [
        "load succeeded - cached",
        "train succeeded 12.5 s load 2 attempts",
        "each succeeded 1.5 s train 2/2",
        'late skipped load its condition is false: "569" == "0"',
    ]


def test_for_programs_a_pipeline_is_plain_data(rankzero: Any, digits: PipelineFolder) -> None:
    _, out, _ = rankzero("pipeline", "status", "-", "digits-7f3a", "-o", "json")
    (one,) = json.loads(out)["pipelines"]
    assert (one["name"], one["where"], one["state"]) == ("digits", "local", "succeeded")
    assert (one["driven"], one["began"], one["ended"]) == (False, 1000.0, 1014.0)
    load, train, each, late = one["steps"]
    assert load["outputs"]["rows"]["value"] == "569" and load["outputs"]["rows"]["where"] is None
    assert train["outputs"]["model"]["size"] == 2000
    assert (train["attempts"], train["cached"], load["cached"]) == (2, 0, 1)
    assert [one["value"] for one in each["outputs"]["loss"]] == ["0.1", "0.2"], "in their order"
    assert (late["state"], late["outputs"], late["started"]) == ("skipped", {}, 1014.0)


@pytest.mark.parametrize(
    ("held", "state", "note"),
    [
        (False, "torn-1a2b · cut off · 0/4 steps", "cut off; go on with it: rankzero pipeline re"),
        (True, "torn-1a2b · running · 0/4 steps", "load"),
    ],
)
def test_one_that_nobody_drives_to_its_end_is_cut_off(
    rankzero: Any, home: Path, held: bool, state: str, note: str
) -> None:
    lock = cut(home).lock.take()
    if not held:
        os.close(lock)
    status, listed = rankzero("pipeline", "status", "-")[1], rankzero("pipeline", "list")[1]
    if held:
        os.close(lock)
    assert status.splitlines()[0] == state
    heads, row = listed.splitlines()
    assert heads.split() == ["RUN", "STATE", "STEPS", "AGE", "NOTE"]
    assert row.split()[:3] == ["torn-1a2b", "running", "0/4"]
    assert row[heads.index("NOTE") :].startswith(note)


def test_a_list_has_also_what_a_crash_tore(
    rankzero: Any, home: Path, digits: PipelineFolder
) -> None:
    cut(home).plan_file.write_text("{")
    _, out, _ = rankzero("pipeline", "list")
    rows = {row.split()[0]: row.split()[1:] for row in out.splitlines()[1:]}
    assert rows["torn-1a2b"][:3] == ["torn", "-", "-"]
    assert rows["digits-7f3a"][:2] == ["succeeded", "4/4"]
    assert out.rstrip().endswith(("14.0 s", "rankzero pipeline delete torn-1a2b"))
    _, out, _ = rankzero("pipeline", "list", "-o", "json")
    assert [one["run"] for one in json.loads(out)["pipelines"]] == ["digits-7f3a"]


def test_who_has_none_is_told_how_to_start_one(rankzero: Any) -> None:
    assert rankzero("pipeline", "list")[1].startswith("No pipelines. Start one: rankzero pipeline")
    code, _, err = rankzero("pipeline", "status", "-")
    assert (code, "There is no run of a pipeline yet." in err) == (2, True)


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("d", '"d" could be 2 runs: digits-'),
        ("digits-7f3b", 'Did you mean "digits-7f3a"?'),
        ("../digits-7f3a", "There is no run of a pipeline"),
        ("", "There is no run of a pipeline"),
    ],
)
def test_a_name_that_fits_none_or_several_is_told(
    rankzero: Any, home: Path, digits: PipelineFolder, run: str, says: str
) -> None:
    written(home, "digits-9c1e", STEPS)
    code, _, err = rankzero("pipeline", "status", run)
    assert (code, says in err) == (2, True), err


def test_lines_are_marked_with_their_step(rankzero: Any, digits: PipelineFolder) -> None:
    _, out, _ = rankzero("pipeline", "logs", "-")
    assert [line.split() for line in out.splitlines()] == [
        ["[train]", "no", "gpu"],
        ["[train]", "epoch", "1"],
        ["[train]", "epoch", "2"],
        ["[each[0]]", "a"],
        ["[each[1]]", "b"],
    ]


def test_lines_for_programs_say_whose_they_are(rankzero: Any, home: Path) -> None:
    told = [facts.Expanded("each", ("a", "b")), started(B, 1, 1.0), started(L, 2, 1.0)]
    written(home, "odd-1a2b", STEPS, told, {1: b"\x1b[2Jb\xff\nc", 2: b"no\n"})
    _, out, _ = rankzero("pipeline", "logs", "-", "--step", "each", "--follow", "-o", "json")
    first, second = map(json.loads, out.splitlines())
    assert first == {
        "kind": "log",
        "run": "odd-1a2b",
        "time": 1001.0,
        "step": "each",
        "at": 1,
        "attempt": 1,
        "text": "\x1b[2Jb\\xff",
    }
    assert second["text"] == "c", "also a last line without its end"


def test_only_the_last_lines_of_each_attempt(rankzero: Any, digits: PipelineFolder) -> None:
    _, out, _ = rankzero("pipeline", "logs", "-", "--step", "train", "--tail", "1", "--raw")
    assert out.splitlines() == ["no gpu", "epoch 2"]


@pytest.mark.parametrize("verb", ["logs", "outputs"])
def test_a_step_that_is_not_there_is_told_with_the_near_one(
    rankzero: Any, digits: PipelineFolder, verb: str
) -> None:
    code, _, err = rankzero("pipeline", verb, "-", "--step", "trian")
    assert code == 2
    assert 'digits-7f3a has no step "trian"; did you mean "train"?' in err


def test_outputs_are_named_with_their_places(rankzero: Any, digits: PipelineFolder) -> None:
    _, out, _ = rankzero("pipeline", "outputs", "-")
    found = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert found["load.rows"] == "569"
    assert found["train.model"] == f"{digits.outputs / 'train' / 'model'}  (2 kB)"
    assert (found["each[0].loss"], found["each[1].loss"]) == ("0.1", "0.2")
    _, out, _ = rankzero("pipeline", "outputs", "-", "--step", "each", "-o", "json")
    assert [(one["at"], one["value"]) for one in json.loads(out)["outputs"]] == [
        (1, "0.2"),
        (0, "0.1"),
    ]


def test_copies_of_outputs_may_be_written_and_replace_what_is_there(
    rankzero: Any, digits: PipelineFolder, tmp_path: Path
) -> None:
    to = tmp_path / "mine"
    (to / "train" / "model").mkdir(parents=True)
    for _ in range(2):
        assert rankzero("pipeline", "outputs", "-", "--to", str(to))[0] == 0
    copy = to / "train" / "model"
    assert (copy.read_bytes(), copy.stat().st_mode & 0o200) == (b"w" * 2000, 0o200)
    assert (to / "each" / "1" / "loss").read_text() == "0.2\n"


def test_an_artifact_that_is_gone_is_told(
    rankzero: Any, digits: PipelineFolder, model: Output, tmp_path: Path
) -> None:
    Path(model.where).unlink()
    code, _, err = rankzero("pipeline", "outputs", "-", "--to", str(tmp_path / "mine"))
    assert (code, f"load.data is gone: {model.where}" in err) == (3, True)


def test_one_that_handed_on_nothing_says_so(rankzero: Any, home: Path) -> None:
    cut(home)
    code, out, err = rankzero("pipeline", "outputs", "-")
    assert (code, out, err) == (0, "", "torn-1a2b has handed on nothing.\n")


def test_a_history_is_told_fact_by_fact(rankzero: Any, digits: PipelineFolder) -> None:
    _, out, _ = rankzero("pipeline", "events", "-")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "0.0 s committed load data 2 kB · rows 569 · cached True"
    assert lines[2] == "3.0 s broke train attempt 1 · cause exited with code 1 · code 1"
    assert lines[7] == "12.5 s started each[1] attempt 1 · number 4"
    assert lines[-1] == "14.0 s finished state succeeded"
    _, out, _ = rankzero("pipeline", "events", "-", "-o", "json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(1, 13))


def test_a_pipeline_that_is_over_is_waited_for_at_once(
    rankzero: Any, digits: PipelineFolder
) -> None:
    code, out, _ = rankzero("pipeline", "wait", "-")
    first, *results = out.splitlines()
    assert (code, first) == (0, f"✓ succeeded in 14.0 s · outputs: {digits.outputs}")
    found = dict(line.split(maxsplit=1) for line in results)
    assert [*found] == ["load.data", "load.rows", "train.model", "each.loss"]
    assert found["each.loss"] == f"{digits.outputs / 'each'}  (2 parts)"


def test_of_several_the_worst_counts(rankzero: Any, home: Path, digits: PipelineFolder) -> None:
    stopped = facts.Finished("stopped", 1001.0, "Ctrl-C")
    written(home, "gone-1a2b", STEPS, [started(L, 1, 1000.0), stopped])
    code, out, _ = rankzero("pipeline", "wait", "gone-1a2b", "digits-7f3a", "-o", "json")
    first, second = json.loads(out)["results"]
    assert (code, first["kind"], first["state"], first["why"]) == (1, "result", "stopped", "Ctrl-C")
    assert second["state"] == "succeeded"


def test_who_waits_for_one_that_goes_on_is_told_after_a_while(rankzero: Any, home: Path) -> None:
    lock = cut(home).lock.take()
    try:
        code, _, err = rankzero("pipeline", "wait", "-", "--timeout", "0.01s")
    finally:
        os.close(lock)
    assert (code, "torn-1a2b is not over after 0.01s; it goes on." in err) == (3, True)


def test_one_that_was_cut_off_ends_no_waiting_well(rankzero: Any, home: Path) -> None:
    cut(home)
    code, out, _ = rankzero("pipeline", "wait", "-")
    assert (code, out.splitlines()) == (
        1,
        [
            "■ cut off: nobody drives torn-1a2b any more",
            "  go on with it: rankzero pipeline resume torn-1a2b",
        ],
    )


def test_attached_to_one_that_is_over_its_last_lines_and_its_end_are_shown(
    rankzero: Any, digits: PipelineFolder
) -> None:
    code, out, err = rankzero("pipeline", "attach", "-", "--tail", "1")
    assert code == 0
    assert [line.split()[-1] for line in out.splitlines()] == ["gpu", "2", "a", "b"]
    assert "✓ succeeded in 14.0 s" in err
    code, out, _ = rankzero("pipeline", "attach", "-", "-o", "json")
    *lines, result = map(json.loads, out.splitlines())
    assert {one["kind"] for one in lines} == {"log"}
    assert (result["kind"], result["state"], result["run"]) == (
        "result",
        "succeeded",
        "digits-7f3a",
    )


@pytest.mark.parametrize("driven", [False, True])
def test_why_one_has_no_end(rankzero: Any, home: Path, driven: bool) -> None:
    lock = cut(home).lock.take()
    if not driven:
        os.close(lock)
    _, out, _ = rankzero("pipeline", "why", "-")
    if driven:
        os.close(lock)
    said = [" ".join(line.split()) for line in out.splitlines()[1:]]
    cut_off = [
        "cause nobody drives it any more: a kill, or the machine went down",
        "remedy go on with it: rankzero pipeline resume torn-1a2b",
    ]
    goes_on = [
        "cause it goes on; at work: load",
        "waits train for load",
        "waits each for train",
        "waits late for load",
    ]
    assert said == (goes_on if driven else cut_off)


def test_a_failure_is_told_with_its_last_lines_and_as_data(rankzero: Any, home: Path) -> None:
    told = [
        started(L, 1, 1000.0),
        facts.Broke(L, 1, 1004.0, "exited with code 1", 1),
        facts.Finished("failed", 1004.0, "load failed"),
    ]
    written(home, "bad-1a2b", STEPS, told, {1: b"first\nno \x1b[2Jdata\n"})
    code, out, _ = rankzero("pipeline", "wait", "-")
    assert (code, out.splitlines()) == (
        1,
        [
            "✗ failed after 4.0 s",
            "  cause   load exited with code 1",
            "          first",
            "          no data",
            "  effect  3 steps could not begin: train, each, late",
            "  more    rankzero pipeline logs bad-1a2b --step load",
        ],
    )
    _, out, _ = rankzero("pipeline", "why", "-", "-o", "json")
    said = json.loads(out)
    assert (said["state"], said["account"][0]) == (
        "failed",
        {"label": "cause", "text": "load exited with code 1"},
    )


@pytest.mark.parametrize("argv", [("status",), ("wait",), ("stop",), ("delete",), ("why",)])
def test_no_verb_guesses_which_run_is_meant(
    rankzero: Any, digits: PipelineFolder, argv: tuple[str, ...]
) -> None:
    code, _, err = rankzero("pipeline", *argv)
    assert (code, "Which pipeline? Name a run; - is the newest." in err) == (2, True)
    assert digits.exists


def test_what_does_not_run_is_not_stopped(rankzero: Any, digits: PipelineFolder) -> None:
    assert rankzero("pipeline", "stop", "-")[:2] == (0, "digits-7f3a does not run.\n")
    assert rankzero("pipeline", "stop", "--all")[1] == "No pipeline runs; nothing was stopped.\n"
    assert json.loads(rankzero("pipeline", "stop", "-", "-o", "json")[1]) == {"pipelines": []}


def test_nothing_is_deleted_while_one_of_them_goes_on(
    rankzero: Any, home: Path, digits: PipelineFolder
) -> None:
    going = cut(home)
    lock = going.lock.take()
    try:
        code, _, err = rankzero("pipeline", "delete", "digits-7f3a", "torn-1a2b")
        assert (code, "Not over yet: torn-1a2b. Nothing was deleted." in err) == (2, True)
        assert digits.exists and going.exists
        code, out, _ = rankzero("pipeline", "delete", "--all")
        assert (code, out) == (0, "deleted digits-7f3a\n"), "all that are over"
    finally:
        os.close(lock)
    assert going.exists and not digits.path.exists()


def test_an_artifact_goes_with_the_last_pipeline_that_had_it(
    rankzero: Any, home: Path, digits: PipelineFolder, model: Output
) -> None:
    other = written(home, "digits-9c1e", STEPS, whole(model))
    _, out, err = rankzero("pipeline", "delete", digits.run)
    assert (out, err) == ("deleted digits-7f3a\n", "")
    assert Path(model.where).exists()
    _, out, _ = rankzero("pipeline", "delete", other.run, "-o", "json")
    assert json.loads(out) == {"deleted": ["digits-9c1e"], "freed": 2000}
    assert not Path(model.where).exists()
    assert (
        rankzero("pipeline", "delete", "--all")[1] == "No pipeline is over; nothing was deleted.\n"
    )


def test_where_it_is_not_known_what_others_have_all_artifacts_stay(
    rankzero: Any, home: Path, digits: PipelineFolder, model: Output
) -> None:
    cut(home).ledger_file.write_bytes(b"this is no ledger, and nobody knows what it held")
    assert rankzero("pipeline", "delete", digits.run)[0] == 0
    assert Path(model.where).exists() and not digits.path.exists()


def test_a_model_that_a_service_is_made_from_stays(
    rankzero: Any, home: Path, digits: PipelineFolder, model: Output
) -> None:
    from rankzero.backends.local.services.folder import Services
    from rankzero.backends.local.services.record import Record, Version

    request = {"name": "app", "predictor": "app.py:P", "model": model.where}
    service = Services(home).folder("app")
    service.path.mkdir(parents=True)
    made = Record("app", 1.0, "", None, True, 0, ())
    made = made.with_version(Version(0, 5.0, "deployed", request, "/work", "python"))
    later = made.with_version(Version(0, 6.0, "model", {**request, "model": None}, "/", "python"))
    service.put(service.record_file, later.to_json())

    assert rankzero("pipeline", "delete", "--all")[0] == 0
    assert Path(model.where).exists(), "an earlier version, which one can go back to, has it"


@pytest.mark.parametrize("form", ["text", "mermaid", "svg", "json"])
def test_a_run_s_graph_has_its_states(rankzero: Any, digits: PipelineFolder, form: str) -> None:
    code, out, _ = rankzero("pipeline", "show", "digits-7f3a", "-o", form)
    assert (code, out.count("succeeded"), out.count("skipped")) == (0, 3, 1)


@pytest.mark.parametrize("damage", ["steps", "ledger"])
def test_a_history_that_does_not_fit_its_plan_is_told(
    rankzero: Any, home: Path, damage: str
) -> None:
    made = written(home, "odd-1a2b", STEPS, [started(Part("lost"), 1, 1.0)])
    if damage == "ledger":
        made.ledger_file.write_bytes(b"SQLite format 3\x00" + b"\xff" * 90)
    code, _, err = rankzero("pipeline", "status", "odd-1a2b")
    told = "does not fit its plan" if damage == "steps" else "ledger.db cannot be used"
    assert (code, told in err) == (3, True), err
