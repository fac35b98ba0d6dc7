"""`rankzero --help` against an interpreter that does nothing, and against its peers."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.pairs import table, take_turns


def main(quick: bool = False) -> None:
    rounds = 10 if quick else 40
    contenders: dict[str, Callable[[], float]] = {
        "python -c pass": seconds("-c", "pass"),
        "rankzero --help": seconds("-m", "rankzero", "--help"),
        "rankzero list": seconds("-m", "rankzero", "list"),
        "click hello": seconds("-c", "import click; click.echo('hello')"),
    }
    if importlib.util.find_spec("torchx") is not None:
        contenders["torchx --help"] = seconds("-m", "torchx.apps.main", "--help")
    print(f"start-up, {rounds} rounds (goal for --help: <= 5)")
    table(take_turns(contenders, rounds), "python -c pass", "ms", scale=1000, digits=1)


def seconds(*args: str) -> Callable[[], float]:
    def work() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *args], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began

    return work
