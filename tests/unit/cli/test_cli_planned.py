"""The plan on the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rankzero.agent.config import AgentConfig, Command, RoleShape
from rankzero.cli.show.planned import command, plan_line, plan_lines, say_plan
from rankzero.cli.show.planned_steps import plan_line as pipeline_line
from rankzero.contracts.topology import Settings
from rankzero.plan.model import Checked, Code, Layered, LayeredPart, Plan
from rankzero.spec.model import Job, Role, Run


def plan(*roles, found="found in train.py", nproc=2, **changes):
    """A plan with these (name, minimum, maximum) roles."""
    shapes = tuple(RoleShape(*role) for role in roles or [("worker", 2, 2)])
    agents = tuple(
        AgentConfig(
            "digits-7f3a",
            shape.name,
            index,
            shapes,
            Settings("digits-7f3a", "torch"),
            Command("script", "train.py", ("--lr", "0.1")),
            "127.0.0.1:1",
            "/t",
            "/f",
            "/o",
            "/w",
            "/usr/bin/python3",
            nproc=nproc,
        )
        for shape in shapes
        for index in range(shape.maximum)
    )
    job = Job(
        name="digits", run=Run(script="train.py"), roles={s.name: Role() for s in shapes}, **changes
    )
    code = Code("/w", 3, 9000, "abc")
    return Plan("digits-7f3a", job, "local", "local", "torch", found, code, agents)


def test_the_plan_is_one_line():
    assert plan_line(plan()) == (
        "digits-7f3a  torch (found in train.py) · 2 nodes × 2 ranks · local · code: 3 files, 9 kB"
    )


@pytest.mark.parametrize(
    ("made", "part"),
    [
        (plan(found="named"), "  torch · 2 nodes"),
        (plan(("worker", 1, 1), nproc=1), " · 1 node × 1 rank · "),
        (plan(("worker", 1, 4)), " · 1–4 nodes × 2 ranks · "),
        (plan(nproc="gpu"), " · 2 nodes × 1 rank a GPU · "),
        (plan(("ps", 1, 1), ("worker", 2, 2)), " · 1 ps × 2 ranks, 2 worker × 2 ranks · "),
        (plan(max_restarts=1), " · local · up to 1 restart · code"),
        (replace(plan(), image="a:1 (named so)"), " · local · image a:1 (named so) · code"),
    ],
)
def test_what_the_line_says_of_other_plans(made, part):
    assert part in plan_line(made)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({}, " · kept after its end: outputs 10 min, all else 1 d"),
        (
            {"log_volume": "team", "output_volume": "results"},
            " · kept after its end: outputs on volume results, logs on volume team, all else 1 d",
        ),
        (
            {"keep_outputs": 0, "ttl": 5400},
            " · kept after its end: outputs not, all else 1 h 30 min",
        ),
    ],
)
def test_the_line_of_a_cluster_says_how_long_what_is_left_stays(changes, part):
    assert plan_line(replace(plan(**changes), backend="kubernetes")).endswith(part)
    assert part not in plan_line(plan(**changes))


def test_a_dry_run_says_what_would_be_started_and_that_nothing_was():
    lines = list(plan_lines(replace(plan(), notices=("memory is not limited here",))))
    assert lines[0] == plan_line(plan())
    assert "  note    memory is not limited here" in lines
    assert "  runs    python train.py --lr 0.1" in lines
    assert [line for line in lines if line.startswith("  node")] == [
        "  node    worker/0  nproc 2",
        "  node    worker/1  nproc 2",
    ]
    assert lines[-1] == "Nothing was started."


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        (Command("module", "pkg.train", ("a b",)), "python -m pkg.train 'a b'"),
        (Command("command", "echo", ("hi",)), "echo hi"),
    ],
)
def test_a_command_could_be_typed(given, typed):
    assert command(plan().agents[0]._replace(command=given)) == typed


def test_notices_stand_below_the_line(paper):
    screen, sheet = paper()
    say_plan(screen, replace(plan(), notices=("memory is not limited here",)))
    assert sheet.text() == plan_line(plan()) + "\n  note: memory is not limited here\n"


CHECKS = (
    Checked("image", True, "a possible name: a:1"),
    Checked("quota", False, "may not list resourcequotas"),
    Checked("nodes", False, "may not list nodes"),
)


def test_what_was_not_checked_is_one_quiet_line(paper):
    screen, sheet = paper()
    say_plan(screen, replace(plan(), checks=CHECKS))
    assert sheet.text() == plan_line(plan()) + (
        "\n  not checked: quota (may not list resourcequotas), nodes (may not list nodes)\n"
    )


def test_where_all_was_checked_nothing_is_said_of_it(paper):
    screen, sheet = paper()
    say_plan(screen, replace(plan(), checks=CHECKS[:1]))
    assert sheet.text() == plan_line(plan()) + "\n"


def test_a_dry_run_lists_every_check():
    made = replace(plan(), checks=CHECKS)
    assert [line for line in plan_lines(made) if line.startswith("  check")] == [
        "  check   image: a possible name: a:1",
        "  check   quota: not checked: may not list resourcequotas",
        "  check   nodes: not checked: may not list nodes",
    ]
    assert made.to_json()["checks"][1] == {
        "check": "quota",
        "done": False,
        "text": "may not list resourcequotas",
    }


def test_a_dry_run_names_what_travels_the_largest_first():
    files = tuple((f"{n}.py", 1000 - n) for n in range(25))
    code = replace(plan().code, files=30, size=26_000, largest=files)
    lines = [line for line in plan_lines(replace(plan(), code=code)) if "travels" in line]
    assert lines[0] == "  travels    1 kB  0.py"
    assert lines[19:] == ["  travels   981 B  19.py", "  travels    6 kB  in 10 smaller files"]


def test_what_all_travels_needs_no_rest():
    code = replace(plan().code, files=1, size=5, largest=(("a\x1b.py", 5),))
    lines = [line for line in plan_lines(replace(plan(), code=code)) if "travels" in line]
    assert lines == ["  travels     5 B  ay"], "no control sequence reaches a terminal"


def test_code_in_images_is_told_with_what_has_to_be_sent_of_runs_and_pipelines():
    part = LayeredPart("code", "f" * 32, "sha256:1", "sha256:2", 700, 3)
    layers = Layered("http://10.0.0.1:5000/team/code", (part,), (), 1000)
    code = replace(plan().code, layers=layers)
    words = "code: 3 files, 9 kB, as a layer on 10.0.0.1:5000/team/code (1 kB to send)"
    assert words in plan_line(replace(plan(), code=code))

    made = {"steps": [{}], "slots": 1, "where": "lab/team"}
    assert pipeline_line("a-1", {**made, "travels": code.to_json()}).endswith(f"lab/team · {words}")
    assert "code" not in pipeline_line("a-1", {**made, "travels": plan().code.to_json()})

    there = replace(code, layers=layers._replace(missing=0, parts=(part, part)))
    assert "as layers on" in plan_line(replace(plan(), code=there))
    assert "(all of it is there)" in plan_line(replace(plan(), code=there))
    elsewhere = replace(code, layers=layers._replace(missing=9000, copied=8000))
    said = "(9 kB to send, 8 kB of it the image's own, once)"
    assert said in plan_line(replace(plan(), code=elsewhere))
