"""Amounts of resources: read as the cluster writes them, told as people say them. Pure."""

from __future__ import annotations

from rankzero.spec.units import amount


def number(text: str) -> float:
    """What a quantity comes to; 0 for what is none."""
    try:
        return amount(text)
    except ValueError:
        return 0.0


def shown(name: str, value: float) -> str:
    """`0.5`, `7.6Gi`: bytes in the units that they are asked for in."""
    if name == "memory" or "storage" in name or name.startswith("hugepages"):
        for unit, size in (("Ti", 1024**4), ("Gi", 1024**3), ("Mi", 1024**2)):
            if value >= size:
                return f"{_plain(value / size, 3)}{unit}"
    return _plain(value, 6)


def _plain(value: float, digits: int) -> str:
    """To so many digits, and never as `1e+03`, which nobody can type."""
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text else text
