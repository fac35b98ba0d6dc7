"""A run on a cluster, from the command line of one who has a Role in one namespace."""

from __future__ import annotations

import pytest

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
