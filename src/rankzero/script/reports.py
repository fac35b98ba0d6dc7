"""`rankzero.report(...)`: numbers of a training, for whoever watches the run."""

import json
import math
from typing import Any, Optional

from rankzero.script.channel import channel

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def report(step: Optional[int] = None, **values: Any) -> None:
    """Tell the run how the training goes: `report(step=10, loss=0.3, lr=1e-3)`.

    Values are numbers, texts, truths or None; a tensor or array of one element counts as its
    number, and what is not finite arrives as the text `nan`, `inf` or `-inf`. Never waits: a
    report that finds the pipe full is dropped. Bare, it checks its values and does no more.
    Errors: TypeError for another kind of value, ValueError for more than 4096 bytes.
    """
    if step is not None:
        values = {"step": step, **values}
        channel.first_step()
    for name, value in values.items():
        kind = type(value)
        if kind is float:
            if not math.isfinite(value):
                values[name] = repr(value)
        elif kind is not int and kind is not str and kind is not bool and value is not None:
            values[name] = _plain(name, value)
    line = {"report": values}
    if channel.dropped:
        line["dropped"] = channel.dropped  # type: ignore[assignment]
    if channel.send(_encode(line)):
        channel.dropped = 0


def _plain(name: str, value: Any) -> Any:
    """The Python number in a tensor, an array or a subclass of a number."""
    if hasattr(value, "item"):
        try:
            value = value.item()
        except (RuntimeError, ValueError, TypeError) as error:
            raise TypeError(f"report({name}=...) takes one value, not several: {error}") from None
    if isinstance(value, (bool, int, str)) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    raise TypeError(
        f"report({name}=...) takes a number, a text, a truth or None, not {type(value).__name__}"
    )
