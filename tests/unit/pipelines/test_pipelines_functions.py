"""Pipelines whose steps are functions: the same model as a file's, and the same words of what is
wrong, with the lines of Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rankzero
from rankzero.spec import SpecError
from rankzero.spec.pipelines.making import load_pipeline
from rankzero.spec.pipelines.model import Pipeline

HEAD = """\
from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional

import rankzero
from rankzero import command, job, pipeline, step


class Loaded(NamedTuple):
    data: Path
    count: int


@step
def load(numbers: int) -> Loaded:
    return Loaded(Path("data"), numbers)


@step(returns="model", retries=1)
def train(data: Path, lr: float = 0.1) -> Path:
    return data


@step
def score(model: Path) -> float:
    return 0.5


@step
def report(scores: list[float]) -> None:
    print(scores)


@step
def keep(what):
    print(what)


async def late() -> int:
    return 1


@step
def parts() -> list[int]:
    return [1, 2]


@pipeline
def main(numbers: int = 10, mode: str = "full"):
"""
LINES = HEAD.count("\n")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    known = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load(body: str, *sets: str, head: str = HEAD) -> Pipeline:
    text = head + "".join(f"    {line}\n" for line in body.strip().splitlines())
    Path("digits.py").write_text(text)
    return load_pipeline("digits.py", sets=sets)


def faults(body: str, *sets: str, head: str = HEAD) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(body, *sets, head=head)
    return [str(problem) for problem in caught.value.problems]


def fault(body: str, *sets: str) -> str:
    """The one there is, without its place, which must be the body's line."""
    (found,) = faults(body, *sets)
    place, _, message = found.partition(": ")
    assert place == f"digits.py:{LINES + len(body.strip().splitlines())}", found
    return message


def words(pipeline: Pipeline, step: str) -> tuple[str, ...]:
    """What its process is told."""
    command = pipeline.steps[step].command
    assert command is not None
    assert command[:4] == ("python", "-m", "rankzero.script.step", "digits.py")
    return command[4:]


def test_functions_and_a_file_say_the_same(folder: Path) -> None:
    made = load(
        """
loaded = load(numbers)
model = train(loaded.data)
command("cat", model, name="publish", outputs=["page"], when=loaded.count >= 5, timeout="1m")
""",
        "numbers=7",
    )
    Path("main.yaml").write_text("""
params: {numbers: {type: int, default: 7}, mode: {type: str, default: full}}
steps:
  load:
    command: python -m rankzero.script.step digits.py load numbers:int=7 .data:Path .count:int
    outputs: {data: path, count: value}
  train:
    command: [python, -m, rankzero.script.step, digits.py, train, "data:Path=${inputs.data}",
      "model:Path"]
    inputs: [load.data]
    outputs: [model]
    retries: 1
  publish:
    command: cat ${inputs.model}
    inputs: [train.model]
    outputs: [page]
    when: ${load.count} >= 5
    timeout: 1m
""")
    assert made == load_pipeline("main.yaml")


def test_params_decide_while_it_is_put_together() -> None:
    body = """
for lr in [0.1] * numbers:
    if mode == "full":
        train(load(1).data, lr=lr)
command("echo ${mode}")
"""
    assert [*load(body, "numbers=2").steps] == ["load", "train", "load-2", "train-2", "echo"]
    made = load(body, "mode=none")
    assert made.steps["echo"].command == ("echo", "none")
    assert faults(body, "numbers=x") == ['--set numbers: must be a whole number; got "x"']
    (missing,) = faults("load(n)", head=HEAD.replace("numbers: int = 10", "n: int"))
    assert missing.endswith("params.n: has no value; give it a default, or --set n=VALUE")


def test_what_is_handed_on_reaches_parameters_by_their_types() -> None:
    made = load("""
data, count = load(3)
models = [train(data, lr) for lr in (1, 0.5)]
scores = [score(model) for model in models]
report(scores)
report(score.each(model=["a", "b"])())
""")
    assert words(made, "train") == (
        "train", "data:Path=${inputs.data}", "lr:int=1", "model:Path",
    )  # fmt: skip
    assert words(made, "report") == (
        "report", "scores:float+=${inputs.scores-0}", "scores:float+=${inputs.scores-1}",
    )  # fmt: skip
    assert made.steps["report"].inputs["scores-1"] == "score-2.result"
    assert words(made, "report-2") == ("report", "scores:float[]=${inputs.scores}")


def test_each_goes_through_a_list_or_what_a_step_returns() -> None:
    made = load("""
tuned = train.each([{"data": Path("a"), "lr": 1}, {"data": Path("b"), "lr": 0.5}])()
rated = score.each(model=["$${x}", "b"])()
again = load.each(numbers=parts())()
command("echo", again.count)
""")
    tune, rate, through = (made.steps[name] for name in ("train", "score", "load"))
    assert tune.for_each == ({"data": "a", "lr": 1}, {"data": "b", "lr": 0.5})
    assert words(made, "train") == (
        "train", "data:Path=${item.data}", "lr:float=${item.lr}", "model:Path",
    )  # fmt: skip
    assert rate.for_each == ("$$${x}", "b")
    assert through.for_each == "parts.result"
    assert words(made, "load")[1] == "numbers:int=${item}"


def test_a_job_calls_a_function_or_runs_a_script() -> None:
    Path("train.py").write_text("import torch.distributed\n")
    made = load("""
data = load(2).data
train.options(job={"nodes": numbers, "env": {"D": f"at {data}"}}, name="wide")(data)
job({"run": f"train.py --data={data}", "nodes": 2}, outputs={"loss": float}, name="by-script")
""")
    wide, script = made.steps["wide"], made.steps["by-script"]
    assert wide.job is not None and script.job is not None
    assert wide.job["run"]["module"] == "rankzero.script.step"
    assert wide.job["args"] == ["digits.py", "train", "data:Path=${inputs.data}", "model:Path"]
    assert wide.job["roles"]["worker"]["nodes"]["minimum"] == 10
    assert wide.job["env"] == {"D": "at ${inputs.data}"}
    assert script.job["args"] == ["--data=${inputs.data}"]
    assert (script.inputs, script.outputs) == ({"data": "load.data"}, {"loss": "value"})


def test_conditions_are_comparisons_joined() -> None:
    made = load("""
check = load(1)
other = score(check.data)
needed = command("true", when=~((check.count == 1) & (other < 0.5)) | (other > check.count))
command("echo last", needs=[load, needed], when="${load.count} == 1", env={"C": check.count})
""")
    assert made.steps["true"].when == (
        "(not ((${load.count} == 1) and (${score.result} < 0.5)))"
        " or (${score.result} > ${load.count})"
    )
    assert made.steps["echo"].needs == ("load", "true")
    assert made.steps["echo"].env == {"C": "${inputs.count}"}


def test_a_command_takes_what_stands_in_its_words_and_its_inputs() -> None:
    made = load("""
page = command('sh -c "date > ${outputs.page}"', outputs="page")
command("wc", "-l", page, inputs=[load(1).count], name="count-lines")
command("true", inputs={"it": page.page})
""")
    assert made.steps["sh"].command == ("sh", "-c", "date > ${outputs.page}")
    assert made.steps["count-lines"].command == ("wc", "-l", "${inputs.page}")
    assert made.steps["count-lines"].inputs == {"count": "load.count", "page": "sh.page"}
    assert made.steps["true"].inputs == {"it": "sh.page"}


def test_a_texts_own_dollars_stay() -> None:
    made = load("""
count = load(1).count
echo = command("echo", "$HOME", f"n={count}", "${mode}", "$${mode}")
train(Path("${mode}/$x"), lr=1)
""")
    assert made.steps["echo"].command == ("echo", "$HOME", "n=${inputs.count}", "full", "$${mode}")
    assert words(made, "train")[1] == "data:Path=$${mode}/$x"


def test_steps_may_be_in_files_beside_it() -> None:
    Path("steps").mkdir()
    Path("steps/more.py").write_text(
        "import rankzero\n\n@rankzero.step(code='extra.py')\ndef other(n: int) -> int: return n\n"
    )
    head = HEAD.replace("import rankzero\n", "import rankzero\nimport steps.more\n", 1)
    Path("extra.py").touch()
    made = load("steps.more.other(1)", head=head)
    assert words(made, "other") == ("steps.more:other", "n:int=1", "result:int")
    assert made.steps["other"].code == ("extra.py", "steps/more.py"), "its own file counts always"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("load()", "steps.load: missing a required argument: 'numbers'"),
        ('load("3")', "steps.load.numbers: takes a whole number; got '3'"),
        ("score(load(1).count)", "steps.score.model: takes a path, and load.count is a value"),
        (
            "report(load(1).count)",
            "steps.report.scores: takes a list, and load.count is a whole number",
        ),
        (
            "train(load(1))",
            "steps.train.data: takes one thing, and `load` hands on data, count",
        ),
        (
            "score(train.each(lr=[1.0, 2])(load(1).data))",
            "steps.score.model: takes a path, and there is one train.model for each item: it must "
            "take a list of them",
        ),
        (
            "keep(open)",
            "steps.keep.what: cannot be handed to a process of its own: a value of type builtin",
        ),
        (
            "load(1).dta",
            "`load` hands on no `dta`; it has data, count",
        ),
        (
            "1 if load(1).count > 3 else 2",
            "whether ${load.count} > 3 is known only when its step is done: say it by "
            "STEP.options(when=...)(...); `&`, `|` and `~` stand for and, or, not",
        ),
        (
            "[*score(load(1).data)]",
            "what `score` hands on is known only when it is done, and going through it needs it "
            "now: let a step do so: STEP.each(NAME=...)(...)",
        ),
        (
            "load(1).count + 1",
            "what `load` hands on is known only when it is done, and reckoning with it needs it "
            "now: do that in the step that takes it",
        ),
        ("command('cat', load(1))", "steps.cat: takes one thing, and `load` hands on data, count"),
        ("command('cat', inputs=[3])", "steps.cat: takes what a step hands on; got 3"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (
            "load.options(retry=3)(1)",
            'steps.load.retry: unknown key; did you mean "retries"?',
        ),
        (
            "load.options(needs='lod')(1)",
            'steps.load.needs[0]: there is no step "lod"',
        ),
        (
            "load.options(when='${load.cout} > 1')(1)",
            'steps.load.when: `${load.cout}` names no param; did you mean "load.count"?',
        ),
        ("command('echo', inputs={'x': 'a.b'})", 'steps.echo.inputs.x: there is no step "a"'),
        ("step(lambda: 1)()", "steps.lambda: main.<locals>.<lambda> is within something else"),
        ("step(late)()", "steps.late: late is async; a step's function runs its loop itself"),
        ("load.options(job={'run': 'x'})(1)", "steps.load: `run` is not for a job that calls"),
        ("load.options(job={'noodles': 2})(1)", "steps.load.job.noodles: unknown key"),
        ("score.each(model=load(1).count)()", "steps.score.model: each() goes through a list, and"),
        ("score.each(model=['a', 1])()", "steps.score.model: takes a path; got 1"),
        ("load.each([{'numbers': 1}, {}])()", "steps.load: each() goes through mappings that all"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(body: str, message: str) -> None:
    assert fault(body).startswith(message)


NO_TYPE = "hands on nothing: its function has no return type, such as -> int"
OF_ITS_OWN = "cannot be handed to a process of its own: "


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("keep.options(when=keep(1) > 3)(2)", f"`keep` {NO_TYPE}"),
        ("keep.options(when=score(Path('x')) > keep(1))(2)", f"`keep` {NO_TYPE}"),
        ("keep.options(when=keep(1))(2)", f"`keep` {NO_TYPE}"),
        ("keep(keep(1) + 1)", f"`keep` {NO_TYPE}"),
        ("keep(len(keep(1)))", f"`keep` {NO_TYPE}"),
        ("keep(2) if keep(1) else None", f"`keep` {NO_TYPE}"),
        ("a, b = keep(1)", f"`keep` {NO_TYPE}"),
        ("command('echo', f'{keep(1)}')", f"`keep` {NO_TYPE}"),
        ("command('echo', keep(1))", f"steps.echo: takes one thing, and `keep` {NO_TYPE}"),
        ("keep(keep(1))", f"steps.keep-2.what: takes one thing, and `keep` {NO_TYPE}"),
        ("keep([keep(1)])", f"steps.keep-2.what: takes one thing, and `keep` {NO_TYPE}"),
        ("keep.each(what=keep(1))()", f"steps.keep-2.what: takes one thing, and `keep` {NO_TYPE}"),
        (
            "keep(command('true'))",
            "steps.keep.what: takes one thing, and `true` hands on nothing: it has no `outputs`",
        ),
        ("keep(command('true').x)", "`true` hands on no `x`: it has no `outputs`"),
        (
            "keep.options(when=load(1) > 3)(2)",
            "`load` hands on data, count: take one of them, such as its `.data`",
        ),
        (
            "command('echo', f'{load(1)}')",
            "`load` hands on data, count: take one of them, such as its `.data`",
        ),
        ("keep.each(what=[1])(2)", "steps.keep: `what` comes from each(): give the others by"),
        (
            "keep({'a': [score(Path('x'))]})",
            f"steps.keep.what: {OF_ITS_OWN}score.result in a list in a mapping; give it by itself, "
            "or right in a list",
        ),
        ("keep({'a': Path('x')})", f"steps.keep.what: {OF_ITS_OWN}a path in a mapping; give it"),
        ("keep([1, float('nan')])", f"steps.keep.what: {OF_ITS_OWN}nan in a list; give it by"),
        ("keep({1: 2})", f"steps.keep.what: {OF_ITS_OWN}a mapping with the key 1; only texts"),
        ("keep([{1, 2}])", f"steps.keep.what: {OF_ITS_OWN}a value of type set in a list; write it"),
        ("keep(score)", f"steps.keep.what: {OF_ITS_OWN}the step score; call it, to give what it"),
        ("keep.each(what=['a', 1])()", "steps.keep.what: `what` goes through texts and what is"),
    ],
)  # fmt: skip
def test_a_parameter_without_a_type_gets_what_can_be_told(body: str, message: str) -> None:
    assert fault(body).startswith(message)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("1", ["what:int=1"]),
        ("True", ["what:bool=true"]),
        ("None", ["what:json=null"]),
        ("[1, 'x', {'a': None}]", ['what:json=[1, "x", {"a": null}]']),
        ("(1, 2)", ["what:json=[1, 2]"]),
        ("[Path('x'), 'y']", ["what:Path+=x", "what:str+=y"]),
        ("score(Path('x'))", ["what:float=${inputs.what}"]),
        ("load(1).data", ["what:Path=${inputs.what}"]),
        ("parts()", ["what:list=${inputs.what}"]),
        ("[parts(), 3]", ["what:list+=${inputs.what-0}", "what:int+=3"]),
        ("command('true', outputs={'v': 'value'})", ["what:any=${inputs.what}"]),
    ],
)
def test_a_parameter_without_a_type_gets_a_value_as_it_is(given: str, told: list[str]) -> None:
    assert words(load(f"keep({given})"), "keep")[1:] == tuple(told)


def test_a_command_with_one_output_stands_for_it() -> None:
    made = load("""
made = command("true", outputs={"v": "value"})
command("echo", f"{made}", when=made > 3, name="say")
""")
    assert made.steps["say"].command == ("echo", "${inputs.v}")
    assert made.steps["say"].when == "${true.v} > 3"


def test_a_pipelines_own_parameter_is_no_list() -> None:
    head = HEAD.replace("numbers: int = 10", "numbers=[1, 2]")
    (said,) = faults("keep(numbers)", head=head)
    assert said.endswith(
        "params.numbers.default: must be a text, a number, or true or false; got a list"
    )


def test_all_problems_come_at_once_each_with_its_own_line() -> None:
    said = faults("""
load("x")
train.options(retries=-1)(5)
command("cat", cash=True)
""")
    at = LINES + 1
    assert said == [
        f"digits.py:{at}: steps.load.numbers: takes a whole number; got 'x'",
        f"digits.py:{at + 1}: steps.train.data: takes a path; got 5",
        f"digits.py:{at + 1}: steps.train.retries: must be a whole number, 0 to 1,000,000; got -1",
        f'digits.py:{at + 2}: steps.cat.cash: unknown key; did you mean "cache"?',
    ]


def test_a_circle_is_found() -> None:
    (said,) = faults("""
load.options(needs="score")(1)
score.options(needs="load")(Path("x"))
""")
    assert said.endswith("steps wait for each other: load -> score -> load")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("-> set:\n    return {1}", "has the type set; a step is a process of its own, and takes"),
        (
            "-> tuple[int, int]:\n    return 1, 2",
            "returns tuple[int, int]: name its parts by a Named",
        ),
        ("-> 'Missing':\n    pass", "its type hints cannot be read: name 'Missing' is not defined"),
    ],
)
def test_types_that_no_process_can_take_are_told_where_they_stand(
    declared: str, message: str
) -> None:
    head = HEAD.replace("@pipeline\n", f"@step\ndef bad() {declared}\n\n\n@pipeline\n")
    (said,) = faults("bad()", head=head)
    line = head[: head.index("@step\ndef bad")].count("\n") + 1
    assert said.startswith(f"digits.py:{line}: steps.bad: {message}")


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (
            "import nowhere_at_all\n",
            "",
            "p.py:1: ModuleNotFoundError: No module named 'nowhere_at_all'",
        ),
        ("def (:\n", "", "p.py:1: is not Python: invalid syntax"),
        ("raise SystemExit\n", "", "p.py:1: ends the program while it is read"),
        ("x = 1\n", "", "p.py: holds no pipeline: a function with @rankzero.pipeline"),
        (
            "from rankzero import pipeline\n\n@pipeline\ndef a():\n    pass\n",
            "",
            "p.py:3: calls no step",
        ),
        (
            "from rankzero import pipeline\n\n@pipeline\ndef a(): 0\n\n@pipeline\ndef b(): 0\n",
            "",
            "p.py: holds 2 pipelines: a, b; name one, as in p.py:a",
        ),
        (
            "from rankzero import pipeline\n\n@pipeline\ndef digits(): 0\n",
            ":digit",
            'p.py: there is no pipeline "digit"; did you mean "digits"?',
        ),
        (
            "from rankzero import pipeline, command\n\n@pipeline\ndef a():\n    command('true')\n\n"
            "a.run()\n",
            "",
            "p.py:7: RuntimeError: a pipeline's run() is called while p.py is imported, as it is "
            'by each of its steps: put it below `if __name__ == "__main__":`',
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    text: str, name: str, message: str
) -> None:
    Path("p.py").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_pipeline(f"p.py{name}")
    assert str(caught.value.problems[0]).startswith(message)


@rankzero.step
def double(n: int) -> int:
    return 2 * n


@rankzero.pipeline
def doubled(n: int = 1):
    several = double.each(n=[n, 2])()
    return double.options(when=n > 5)(n), several


def test_outside_of_a_pipeline_steps_are_plain_functions() -> None:
    assert double(2) == 4
    assert double.options(retries=3)(n=2) == 4
    assert doubled(7) == (14, [14, 4])
    assert doubled(1) == (None, [2, 4]), "its condition does not hold"
    with pytest.raises(RuntimeError, match=r"call it in the function of a @rankzero.pipeline"):
        rankzero.command("true")
    with pytest.raises(TypeError, match="one parameter with its list"):
        double.each()


def test_its_graph_can_be_shown_from_python() -> None:
    assert doubled.show().splitlines() == [
        "double  for each of a list",
        "double-2  when false",
    ]
    assert doubled.show(n=6).endswith("\ndouble-2")
    assert doubled.show("mermaid").startswith("flowchart LR\n")
    with pytest.raises(rankzero.BadRequest, match="must be text, svg or mermaid"):
        doubled.show("png")
