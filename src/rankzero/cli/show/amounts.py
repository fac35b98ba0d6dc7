"""Durations, ages and sizes as people say them. Pure."""

from __future__ import annotations

from rankzero.why.words import size as size


def duration(seconds: float) -> str:
    """`0.4 s`, `11.2 s`, `41 s`, `2 min 3 s`, `1 h 4 min`, `3 d 2 h`."""
    seconds = max(0.0, seconds)
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 19.95 else f"{seconds:.0f} s"
    whole = round(seconds)
    for unit, length, part, divisor in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= length:
            return _pair(whole // length, unit, whole % length // divisor, part)
    return _pair(whole // 60, "min", whole % 60, "s")


def _pair(major: int, unit: str, minor: int, part: str) -> str:
    return f"{major} {unit} {minor} {part}" if minor else f"{major} {unit}"


def age(seconds: float) -> str:
    """`41s`, `3m`, `1h`, `2d`: short, for a column."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= length:
            return f"{whole // length}{unit}"
    return f"{whole}s"
