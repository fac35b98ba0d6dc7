"""Kubernetes' amounts: `500m`, `8Gi`, `1e3`. Exact, because the scheduler is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?")
_FACTORS = {unit: Fraction(10) ** (3 * at - 9) for at, unit in enumerate("num_kMGTPE")}
_FACTORS |= {f"{unit}i": Fraction(1024) ** at for at, unit in enumerate("KMGTPE", 1)}


def amount(text: object) -> Fraction:
    """What a quantity comes to. Errors: ValueError."""
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        raise ValueError(f'"{text}" is not a quantity')
    number, unit = Fraction(found[1]), found[2] or ""
    if unit[-1:].isdigit():
        return number * Fraction(10) ** int(unit[1:])
    return number * _FACTORS[unit] if unit else number


def amounts(given: Mapping[str, object] | None) -> dict[str, Fraction]:
    """Of each resource."""
    return {name: amount(value) for name, value in (given or {}).items()}


def shown(resource: str, value: Fraction) -> str:
    """For people: `8 GiB memory`, `2 nvidia.com/gpu`, `1.5 cpu`."""
    plain = resource.rpartition("requests.")[2].rpartition("limits.")[2]
    if plain in ("memory", "ephemeral-storage", "storage") or plain.startswith("hugepages-"):
        return f"{_bytes(value)} {resource}"
    return f"{_number(value)} {resource}"


def _bytes(value: Fraction) -> str:
    for at, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if abs(value) >= 1024**at:
            return f"{_number(value / 1024**at)} {unit}"
    return f"{_number(value)} B"


def _number(value: Fraction) -> str:
    """At most three places after the point: a processor's least share is a thousandth."""
    return f"{float(round(value, 3)):.3f}".rstrip("0").rstrip(".")
