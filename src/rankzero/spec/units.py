"""Times, amounts and counts as people write them. Pure; every error is a ValueError whose text
can follow the value's place."""

from __future__ import annotations

import math
import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0}
_SECONDS |= {"h": 3600.0, "d": 86400.0, "w": 604800.0}
#: Ten years. Nothing waits longer, and counters of 32 bits hold it (seconds).
_LONGEST = 3650 * 86400.0
_STEP = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|min|s|m|h|d|w)\s*")
_DURATION = re.compile(f"(?:{_STEP.pattern})+")
_FACTORS = {"": 1.0, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_FACTORS.update({f"{letter}i": 1024.0 ** (i + 1) for i, letter in enumerate("KMGTPE")})
_QUANTITY = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?)(m|k|[MGTPE]|[KMGTPE]i)?")
_LOOSE = re.compile(
    r"([0-9]{1,20}(?:\.[0-9]{1,9})?)\s*([kKmMgGtTpPeE])(i?)(?:[bB]|ig[sS]?|eg[sS]?)?\w*"
)


def seconds(value: object) -> float:
    """`90`, `"90s"`, `"1h30m"`: seconds."""
    number = _number(value)
    if number is None and isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        number = sum(float(n) * _SECONDS[unit] for n, unit in _STEP.findall(value))
    if number is None or not math.isfinite(number) or number < 0:
        raise ValueError('must be a time: a number of seconds, or such as "90s", "30m" or "1h30m"')
    if number > _LONGEST:
        raise ValueError("must be at most 3650d")
    return number


def quantity(value: object) -> str:
    """An amount in Kubernetes' notation: `5Gi`, `500m`, `2`."""
    text = str(value) if _number(value) is not None else value
    if isinstance(text, str) and _QUANTITY.fullmatch(text):
        return text
    raise ValueError(f"is not a quantity; write {_nearest_quantity(text)}")


def amount(text: str) -> float:
    """What a quantity comes to: `500m` is 0.5, `1Ki` is 1024."""
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError(f"is not a quantity; write {_nearest_quantity(text)}")
    return float(found[1]) * _FACTORS[found[2] or ""]


def processors(value: object) -> float:
    """`2`, `0.5`, `"500m"`: processors."""
    try:
        count = amount(quantity(value))
    except ValueError:
        count = 0.0
    if not 0 < count <= 1_000_000:
        raise ValueError('must be a number of processors above 0, such as 2, 0.5 or "500m"')
    if count < 0.001:  # the least share that Kubernetes knows
        raise ValueError('must be at least 0.001 processors, "1m"')
    return count


def memory(value: object) -> str:
    """`"5Gi"`. Less than 1 MiB is taken for a forgotten unit."""
    text = quantity(value)
    if amount(text) < 1024**2:
        unit = re.sub(r"[^0-9].*", "", text) or "1"
        raise ValueError(f"must be at least 1Mi; with a unit, such as {unit}Gi")
    return text


def size(value: object) -> int:
    """`"256Mi"` or a number: bytes."""
    return int(amount(quantity(value)))


def nodes(value: object) -> tuple[int, int]:
    """`2` or `"1:4"`: the least and the most."""
    wanted = 'must be a number of nodes, at least 1, or a range such as "1:4"'
    ends = str(value).split(":") if isinstance(value, str) else [value]
    numbers = [whole(end) for end in ends]
    low, high = numbers[0], numbers[-1]
    if low is None or high is None or len(numbers) > 2 or low < 1 or high < 1:
        raise ValueError(wanted)
    if low > high:
        raise ValueError(f"must have its minimum first: {high}:{low}")
    if high > 10_000:
        raise ValueError("must be at most 10,000 nodes")
    return low, high


def whole(value: object) -> int | None:
    """A whole number, also one in digits; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?[0-9]{1,18}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e300 else math.inf
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,9})?", value):
        return float(value)
    return None


def _nearest_quantity(text: object) -> str:
    found = _LOOSE.fullmatch(text.strip()) if isinstance(text, str) else None
    if not found:
        return 'an amount such as 5Gi, 500Mi or "500m"'
    binary = found[3] or re.search(r"ig", str(text))
    return f"{found[1]}{found[2].upper()}{'i' if binary else ''}"


def ids(user: int | str) -> tuple[int, int]:
    """A user's number and its group's."""
    name, _, group = str(user).partition(":")
    return int(name), int(group or name)
