"""Contenders that take turns, and a table of what came out."""

import statistics
from collections.abc import Callable, Mapping


def take_turns(
    contenders: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Each contender once a round; the first rounds only warm caches up."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(warm_up + rounds):
        for name, work in contenders.items():
            value = work()
            if number >= warm_up:
                taken[name].append(value)
    return taken


def ratio(taken: Mapping[str, list[float]], name: str, base: str) -> float:
    """The median of this contender's value over the base's, round by round."""
    return statistics.median(
        one / other for one, other in zip(taken[name], taken[base], strict=True)
    )


def table(
    taken: Mapping[str, list[float]], base: str, unit: str, scale: float = 1.0, digits: int = 2
) -> None:
    """Least, median and greatest value of each, and its ratio to the base."""
    print(f"  {'':22}{'min':>9}{'median':>9}{'max':>9} {unit:8}ratio to {base}")
    for name, values in taken.items():
        least, median, most = min(values), statistics.median(values), max(values)
        print(
            f"  {name:22}"
            + "".join(f"{value * scale:9.{digits}f}" for value in (least, median, most))
            + f" {'':8}{ratio(taken, name, base):.3f}"
        )
