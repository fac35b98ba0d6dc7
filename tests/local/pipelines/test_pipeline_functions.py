"""Pipelines of decorated functions, run to their ends."""

from __future__ import annotations

import json

from support.pipelines import Works

WHOLE = """
from pathlib import Path
from typing import NamedTuple

import rankzero
from rankzero import command, pipeline, step


class Loaded(NamedTuple):
    data: Path
    count: int


@step
def load(numbers: int) -> Loaded:
    data = rankzero.outputs() / "numbers.txt"
    data.write_text(" ".join(map(str, range(numbers))))
    return Loaded(data, numbers)


@step(returns="total", job={"nodes": 2})
def train(data: Path, lr: float) -> int:
    here = rankzero.context()
    mine = [int(word) for word in data.read_text().split()][here.rank :: here.world_size]
    print(f"rank {here.rank} has {mine}")
    return sum(mine)


@step
def scaled(total: int, by: float) -> float:
    return total * by


@step
def report(found: list[float], parts: list[Path]) -> dict:
    assert all(isinstance(one, float) for one in found), found
    return {"best": max(found), "bytes": [len(part.read_text()) for part in parts]}


@pipeline
def digits(numbers: int = 6):
    loaded = load(numbers)
    total = train(loaded.data, lr=0.5)
    found = scaled.each(by=[1, 0.5])(total)
    many = load.each(numbers=[3, 1])()
    best = report(found, many.data)
    command("echo", f"best is {best}", when=loaded.count > 5, name="say")
    command("echo", "never", when=total > 1000, name="never")


if __name__ == "__main__":
    print(digits.run(numbers=4).outputs["report"]["result"])
"""


def test_functions_hand_on_what_they_return(home: Works) -> None:
    file = home.pipeline(WHOLE, "digits.py")
    said = home.call("pipeline", "run", file)

    assert said.code == 0, said
    assert "[train] [0] rank 0 has [0, 2, 4]" in said.out
    assert '[say] best is {"best": 6.0, "bytes": [5, 1]}' in said.out
    assert home.states()["never"] == "skipped"
    shown = home.call("pipeline", "show", f"{file}:digits", "-o", "json")
    assert json.loads(shown.out)["steps"][1]["takes"] == {"data": "load.data"}

    again = home.call("pipeline", "run", file)
    assert again.err.count(" cached") == 8, again
    other = home.pipeline(WHOLE.replace("max(found)", "min(found)"), "digits.py")
    assert '[say] best is {"best": 3.0' in home.call("pipeline", "run", other).out
    home.nothing_left()


def test_a_program_runs_its_own_pipeline(home: Works) -> None:
    file = home.pipeline(WHOLE.replace('job={"nodes": 2}', "retries=0"), "digits.py")
    done = home.python(file).wait()
    assert done.code == 0, done
    assert done.out == '{"best": 6.0, "bytes": [5, 1]}\n'

    wrong = home.pipeline(WHOLE.replace("total * by", "1 / 0"), "digits.py")
    failed = home.python(wrong).wait()
    assert failed.code == 1
    assert "rankzero.errors.RunFailed: cause   scaled[" in failed.err
    assert "raised ZeroDivisionError: division by zero (" in failed.err
    assert "digits.py:31 in scaled)" in failed.err
    home.nothing_left()


def test_what_a_function_must_not_get_or_return_fails_its_step(home: Works) -> None:
    body = """
import rankzero
from rankzero import command, pipeline, step

@step
def some(n: int) -> int:
    return n if n else "none"

@pipeline
def wrong():
    made = command("sh", "-c", "echo x > ${outputs.n}", outputs={"n": "value"}, name="made")
    some(made.n)
    some.options(name="other")(0)
"""
    said = home.call("pipeline", "run", home.pipeline(body, "wrong.py"))
    assert said.code == 1
    assert "[some] wrong.py:some: `n` must be a whole number; got x" in said.out
    assert "[other] wrong.py:some: `result` must be a whole number; it returned 'none'" in said.out


RAISING = """
import json
import sys
from rankzero import pipeline, step

def rows(name):
    raise LookupError(f"no rows in {name}\\nsecond line")

@step
def load() -> int:
    return rows("users")

@step
def parse() -> int:
    return json.loads("{")

@step
def leave() -> int:
    sys.exit("no such table")

@step(job={"nodes": 2})
def train() -> int:
    return {}["lr"]

@pipeline
def raising():
    load(), parse(), leave(), train()
"""


def test_what_a_function_raises_is_the_cause_with_the_users_own_line(home: Works) -> None:
    said = home.call("pipeline", "run", home.pipeline(RAISING, "raising.py"), "--slots", "4")
    assert said.code == 1, said
    causes = {step["step"]: step["cause"] for step in home.status()["steps"]}
    parse = causes.pop("parse")
    assert parse.startswith("raised json.decoder.JSONDecodeError: Expecting property name")
    assert parse.endswith(" (raising.py:15 in parse)")
    assert causes == {
        "load": "raised LookupError: no rows in users (raising.py:7 in rows)",
        "leave": "exited with code 1: no such table",
        "train": "raised KeyError: 'lr' (raising.py:23 in train)",
    }
    for step, cause in causes.items():
        assert f"✗ {step} {cause}" in said.err
    home.nothing_left()
