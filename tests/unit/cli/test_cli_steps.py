"""A pipeline's steps on the screen while they go on, and its graph as pictures."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rankzero.cli.show import graph as picture
from rankzero.cli.show.steps import event_line, fact_line, graph_lines, note, spent
from rankzero.cli.show.terminal import Screen
from rankzero.driver import facts
from rankzero.driver.facts import Part
from rankzero.driver.graph import Step, graph
from rankzero.errors import BadRequest
from rankzero.pipelines.progress import Progress, StepInfo


def info(**more: Any) -> StepInfo:
    whole = {"done": 0, "total": 1, "failed": 0, "cached": 0, "attempts": 1, "started": 10.0}
    rest = {"ended": None, "cause": "", "outputs": {}, "state": facts.RUNNING}
    return StepInfo(name="each", **{**whole, **rest, **more})


@pytest.mark.parametrize(
    ("step", "time", "says"),
    [
        (info(), "5.0 s", ""),
        (info(ended=12.5, state=facts.SUCCEEDED, done=1), "2.5 s", ""),
        (info(started=None, attempts=0), "", ""),
        (info(state=facts.SKIPPED, ended=10.0, attempts=0, cause="no rows"), "", "no rows"),
        (info(total=None), "5.0 s", ""),
        (info(total=0, ended=10.0, state=facts.SUCCEEDED, attempts=0), "", "0/0"),
        (info(total=4, done=2, attempts=4), "5.0 s", "2/4"),
        (info(total=4, done=2, cached=2, attempts=2), "5.0 s", "2/4 · cached"),
        (info(total=4, done=3, cached=2, attempts=2), "5.0 s", "3/4 · 2 cached"),
        (info(done=1, cached=1, attempts=0), "", "cached"),
        (info(attempts=3), "5.0 s", "3 attempts"),
        (info(total=4, attempts=5), "5.0 s", "0/4 · 5 attempts"),
        (info(failed=1, cause="exited with code 1"), "5.0 s", "exited with code 1"),
        (info(total=4, failed=3, cause="raised"), "5.0 s", "0/4 · 3 failed · raised"),
    ],
)
def test_what_there_is_to_say_of_a_step(step: StepInfo, time: str, says: str) -> None:
    assert (spent(step, 15.0), note(step)) == (time, says)


def progress(steps: list[Step], *told: facts.Fact) -> Progress:
    events = [facts.to_event(seq, fact) for seq, fact in enumerate(told, 1)]
    return Progress(graph(steps), events)


def at_work(count: int, running: int) -> Progress:
    """So many steps, of which the first few are at work."""
    began = [facts.Started(Part(f"s{at}"), 1, 1.0, at + 1) for at in range(running)]
    return progress([Step(f"s{at}") for at in range(count)], *began)


@pytest.fixture
def lines(paper: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What would be drawn on a terminal of this size."""

    def drawn(made: Progress, columns: int = 80, rows: int = 24) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", str(rows))
        screen, _ = paper(tty=True)
        return graph_lines(screen, made)

    return drawn


def test_few_steps_have_a_line_each(lines: Any) -> None:
    steps = [Step("load"), Step("train", needs=("load",)), Step("x", needs=("train",))]
    done = facts.Started(Part("load"), 1, 1.0, 1), facts.Committed(Part("load"), 3.0)
    broke = (
        facts.Started(Part("train"), 1, 3.0, 2),
        facts.Broke(Part("train"), 1, 4.0, "raised \x1b[2Jit", 1),
    )
    found = lines(progress(steps, *done, *broke, facts.Finished("failed", 4.0)))
    assert [line.split() for line in found] == [
        ["✓", "load", "2.0", "s"],
        ["✗", "train", "1.0", "s", "raised", "it"],
        ["–", "x", "`train`", "failed"],
    ]


def test_of_many_steps_those_at_work_are_drawn_and_the_others_counted(lines: Any) -> None:
    *running, counted = lines(at_work(1000, 2))
    assert [line.split()[1] for line in running] == ["s0", "s1"]
    assert counted == "  0 of 1,000 succeeded, 998 waiting, 2 running"


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30))
def test_a_terminal_is_never_filled_and_no_step_is_passed_over_in_silence(
    count: int, running: int, rows: int
) -> None:
    made = at_work(count, min(count, running))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINES", str(rows))
        found = graph_lines(Screen(io.StringIO(), True, False, True), made)
    room = max(1, rows - 6)
    assert len(found) <= room + 1
    if len(found) < count:
        assert f" of {count} succeeded" in found[-1]


@pytest.mark.parametrize("cause", ["m" * 300, "数" * 300])
@pytest.mark.parametrize("columns", [80, 21, 3])
def test_a_line_is_never_wider_than_the_terminal(lines: Any, cause: str, columns: int) -> None:
    broke = (
        facts.Started(Part("train"), 1, 1.0, 1),
        facts.Broke(Part("train"), 1, 2.0, cause, final=True),
    )
    for line in lines(progress([Step("train")], *broke), columns):
        assert cell_len(line) <= max(columns, 5)


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (facts.Started(Part("a"), 1, 1.0, 9), "■ a started"),
        (facts.Started(Part("a"), 2, 1.0, 9), "■ a started (attempt 2)"),
        (facts.Committed(Part("a"), 3.5), "✓ a done in 2.5 s"),
        (facts.Committed(Part("b"), 3.5, cached=True), "✓ b cached"),
        (facts.Committed(Part("b"), 3.5), "✓ b done"),
        (facts.Broke(Part("a"), 1, 2.0, "raised\nE", 1), "✗ a raised E; tried again"),
        (facts.Broke(Part("a"), 1, 2.0, "raised", final=True), "✗ a raised"),
        (facts.LeftOut("b", 2.0, "no \x1b[1mrows"), "– b is left out: no rows"),
        (facts.Noted("the cache is full", 2.0), "note: the cache is full"),
        (facts.Expanded("each", (1, 2), 2.0), ""),
        (facts.Finished("succeeded", 2.0), ""),
    ],
)
def test_what_happens_is_told_as_it_happens(paper: Any, fact: facts.Fact, says: str) -> None:
    steps = [Step("a", retries=1), Step("b"), Step("each", items=(1, 2))]
    made = progress(steps, facts.Started(Part("a"), 1, 1.0, 1))
    taken = made.take(facts.to_event(2, fact))
    assert fact_line(paper()[0], taken, made) == says


def test_a_history_keeps_what_is_nought_and_leaves_out_what_says_nothing() -> None:
    late = facts.Broke(Part("each", 0), 1, 3.5, "took longer than 2 s", 0)
    line = event_line(facts.to_event(2, late), 1.0)
    assert line.split("  ")[-1] == "attempt 1 · cause took longer than 2 s · code 0"
    assert line.split()[:4] == ["2.5", "s", "broke", "each[0]"]


# -- the graph

DIGITS = [
    Step("load", gives={"rows": "value"}),
    Step("net-a", needs=("load",)),
    Step("each", needs=("load",), items=(1, 2)),
    Step("end", needs=("net-a", "each"), when='${load.rows} != "0"'),
]
SVG = "{http://www.w3.org/2000/svg}"


def nodes(steps: list[Step] = DIGITS, **states: str) -> list[picture.Node]:
    """As those of a run, or of a file where no state is given."""
    depth: dict[str, int] = {}
    for step in graph(steps).values():
        depth[step.name] = 1 + max((depth[one] for one in step.before), default=-1)
    return [picture.Node(one, states.get(one.name, ""), depth[one.name]) for one in steps]


def test_a_graph_in_lines(paper: Any) -> None:
    screen, _ = paper()
    assert list(picture.drawn(screen, nodes(load="succeeded"))) == [
        "load  succeeded",
        "  └ net-a  after load",
        "  └ each  for each of a list  after load",
        '    └ end  after net-a, each, load  when ${load.rows} != "0"',
    ]


def test_a_graph_in_mermaid() -> None:
    assert picture.mermaid(nodes(load="running")).splitlines() == [
        "flowchart LR",
        '  s_load["load<br/>running"]',
        '  s_net_a["net-a"]',
        '  s_each["each"]',
        '  s_end["end"]',
        "  s_load --> s_net_a",
        "  s_load --> s_each",
        "  s_net_a --> s_end",
        "  s_each --> s_end",
        "  s_load --> s_end",
    ]


def boxes(text: str) -> list[tuple[float, float, float, float]]:
    """(x, y, width, height) of each step's, in the order of their drawing."""
    found = ET.fromstring(text).findall(f"{SVG}g/{SVG}rect")
    keys = ("x", "y", "width", "height")
    return [tuple(float(one.attrib[key]) for key in keys) for one in found]  # type: ignore[misc]


def test_a_picture_has_a_box_a_step_and_a_line_for_each_that_comes_before_another() -> None:
    text = picture.svg(nodes(load="failed", each="waiting"))
    root = ET.fromstring(text)
    words = ["".join(one.itertext()) for one in root.findall(f"{SVG}g/{SVG}text")]
    assert words[:2] == ["load", "failed"] and "waiting · for each" in words
    assert words[-2:] == ["end", "when ..."]
    assert len(root.findall(f"{SVG}path")) == 5
    assert {one.attrib["marker-end"] for one in root.findall(f"{SVG}path")} == {"url(#tip)"}
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Steps in order, each after some of those before it."""
    made: list[Step] = []
    for at in range(draw(st.integers(1, 9))):
        before = draw(st.sets(st.sampled_from([one.name for one in made]))) if made else set()
        name = f"s{at}-{'x' * draw(st.integers(0, 30))}"
        made.append(Step(name, needs=tuple(sorted(before))))
    return made


@given(graphs(), st.sampled_from(["", *sorted(picture._COLOURS)]))
def test_boxes_lie_in_the_picture_apart_and_behind_those_before_them(
    steps: list[Step], state: str
) -> None:
    made = nodes(steps, **dict.fromkeys((one.name for one in steps), state))
    text = picture.svg(made)
    width, height = (float(ET.fromstring(text).attrib[key]) for key in ("width", "height"))
    found = boxes(text)
    assert len(found) == len(steps)
    for at, (x, y, w, h) in enumerate(found):
        assert min(x, y) >= 0 and x + w <= width and y + h <= height
        for other_x, other_y, other_w, other_h in found[:at]:
            apart = x >= other_x + other_w or other_x >= x + w
            assert apart or y >= other_y + other_h or other_y >= y + h
    starts = sorted({x for x, *_ in found})
    layers = sorted({node.layer for node in made})
    assert len(starts) == len(layers), "a column for each layer"


# -- of a file, or a function


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "digits.yaml"
    path.write_text(
        "params: {n: 2}\n"
        "steps:\n"
        "  load: {command: 'load ${n}', outputs: {rows: value}}\n"
        "  each: {command: 'run ${item}', for_each: [1, 2], needs: [load]}\n"
        "  ask: {command: ask, inputs: [load.rows], when: '${load.rows} > ${n}'}\n"
    )
    return path


def test_of_a_file_it_is_shown_what_would_be_done(rankzero: Any, file: Path) -> None:
    code, out, _ = rankzero("pipeline", "show", "digits.yaml", "--set", "n=7")
    assert (code, out.splitlines()) == (
        0,
        [
            "load",
            "  └ each  for each of a list  after load",
            "  └ ask  after load  when ${load.rows} > 7",
        ],
    )


def test_a_graph_from_python_is_the_command_line_s(rankzero: Any, file: Path) -> None:
    for form in ("text", "svg", "mermaid"):
        _, out, _ = rankzero("pipeline", "show", str(file), "-o", form)
        assert picture.show_pipeline(file, form) == out.removesuffix("\n")
    assert "> 9" in picture.show_pipeline(file, params={"n": 9})
    with pytest.raises(BadRequest, match="must be text, svg or mermaid; got 'png'"):
        picture.show_pipeline(file, "png")


def test_a_graph_for_programs_says_what_each_step_takes_and_gives(
    rankzero: Any, file: Path
) -> None:
    _, out, _ = rankzero("pipeline", "show", "digits.yaml", "-o", "json")
    load, each, ask = json.loads(out)["steps"]
    assert load == {
        "step": "load",
        "state": None,
        "needs": [],
        "takes": {},
        "gives": {"rows": "value"},
        "when": "",
        "each": None,
    }
    assert (each["needs"], each["each"]) == (["load"], [1, 2])
    assert (ask["takes"], ask["when"]) == ({"rows": "load.rows"}, "${load.rows} > 2")
