"""The process of a step that is a function: what reaches the function, and what is left of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rankzero.script import step
from rankzero.script.step import Handed
from support.interpreters import extremes

ROOT = Path(__file__).parents[3]


def test_arguments_are_of_their_kinds(tmp_path: Path) -> None:
    for name in ("10", "9"):
        (tmp_path / name).touch()
    words = ["n:int=-3", "f:float=nan", "t:str=a=b\n:c", "yes:bool=True", "p:Path=/x", "l:list=[1]"]
    words += ["d:dict={}", "o:json=null", "a:any=007", "b:any=[7]", "out:int", ".part:Path"]
    words += ["s:float+=1", "s:float+=2.5", 'm:str[]=["x", "1"]', f"ps:Path[]={tmp_path}"]

    given = step.arguments(words)
    assert given.pop("f") != given.get("f")
    assert given == {
        "n": -3, "t": "a=b\n:c", "yes": True, "p": Path("/x"), "l": [1], "d": {}, "o": None,
        "a": "007", "b": [7], "s": [1.0, 2.5], "m": ["x", "1"],
        "ps": [tmp_path / "9", tmp_path / "10"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("n:int=3.0", "`n` must be a whole number; got 3.0"),
        ("n:bool=yes", "`n` must be true or false; got yes"),
        ("n:list={}", "`n` must be a list; got {}"),
        ('n:float[]=["x"]', '`n` must be a number; got ["x"]'),
        ("n:dict=" + "x" * 99, f"`n` must be a mapping; got {'x' * 56}..."),
    ],
)
def test_what_is_not_of_its_kind_is_told(word: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        step.arguments([word])
    assert str(caught.value) == message


class Scalar:
    """As a tensor of one element."""

    def item(self) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("int", 3, "3"),
        ("float", 3, "3.0"),
        ("float", Scalar(), "0.5"),
        ("float", float("nan"), "nan"),
        ("bool", False, "false"),
        ("str", "a\n", "a\n"),
        ("list", ("é", 1), '["é", 1]'),
        ("json", None, "null"),
        ("json", "text", '"text"'),
        ("any", "text", "text"),
        ("any", 1, "1"),
    ],
)
def test_values_are_left_as_texts(tmp_path: Path, kind: str, value: Any, text: str) -> None:
    step.hand_on(value, [Handed("v", False, kind)], tmp_path)
    assert (tmp_path / "v").read_text() == text + "\n"


def test_paths_are_left_under_their_names_and_only_outputs_are_moved(tmp_path: Path) -> None:
    outputs, mine = tmp_path / "outputs", tmp_path / "mine"
    (outputs / "tmp").mkdir(parents=True)
    mine.mkdir()
    (mine / "x").write_text("x")
    handed = [Handed(name, True, "Path") for name in ("a", "b", "count")]
    # A plain tuple, which has a `count` of its own.
    step.hand_on((mine, outputs / "tmp", str(mine / "x")), handed, outputs)

    assert sorted(path.name for path in outputs.iterdir()) == ["a", "b", "count"]
    assert (outputs / "a" / "x").read_text() == (outputs / "count").read_text() == "x"
    assert (mine / "x").exists()


@pytest.mark.parametrize(
    ("value", "handed", "message"),
    [
        (None, Handed("v", False, "int"), "`v` must be a whole number; it returned None"),
        (True, Handed("v", False, "int"), "`v` must be a whole number; it returned True"),
        (3, Handed("v", False, "Path"), "`v` must be a path; it returned 3"),
        ("gone", Handed("v", False, "Path"), "`v` must be a file or a folder; there is no /"),
        ([open], Handed("v", False, "list"), "`v` cannot be handed on: Object of type builtin"),
        (3, Handed("v", True, "int"), "it returned 3, which has no `v`"),
    ],
)  # fmt: skip
def test_what_was_not_promised_is_told(
    tmp_path: Path, value: Any, handed: Handed, message: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        step.hand_on(value, [handed], tmp_path)
    assert str(caught.value).startswith(message)


FILE = """
from typing import NamedTuple
import json
import rankzero

class Both(NamedTuple):
    n: int
    t: str

@rankzero.step
def both(n: "int | None", t: str = "t") -> "Both | None":
    return Both(n + 1, t)

@rankzero.pipeline
def whole():
    both(1)
"""


@pytest.mark.parametrize("python", extremes())
@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_process_calls_it_in_any_python(tmp_path: Path, python: str, rank: str) -> None:
    """The file has the name of a module of Python's own, which keeps its place."""
    (tmp_path / "queue.py").write_text(FILE)
    argv = [python, "-m", "rankzero.script.step", "queue.py", "both", "n:int=4", ".n:int", ".t:str"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "RANKZERO_OUTPUTS": str(tmp_path)}
    subprocess.run(argv, env={**env, "RANKZERO_RANK": rank}, cwd=tmp_path, check=True)
    left = {path.name: path.read_text() for path in tmp_path.glob("[nt]")}
    assert left == ({"n": "5\n", "t": "t\n"} if rank == "0" else {})


def test_it_loads_the_standard_library_only() -> None:
    script = (
        "import sys, json; sys.path.append('src'); import rankzero.script.step; import rankzero;"
        "rankzero.step, rankzero.pipeline; print(json.dumps(sorted(sys.modules)))"
    )
    argv = [sys.executable, "-I", "-S", "-c", script]
    loaded = json.loads(subprocess.check_output(argv, text=True, cwd=ROOT))
    assert {one.partition(".")[0] for one in loaded} <= {
        *sys.stdlib_module_names, "__main__", "rankzero",
    }  # fmt: skip
    assert not [one for one in loaded if one.startswith(("rankzero.spec", "rankzero.pipelines"))]
