"""What an attached run waits for, on a terminal, in a file, and for programs."""

from __future__ import annotations

import time

from rankzero.agent.history import History
from rankzero.backends.base import RunInfo
from rankzero.cli.show import programs
from rankzero.cli.show.table import run_row
from rankzero.cli.show.waiting import Waiting, distinct, standing_line
from rankzero.why.blocked import Trouble
from rankzero.why.standing import Place, Standing


def standing(*places: Place, age: float = 20.0) -> Standing:
    return Standing("digits-9c1e", time.time() - age, places)


PULLING = Place("worker/0", "gpu-01", "starting", "pulling its image on gpu-01", since=86.0)
NO_FIT = "no machine fits: 2 of 2 lack 2 nvidia.com/gpu"
WAITING = Place("worker/1", text=NO_FIT, trouble=Trouble("does-not-fit", NO_FIT, "ask for less"))
READY = Place("worker/2", "gpu-02", "running")
HOPELESS = Place(
    "worker/0", text="no image", trouble=Trouble("x", "no image", "name another", hopeless=True)
)


def test_the_line_says_how_many_are_ready_and_what_the_others_wait_for():
    line = standing_line(Standing("r", 80.0, (PULLING, WAITING, READY)), now=100.0)
    assert line == (
        f"1/3 ready for 20 s  worker/0: pulling its image on gpu-01 (14 s) · worker/1: {NO_FIT}"
    )


def test_nodes_that_wait_for_the_same_are_told_together():
    many = tuple(WAITING._replace(node=f"worker/{at}") for at in range(40))
    line = standing_line(Standing("r", 80.0, many), now=100.0)
    assert line == f"0/40 ready for 20 s  worker/0, worker/1 and 38 more: {NO_FIT}"


def test_of_many_reasons_three_are_told():
    each = tuple(Place(f"worker/{at}", text=f"reason {at}") for at in range(6))
    line = standing_line(Standing("r", 80.0, each), now=100.0)
    assert line.endswith("worker/2: reason 2 · and 3 more")


def test_on_a_terminal_the_line_is_drawn_over_itself_and_cleared(paper, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    screen, sheet = paper(tty=True, colour=True)
    view = Waiting(screen)
    view.show(standing(WAITING))
    view.show(standing(WAITING))
    assert sheet.text().count("\r\x1b[K  ") == 1, "what has not changed is not drawn again"
    view.show(standing(WAITING, age=30.0))
    assert sheet.text().count("\r\x1b[K  ") == 2
    assert "\n" not in sheet.text(), "one line, however long it would be"
    assert "…" in sheet.text()
    view.clear()
    assert sheet.text().endswith("\r\x1b[K")


def test_elsewhere_it_is_said_again_only_when_something_has_changed(paper):
    screen, sheet = paper()
    view = Waiting(screen)
    for _ in range(3):
        view.show(standing(PULLING, WAITING))
    view.show(standing(WAITING))
    lines = sheet.text().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith(f"worker/1: {NO_FIT}")
    view.over()
    assert sheet.text().splitlines()[-1].startswith("  1/1 ready after 20 s")


def test_what_comes_and_goes_by_turns_is_said_once_each(paper):
    """As an image that is asked for, refused and asked for again."""
    screen, sheet = paper()
    view = Waiting(screen)
    for place in (PULLING, WAITING, PULLING, WAITING):
        view.show(standing(place))
    assert len(sheet.text().splitlines()) == 2


def test_a_run_that_begins_at_once_says_nothing(paper):
    screen, sheet = paper()
    view = Waiting(screen)
    view.show(standing(WAITING, age=1.0))
    view.over()
    view.clear()
    assert sheet.text() == ""


def test_what_waiting_will_not_mend_is_told_at_once_with_its_remedy_and_once(paper):
    screen, sheet = paper()
    view = Waiting(screen)
    view.show(standing(HOPELESS, age=0.5))
    view.show(standing(HOPELESS, age=0.6))
    assert sheet.text().splitlines() == [
        "  worker/0: no image",
        "  remedy  name another",
        "  it goes on waiting; end it: rankzero stop digits-9c1e",
    ]


def test_what_waiting_may_mend_is_told_with_its_remedy_once_it_has_stayed(paper, monkeypatch):
    screen, sheet = paper()
    view = Waiting(screen)
    now = time.time()
    for passed in (0.0, 5.0, 11.0, 60.0):
        monkeypatch.setattr(
            "rankzero.cli.show.waiting.time.time", lambda passed=passed: now + passed
        )
        view.show(Standing("digits-9c1e", now, (WAITING,)))
        told = [line for line in sheet.text().splitlines() if "remedy" in line]
        assert len(told) == (passed > 10)
    assert told == ["  remedy  ask for less"]


def test_the_line_takes_the_place_of_the_event_that_says_less(paper):
    view = Waiting(paper()[0])
    assert not view.says("waiting")
    view.show(standing(WAITING))
    assert view.says("waiting")
    assert not view.says("node-lost")
    view.over()
    assert not view.says("waiting")


def test_time_alone_changes_nothing_and_a_node_more_does():
    early, late = standing(PULLING, age=1.0), standing(PULLING._replace(since=1.0), age=99.0)
    assert distinct(early) == distinct(late)
    assert distinct(standing(PULLING, WAITING)) != distinct(standing(PULLING, READY))


def test_of_a_thousand_nodes_each_tenth_part_counts():
    def so_many(ready: int) -> Standing:
        places = [READY] * ready + [WAITING] * (1000 - ready)
        return Standing("r", 0.0, tuple(places))

    assert distinct(so_many(101)) == distinct(so_many(199))
    assert distinct(so_many(199)) != distinct(so_many(200))


def test_for_programs_every_node_has_its_place():
    said = programs.standing_json(Standing("r", 5.0, (WAITING, READY)))
    assert (said["kind"], said["run"], said["since"], said["ready"]) == ("standing", "r", 5.0, 1)
    assert said["nodes"][0] == {
        "node": "worker/1",
        "machine": None,
        "state": "waiting",
        "reason": NO_FIT,
        "since": None,
        "cause": "does-not-fit",
        "remedy": "ask for less",
    }
    assert (said["nodes"][1]["state"], said["nodes"][1]["reason"]) == ("running", None)


def test_a_list_notes_what_a_run_waits_for():
    waits = Standing("r", 5.0, (WAITING, PULLING))
    info = RunInfo("r", "r", "lab/team", 5.0, {}, History(world_size=2), waits, (0, 2))
    cells = run_row(info, now=125.0)
    assert cells[1:4] == ("waiting", "0/2", "2")
    assert cells[-1] == f"worker/1: {NO_FIT} (and 1 other reason)"
    assert programs.run_json(info)["ready"] == 0
    assert [node["node"] for node in programs.run_json(info)["waits"]] == ["worker/1", "worker/0"]


def test_a_run_that_has_ended_waits_for_nothing():
    waits = Standing("r", 5.0, (WAITING,))
    history = History(state="stopped", submitted=1.0, finished=3.0)
    info = RunInfo("r", "r", "lab/team", 5.0, {}, history, waits, (0, 1))
    assert run_row(info, now=6.0)[2] == "1"
    assert run_row(info, now=6.0)[-1] == "2.0 s"
