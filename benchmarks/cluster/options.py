"""How much is measured: everything, or as little as shows that it works."""

from __future__ import annotations

import argparse
from typing import NamedTuple


class Options(NamedTuple):
    """rounds: None is each benchmark's own number. nodes: of the large run whose writes are
    counted; pods: that are decoded; lines: of each of two ranks; megabytes: that are
    copied to a volume and back."""

    rounds: int | None = None
    nodes: int = 1000
    pods: int = 5000
    lines: int = 500_000
    megabytes: int = 1000

    def rounds_or(self, own: int) -> int:
        return own if self.rounds is None else self.rounds


QUICK = Options(rounds=1, nodes=50, pods=200, lines=20_000, megabytes=50)


def add(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    parser.add_argument("--quick", action="store_true", help="one round, small numbers")
    for name in Options._fields:
        parser.add_argument(f"--{name}", type=_positive, help=f"default: {_default(name)}")


def of(given: argparse.Namespace) -> Options:
    """What the command line says, over what `--quick` says."""
    named = {name: getattr(given, name) for name in Options._fields}
    base = QUICK if given.quick else Options()
    return base._replace(**{name: value for name, value in named.items() if value is not None})


def _default(name: str) -> str:
    value = Options._field_defaults[name]
    return "each one's own" if value is None else f"{value:,}"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
