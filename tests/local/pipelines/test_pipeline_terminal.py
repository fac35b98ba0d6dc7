"""Pipelines on a terminal, and as pictures."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import pytest

from support.pipelines import Works
from support.terminals import Terminal
from support.waiting import until

WAITS = """
steps:
  first:
    command: echo first is done
  long:
    command: [sh, -c, 'while [ ! -e enough ]; do sleep 0.05; done; echo long is done']
    needs: first
  last:
    command: [sh, -c, 'echo 7 > $RANKZERO_OUTPUTS/n']
    needs: long
    outputs: {n: value}
"""


@pytest.fixture
def terminal(home: Works):
    env = {name: value for name, value in home.env.items() if name != "NO_COLOR"}
    file = home.pipeline(WAITS)
    argv = [sys.executable, "-m", "rankzero", "pipeline", "run", file]
    with Terminal(argv, {**env, "TERM": "xterm"}, home.work, 24, 80) as made:
        yield made


def test_the_graph_stands_below_the_lines_with_states_and_times(
    home: Works, terminal: Terminal
) -> None:
    terminal.until_shown("first is done")
    terminal.until_shown("✓")
    terminal.until_shown("long ")
    terminal.until_shown("last")
    (home.work / "enough").touch()
    terminal.until_shown("long is done")
    terminal.until_shown("succeeded")
    terminal.until_shown("last.n")
    assert terminal.wait() == 0


@pytest.mark.parametrize(("answer", "code"), [("d", 130), ("s", 130)])
def test_ctrl_c_asks_and_the_question_stays(
    home: Works, terminal: Terminal, answer: str, code: int
) -> None:
    terminal.until_shown("long ")
    terminal.press("\x03")
    terminal.until_shown("stop the run, or detach and let it go on? [s/d, then Enter] ")
    terminal.press(f"{answer}\n")
    if answer == "d":
        terminal.until_shown("goes on: rankzero pipeline attach")
        assert terminal.wait() == code
        assert home.of("driving")
        (home.work / "enough").touch()
        assert home.call("pipeline", "wait", "-").code == 0
    else:
        terminal.until_shown("stopped")
        assert terminal.wait() == code
    until(lambda: not home.of("keeping"), "its processes to end")


def test_a_small_terminal_shows_what_it_can(home: Works) -> None:
    (home.work / "enough").touch()
    env = {name: value for name, value in home.env.items() if name != "NO_COLOR"}
    argv = [sys.executable, "-m", "rankzero", "pipeline", "run", home.pipeline(WAITS)]
    with Terminal(argv, {**env, "TERM": "xterm"}, home.work, 3, 6) as small:
        assert small.wait() == 0


def test_a_graph_is_drawn_of_a_file_and_of_a_run(home: Works) -> None:
    file = home.pipeline(WAITS.replace("while [ ! -e enough ]; do sleep 0.05; done; ", ""))
    text = home.call("pipeline", "show", file).out
    assert text == "first\n  └ long  after first\n    └ last  after long\n"
    assert home.call("pipeline", "run", file).code == 0
    assert "└ last  succeeded  after long" in home.call("pipeline", "show", "-").out
    assert "s_first --> s_long" in home.call("pipeline", "show", "-", "-o", "mermaid").out

    picture = ET.fromstring(home.call("pipeline", "show", "-", "-o", "svg").out)
    names = [one.text for one in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert names == ["first", "succeeded", "long", "succeeded", "last", "succeeded"]
    edges = [
        one
        for one in picture.iter("{http://www.w3.org/2000/svg}path")
        if one.get("marker-end") is not None
    ]
    assert len(edges) == 2
