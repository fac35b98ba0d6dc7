"""What `make bench-cluster` says of a figure, and how much it measures."""

from __future__ import annotations

import argparse

import pytest
from benchmarks.cluster import options
from benchmarks.cluster.goals import Goal, table
from benchmarks.cluster.options import Options


@pytest.mark.parametrize(
    ("measured", "sign", "limit", "met"),
    [
        (0.5, "<=", 0.5, True),
        (0.504, "<=", 0.5, True),  # it is printed as 0.50
        (0.506, "<=", 0.5, False),
        (1.1, ">=", 1.0, True),
        (0.9, ">=", 1.0, False),
        (1.001, "=", 1.0, True),
        (1.01, "=", 1.0, False),
    ],
)
def test_a_goal_is_met_by_the_figure_as_it_is_printed(
    measured: float, sign: str, limit: float, met: bool
) -> None:
    assert Goal("x", measured, sign, limit).met is met


def test_the_table_says_of_each_goal_what_was_measured_and_whether_it_is_met() -> None:
    told = table(
        [
            Goal("from the command to the first step", 1.234, "<=", 1.0),
            Goal("lines lost of 1,000,000", 0, "=", 0, digits=0),
            Goal("until it is said", 0.2, "<=", 0.5, "s"),
        ]
    )
    assert told == [
        "measured                            figure       goal",
        "from the command to the first step    1.23    <= 1.00  MISSED",
        "lines lost of 1,000,000                  0        = 0  met",
        "until it is said                    0.20 s  <= 0.50 s  met",
    ]


def read(*argv: str) -> Options:
    parser = argparse.ArgumentParser()
    options.add(parser)
    return options.of(parser.parse_args(argv))


def test_without_options_everything_is_measured() -> None:
    assert read() == Options(rounds=None, nodes=1000, pods=5000, lines=500_000, megabytes=1000)
    assert read().rounds_or(7) == 7


def test_a_number_that_is_named_goes_before_what_quick_says() -> None:
    said = read("--quick", "--pods", "300")
    assert said == options.QUICK._replace(pods=300)
    assert said.rounds_or(7) == 1


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_number_that_measures_nothing_is_refused(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read("--rounds", number)
    assert "--rounds" in capsys.readouterr().err
