"""A run on a cluster, from the command line of one who has a Role in one namespace."""

from __future__ import annotations

import pytest

from support.waiting import until

from .team import Team

_HELLO = """
import os
import rankzero
print("rank", os.environ["RANKZERO_RANK"], "of", os.environ["RANKZERO_WORLD_SIZE"])
if os.environ["RANKZERO_RANK"] == "0":
    with open(os.path.join(rankzero.outputs(), "result.txt"), "w") as file:
        file.write("42")
"""


@pytest.mark.parametrize("attached", [True, False])
def test_ranks_print_and_the_run_succeeds(team: Team, attached: bool) -> None:
    ways = () if attached else ("--detach",)
    started = team.call("run", team.script(_HELLO), "--nodes", "2", "--nproc", "2", *ways)
    assert started.code == 0, started
    said = started if attached else team.call("attach", started.out.strip())
    assert said.code == 0, said
    assert sorted(said.out.splitlines()) == [f"[{rank}] rank {rank} of 4" for rank in range(4)]


def test_what_rank_0_wrote_comes_back(team: Team) -> None:
    said = team.call("run", team.script(_HELLO), "--outputs", "back")
    assert said.code == 0, said
    assert (team.work / "back" / "result.txt").read_text() == "42"


def test_a_folder_that_an_earlier_run_filled_gets_the_later_one_s_outputs(team: Team) -> None:
    script = team.script(_HELLO.replace('"42"', "os.environ['RANKZERO_RUN']"))
    assert team.call("run", script, "--outputs", "results").code == 0
    later = team.call("run", script, "--outputs", "results", "--detach").out.strip()
    assert team.call("wait", later).code == 0

    assert team.call("outputs", later).code == 0
    assert (team.work / "results" / "result.txt").read_text() == later


def test_what_was_fetched_on_the_way_is_fetched_again_at_the_end(team: Team) -> None:
    script = (
        "import os, time\nimport rankzero\n\n"
        "path = lambda name: os.path.join(rankzero.outputs(), name)\n"
        "open(path('first'), 'w').close()\nprint('up', flush=True)\n"
        "while not os.path.exists(path('go')):\n    time.sleep(0.05)\n"
        "open(path('second'), 'w').close()\n"
    )
    run = team.running(script)
    outputs = team.work / "outputs" / run
    assert team.call("outputs", run).code == 0
    assert (outputs / "first").exists()
    touch = team.call("exec", run, "--", "sh", "-c", "touch $RANKZERO_OUTPUTS/go")
    assert touch.code == 0, touch
    assert team.call("wait", run).code == 0
    assert team.call("outputs", run).code == 0
    found = {path.name for path in outputs.iterdir()}
    assert found - {"ranks"} == {"first", "go", "second"}  # a rank's own, as long as it ran


def test_what_was_stopped_before_it_began_goes_when_its_time_is_over(team: Team) -> None:
    words = ("--image", "nowhere.invalid/none:1", "--no-preflight", "--ttl", "1s", "--detach")
    run = team.call("run", team.script(_HELLO), *words).out.strip()
    assert team.call("stop", run).code == 0
    kinds = "jobs,pods,secrets,services,configmaps"
    until(lambda: not team.admin("get", kinds, "-l", "rankzero/run", "-o", "name"), "it to be gone")
