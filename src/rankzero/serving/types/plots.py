"""Series of numbers, to be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rankzero.serving.types.base import BadOutput, Kind, mismatch, name_of
from rankzero.serving.types.numbers import plain

STYLES = ("line", "bar", "points")


class Plot(Kind):
    """One or more series over one axis. A predictor returns `{"x": [...], "series": {name:
    [...]}}`; without `x` they are counted from 0; None is a gap."""

    kind = "plot"

    def __init__(
        self, *, x: str = "", y: str = "", style: str = "line", title: str = "", help: str = ""
    ) -> None:
        """x, y: the axes' labels. style: line, bar or points. Errors: ValueError."""
        super().__init__(title=title, help=help)
        if style not in STYLES:
            raise ValueError(f'unknown style "{style}"; known: {", ".join(STYLES)}')
        self.x, self.y, self.style = x, y, style

    def schema(self) -> dict[str, Any]:
        values = {"type": "array"}
        series = {"type": "object", "properties": {"name": {"type": "string"}, "values": values}}
        x = {"type": "object", "properties": {"label": {"type": "string"}, "values": values}}
        properties = {"x": x, "series": {"type": "array", "items": series}}
        return {"type": "object", "required": ["x", "series"], "properties": properties}

    def ui(self) -> dict[str, Any]:
        return {"x": self.x, "y": self.y, "style": self.style}

    def encode(self, value: Any) -> Any:
        if not isinstance(value, Mapping) or not isinstance(value.get("series"), Mapping):
            raise mismatch('a plot ({"x": [...], "series": {name: values}})', value)
        series = {
            str(name): _values(one, f'series "{name}"') for name, one in value["series"].items()
        }
        if not series:
            raise BadOutput("the plot has no series")
        length = max(len(one) for one in series.values())
        x = value.get("x")
        ticks = list(range(length)) if x is None else plain(list(x), "x")
        for name, one in series.items():
            if len(one) != len(ticks):
                raise BadOutput(f'series "{name}" has {len(one)} values, and x has {len(ticks)}')
        return {
            "x": {"label": self.x, "values": ticks},
            "y": {"label": self.y},
            "style": self.style,
            "series": [{"name": name, "values": one} for name, one in series.items()],
        }


def _values(value: Any, where: str) -> list[float | None]:
    found = plain(value if hasattr(value, "tolist") else list(value), where)
    if not isinstance(found, list):
        raise BadOutput(f"{where} is no list of numbers")
    for one in found:
        if one is not None and (isinstance(one, bool) or not isinstance(one, int | float)):
            raise BadOutput(f"{where} holds {name_of(one)}, not a number")
    return found
