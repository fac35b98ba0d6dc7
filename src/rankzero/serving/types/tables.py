"""Tables, and labels with their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rankzero.serving.types.base import BadOutput, Kind, mismatch
from rankzero.serving.types.numbers import number, plain


class Labels(Kind):
    """Labels with scores, best first. A predictor returns a dict from label to score, or pairs."""

    kind = "labels"

    def __init__(self, *, top: int | None = None, title: str = "", help: str = "") -> None:
        """top: only so many, of the highest scores."""
        super().__init__(title=title, help=help)
        self.top = top

    def schema(self) -> dict[str, Any]:
        properties = {"label": {"type": "string"}, "score": {"type": "number"}}
        item = {"type": "object", "required": ["label", "score"], "properties": properties}
        return {"type": "array", "items": item}

    def limits(self) -> dict[str, Any]:
        return {} if self.top is None else {"top": self.top}

    def encode(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            value = list(value.items())
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise mismatch("a dict from label to score (or pairs)", value)
        pairs = [_pair(one, place) for place, one in enumerate(value)]
        pairs.sort(key=lambda pair: -pair[1])
        return [{"label": label, "score": score} for label, score in pairs[: self.top]]


def _pair(value: Any, place: int) -> tuple[str, float]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise BadOutput(f"[{place}] is no pair of a label and its score")
    label = plain(value[0], f"[{place}]'s label")
    return str(label), number(value[1], f'the score of "{label}"')


class Table(Kind):
    """Rows under columns. A predictor returns a list of dicts, or `{"columns": [...], "rows":
    [[...]]}`."""

    kind = "table"

    def __init__(
        self, columns: Sequence[str] | None = None, *, title: str = "", help: str = ""
    ) -> None:
        """columns: their names, in order; None: as the first row has them."""
        super().__init__(title=title, help=help)
        self.columns = None if columns is None else list(columns)

    def schema(self) -> dict[str, Any]:
        rows = {"type": "array", "items": {"type": "array"}}
        columns = {"type": "array", "items": {"type": "string"}}
        properties = {"columns": columns, "rows": rows}
        return {"type": "object", "required": ["columns", "rows"], "properties": properties}

    def ui(self) -> dict[str, Any]:
        return {} if self.columns is None else {"columns": self.columns}

    def encode(self, value: Any) -> Any:
        if isinstance(value, Mapping) and {"columns", "rows"} <= set(value):
            columns, rows = [str(one) for one in value["columns"]], plain(value["rows"], "rows")
        else:
            columns, rows = self._of_dicts(value)
        if self.columns is not None and columns != self.columns:
            raise BadOutput(
                f"its columns are {', '.join(columns)}; {', '.join(self.columns)} were declared"
            )
        for place, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != len(columns):
                raise BadOutput(f"rows[{place}] has not one value a column ({len(columns)})")
        return {"columns": columns, "rows": rows}

    def _of_dicts(self, value: Any) -> tuple[list[str], list[Any]]:
        if not isinstance(value, Sequence) or not all(isinstance(one, Mapping) for one in value):
            raise mismatch("a table (a list of dicts, or columns and rows)", value)
        columns = self.columns or ([str(key) for key in value[0]] if value else [])
        for place, one in enumerate(value):
            if set(one) != set(columns):
                raise BadOutput(f"row {place} has not the columns {', '.join(columns)}")
        rows = [[one[name] for name in columns] for one in value]
        return list(columns), plain(rows, "rows")
