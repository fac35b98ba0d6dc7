"""What was to be reached, what was measured, and a table of both. Pure."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import NamedTuple

_KEPT = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}


class Goal(NamedTuple):
    """A figure and its limit.

    sign: how the figure stands to the limit where the goal is met
    (`<=`, `>=` or `=`); digits: how many of them after the point are told, and compared.
    """

    what: str
    measured: float
    sign: str
    limit: float
    unit: str = ""
    digits: int = 2

    @property
    def met(self) -> bool:
        """By the figure as it is printed: nobody shall read "0.50, goal <= 0.50, missed"."""
        return bool(_KEPT[self.sign](round(self.measured, self.digits), self.limit))


def table(goals: Iterable[Goal]) -> list[str]:
    """A line each, below a heading."""
    rows = [("measured", "figure", "goal", "")]
    for goal in goals:
        unit = f" {goal.unit}" if goal.unit else ""
        figure = f"{goal.measured:,.{goal.digits}f}{unit}"
        limit = f"{goal.sign} {goal.limit:,.{goal.digits}f}{unit}"
        rows.append((goal.what, figure, limit, "met" if goal.met else "MISSED"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        f"{what:{widths[0]}}  {figure:>{widths[1]}}  {limit:>{widths[2]}}  {verdict}".rstrip()
        for what, figure, limit, verdict in rows
    ]
