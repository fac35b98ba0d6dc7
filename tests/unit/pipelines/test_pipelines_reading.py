"""Pipeline files: what they may say, and what is said of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from rankzero.driver import facts
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, graph
from rankzero.pipelines.progress import Progress
from rankzero.spec import SpecError
from rankzero.spec.pipelines.coherence import cached, unused
from rankzero.spec.pipelines.making import build_pipeline, load_pipeline
from rankzero.spec.pipelines.model import Pipeline
from rankzero.spec.pipelines.mounting import source, volumes_of
from rankzero.spec.pipelines.schema import json_schema

DIGITS = """
params: {epochs: 3, mode: full text}
env: {DATA: "/data/${mode}"}
steps:
  load:
    command: python load.py --out ${outputs.data}
    outputs: {data: path, names: value}
  train:
    job:
      run: train.py --data ${inputs.data} --epochs ${epochs}
      nodes: 2
    inputs: [load.data]
    outputs: [model]
    retries: ${epochs}
  each:
    command: [echo, "${item}", "$${HOME}", 1.10]
    for_each: ${load.names}
    needs: train
    when: ${load.names} != "" and ${mode} == "full text"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text("print('hello')\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str, *sets: str) -> Pipeline:
    Path("digits.yaml").write_text(text)
    return load_pipeline("digits.yaml", sets=sets)


def faults(text: str, *sets: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(text, *sets)
    return [str(problem) for problem in caught.value.problems]


def steps(**given: object) -> str:
    """A file with these steps, each of which has a command unless it says what it does."""
    lines = ["steps:"]
    for name, keys in given.items():
        lines.append(f"  {name}:")
        if "command:" not in str(keys) and "job:" not in str(keys):
            lines.append("    command: echo hi")
        lines += [f"    {line}" for line in str(keys).splitlines()]
    return "\n".join(lines)


def test_a_file_says_steps_in_few_words(folder: Path) -> None:
    pipeline = load(DIGITS, "epochs=5")

    assert (pipeline.name, pipeline.workdir) == ("digits", str(folder))
    assert pipeline.env == {"DATA": "/data/full text"}
    load_, train, each = pipeline.steps.values()
    assert load_.command == ("python", "load.py", "--out", "${outputs.data}")
    assert load_.outputs == {"data": "path", "names": "value"}
    assert train.job is not None
    assert train.job["args"] == ["--data", "${inputs.data}", "--epochs", "5"]
    assert train.job["run"]["script"] == "train.py"
    assert train.job["params"] == {}, "the pipeline's are not the job's"
    assert (train.inputs, train.outputs) == ({"data": "load.data"}, {"model": "path"})
    assert train.retries == 5
    assert each.command == ("echo", "${item}", "$${HOME}", "1.10")
    assert (each.for_each, each.needs) == ("load.names", ("train",))
    assert each.when == '${load.names} != "" and "full text" == "full text"'


def test_a_job_in_a_file_of_its_own_has_its_own_params(folder: Path) -> None:
    Path("job.yaml").write_text(
        "run: train.py --lr ${lr} --epochs ${epochs} --data ${inputs.data}\n"
        "params: {lr: 0.1, epochs: 1}\n"
    )
    text = "params: {epochs: 3}\n" + steps(
        load="outputs: [data]", train="job: job.yaml\ninputs: [load.data]"
    )
    job = load(text).steps["train"].job
    assert job is not None
    assert job["args"] == ["--lr", "0.1", "--epochs", "1", "--data", "${inputs.data}"]


def test_items_may_be_mappings_whose_keys_are_named(folder: Path) -> None:
    text = steps(a="command: run ${item.lr} ${item}\nfor_each: [{lr: 1, x: 2}, {lr: 2}]")
    step = load(text).steps["a"]
    assert step.command == ("run", "${item.lr}", "${item}")
    assert step.for_each == ({"lr": 1, "x": 2}, {"lr": 2})
    assert "`${item.x}` names no param" in faults(text.replace("item.lr", "item.x"))[0]


def test_a_list_may_come_from_the_command_line(folder: Path) -> None:
    text = 'params: {seeds: "[1]"}\n' + steps(a="for_each: ${seeds}")
    assert load(text, "seeds=[1, 2, 3]").steps["a"].for_each == (1, 2, 3)
    assert faults(text, "seeds=[1, 2")[0].endswith("is no list in JSON")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("steps:", "digits.yaml:1: steps: `steps` must be a mapping of at least one step"),
        (steps(a="needs: [b]", b="needs: a"), "steps.a: steps wait for each other: a -> b -> a"),
        (steps(a="needs: a"), "steps.a: steps wait for each other: a -> a"),
        (steps(load="", b="needs: lod"), 'needs: there is no step "lod"; did you mean "load"?'),
        (steps(a="outputs: [m]", b="inputs: [a.n]"), '`a` has no output "n"; known: m'),
        (steps(a="", b="inputs: [a.n]"), '`a` has no output "n"; it has none'),
        (steps(a="inputs: [z]"), "must be a step and its output, such as train.model"),
        (steps(a="outputs: [../x]"), "its name must be lower-case letters, digits, - and _"),
        (steps(a="outputs: {m: folder}"), 'must be "path" or "value"; got "folder"'),
        (steps(a="command: x ${inputs.q}"), "steps.a.command: `${inputs.q}` names no param"),
        (steps(a="command: x ${item}"), "steps.a.command: `${item}` names no param"),
        (steps(a="command: ''"), "steps.a: `command` must not be empty"),
        (steps(a="command: x\njob: {run: train.py}"), "must say one of `command`, `job` and `ser"),
        (steps(a="retires: 1"), 'steps.a.retires: unknown key; did you mean "retries"?'),
        (steps(a="timeout: soon"), "steps.a.timeout: must be a time"),
        (steps(a="when: import os"), "steps.a.when: `import os` is no condition"),
        (steps(a="when: f(1) == 2"), "steps.a.when: `f(1) == 2` is no condition"),
        (
            steps(a="outputs: [m]", b="when: ${a.m} > 1"),
            "steps.b.when: `a.m` is a path; only a value can be read here",
        ),
        (steps(a="outputs: [m]", b="for_each: a.m"), "steps.b.for_each: `a.m` is a path"),
        (steps(a="job: {run: nope.py, nodez: 2}"), 'nodez: unknown key; did you mean "nodes"?'),
        (steps(a="job: {run: nope.py}"), "steps.a.job.run: there is no file nope.py in"),
        (steps(a="job: {run: train.py, outputs: x}"), "a step's outputs are kept by the pipeline"),
        (steps(A=""), "a step's name must be lower-case letters, digits and dashes"),
        ("step: {}\n" + steps(a=""), 'digits.yaml:1: step: unknown key; did you mean "steps"?'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(folder: Path, text: str, found: str) -> None:
    said = faults(text)
    assert any(found in one for one in said), said


def test_outputs_that_nobody_takes_on_the_way_are_noted(folder: Path) -> None:
    pipeline = load(steps(a="outputs: [x, y]", b="inputs: [a.x]\noutputs: [last]"))
    assert unused(pipeline) == ["a.y"]


def test_plain_data_gives_the_same(folder: Path) -> None:
    built = build_pipeline(
        {
            "name": "digits",
            "steps": {"a": {"command": ["echo", "${outputs.x}"], "outputs": ["x"]}},
        }
    )
    assert built == load(steps(a="command: [echo, '${outputs.x}']\noutputs: [x]"))


SCHEMA = jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize(
    "text",
    [
        DIGITS,
        steps(a="command: [echo, 1, true]\ntimeout: 5m\nretries: 2\ncache: false\ncode: a.py"),
        steps(a="for_each: [1, {a: 2}]\nneeds: [b]\nenv: {A: 1}", b="job: job.yaml"),
        "name: x\nworkdir: .\nparams: {lr: {type: float, default: 0.1}}\n" + steps(a=""),
    ],
)
def test_the_schema_takes_what_the_reader_takes(folder: Path, text: str) -> None:
    Path("job.yaml").write_text("run: train.py\n")
    load(text)
    SCHEMA.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        steps(a="comand: x"),
        steps(a="outputs: {m: folder}"),
        steps(a="job: {nodez: 2}"),
        "step: {}\n" + steps(a=""),
        "steps: [a]",
        "name: x",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(folder: Path, text: str) -> None:
    assert faults(text)
    assert not SCHEMA.is_valid(yaml.safe_load(text))


VOLUMES = """
params: {size: 5Gi}
volumes:
  data: {size: "${size}"}
  best: {size: 1Gi, keep: false}
  team: shared
"""


def test_steps_mount_the_pipelines_volumes_by_name(folder: Path) -> None:
    text = steps(
        load="mounts: [data, team]",
        train="job: {run: train.py, nodes: 3}\nmounts: {data: '/d:ro', best: {sub_path: a}}",
    )
    pipeline = load(VOLUMES + text, "size=9Gi")

    assert pipeline.volumes["team"].claim == "shared"
    train = volumes_of(pipeline, pipeline.steps["train"])
    assert (train["data"].path, train["data"].read_only, train["data"].size) == ("/d", True, "9Gi")
    assert (train["best"].path, train["best"].sub_path) == ("/volumes/best", "a")
    # Whichever step makes it, it is as all of them need it.
    assert volumes_of(pipeline, pipeline.steps["load"])["data"].access == "ReadWriteMany"
    assert not cached(pipeline, "load"), "what it does to a volume is no output"


def test_all_pods_may_mount_the_volume_for_what_steps_hand_on(folder: Path) -> None:
    pipeline = load(VOLUMES + steps(load="", train="mounts: [best]"))
    kept = load("output_volume: data\n" + VOLUMES + steps(load="", train="mounts: [best]"))

    assert [source(pipeline, name).access for name in ("data", "best")] == ["ReadWriteOnce"] * 2
    found = [source(kept, name).access for name in ("data", "best")]
    assert found == ["ReadWriteMany", "ReadWriteOnce"]


def test_what_is_wrong_with_volumes_has_its_place(folder: Path) -> None:
    text = steps(
        a="mounts: [dat]",
        b="volumes: [data]",
        c="mounts: {data: /x, best: /x}",
        d="mounts: {team: {pth: /x}}",
    )
    assert faults(VOLUMES + text) == [
        "digits.yaml:13: steps.b.volumes: unknown key; did you mean `mounts`, of volumes that the "
        "pipeline names?",
        'digits.yaml:19: steps.d.mounts.team.pth: unknown key; did you mean "path"?',
    ]
    text = steps(a="mounts: [dat]", c="mounts: {data: /x, best: /x}")
    assert faults(VOLUMES + text) == [
        'digits.yaml:10: steps.a.mounts[0]: there is no volume "dat" in `volumes`; did you mean '
        '"data"?',
        "digits.yaml:13: steps.c.mounts.best: data and best are both at /x",
    ]


def test_an_output_volume_may_be_any_claim_and_is_no_slip_for_a_volume_of_the_file(
    folder: Path,
) -> None:
    for name in ("data", "shared", "anything-else"):
        assert load(f"output_volume: {name}\n{VOLUMES}{steps(a='')}").output_volume == name
    assert faults(f"output_volume: dats\n{VOLUMES}{steps(a='')}") == [
        'digits.yaml:1: output_volume: there is no volume "dats" in `volumes`; did you mean "data"?'
        " A claim of that name is said there as dats: {claim: dats}"
    ]


def test_a_name_that_leads_elsewhere_is_told_once_where_it_stands(folder: Path) -> None:
    said = faults(steps(a="outputs: {../x: value}", b="inputs: {../y: a.z}"))
    wrong = "its name must be lower-case letters, digits, - and _, beginning with a letter"
    assert said == [
        f"digits.yaml:4: steps.a.outputs.../x: {wrong}",
        f"digits.yaml:7: steps.b.inputs.../y: {wrong}",
    ]


def test_a_param_that_was_given_a_wrong_value_is_told_once(folder: Path) -> None:
    text = "params:\n  n: {default: 3, type: int}\n" + steps(
        a="command: echo ${n}", b='job: {run: {command: [echo, "${n}"]}}', c="when: ${n} > 2"
    )
    assert faults(text, "n=abc") == ['--set n: must be a whole number; got "abc"']


def test_what_was_under_way_when_a_pipeline_was_stopped_ended_with_it(folder: Path) -> None:
    progress = Progress(graph([Step("a"), Step("b", needs=("a",))]))
    for seq, fact in enumerate(
        (facts.Started(Part("a"), 1, 5.0, 1), facts.Finished("stopped", 9.0, "Ctrl-C")), 1
    ):
        progress.take(facts.to_event(seq, fact))
    assert (progress.step("a").state, progress.step("a").ended) == ("stopped", 9.0)
    assert progress.step("b").ended is None
