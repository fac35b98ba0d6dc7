"""What a step of a pipeline costs beyond its process, and what one costs that is not done again.

Times are those between the first and the last fact of a pipeline, so the start of the command,
which all its steps share, is not among them.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.commands import number
from benchmarks.pairs import table, take_turns

#: What a step runs: an interpreter that does nothing, and the least that there is.
INTERPRETER = (sys.executable, "-c", "pass")
LEAST = ("true",)


def main(quick: bool = False) -> None:
    rounds, one_by_one, many = (2, 40, 200) if quick else (3, 100, 1000)
    for name, command in (("python -c pass", INTERPRETER), ("true", LEAST)):
        print(f"{one_by_one} times `{name}`, one after the other, {rounds} rounds (goal: <= 1.2)")
        table(take_turns(side_by_side(command, one_by_one, 1), rounds), "bare", "s")
    print(f"{many:,} times `python -c pass`, 32 at once, {rounds} rounds (goal: <= 1.2)")
    table(take_turns(side_by_side(INTERPRETER, many, 32), rounds), "bare", "s")
    print(f"{many:,} steps of which nothing has changed, {rounds} rounds (goal: <= 0.01)")
    table(take_turns(cached(INTERPRETER, many), rounds), "run", "s", digits=3)


def side_by_side(
    command: Sequence[str], count: int, at_once: int
) -> dict[str, Callable[[], float]]:
    contenders: dict[str, Callable[[], float]] = {
        "bare": lambda: bare(command, count, at_once),
        "rankzero": lambda: in_a_new_home(command, count, at_once)[0],
    }
    if importlib.util.find_spec("prefect") is not None:
        contenders["prefect"] = lambda: prefect(command, count, at_once)
    return contenders


def cached(command: Sequence[str], count: int) -> dict[str, Callable[[], float]]:
    """The same pipeline twice: its steps run, and then not."""
    times: list[float] = []

    def run() -> float:
        times[:] = in_a_new_home(command, count, 2, again=True)
        return times[0]

    return {"run": run, "cached": lambda: times[1]}


def bare(command: Sequence[str], count: int, at_once: int) -> float:
    """A loop, or a pool, of subprocesses whose output is kept."""
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        started = pool.map(lambda _: subprocess.run(command, capture_output=True), range(count))
        for done in started:
            done.check_returncode()
    return time.perf_counter() - began


def in_a_new_home(
    command: Sequence[str], count: int, at_once: int, again: bool = False
) -> list[float]:
    """Seconds from the first to the last fact of a pipeline of so many equal steps."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "work", "pipeline.json")
        file.parent.mkdir()
        step = {"command": [*command], "for_each": [*range(count)]}
        file.write_text(json.dumps({"steps": {"a": step}}))
        runs = 2 if again else 1
        return [_run(file, folder, at_once) for _ in range(runs)]


def _run(file: Path, state: str, at_once: int) -> float:
    argv = [sys.executable, "-m", "rankzero", "pipeline", "run", str(file)]
    argv += ["--slots", str(at_once), "--output", "json"]
    env = {**os.environ, "XDG_STATE_HOME": state}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    times = [fact["time"] for fact in facts if "seq" in fact]
    return float(times[-1] - times[0])


def prefect(command: Sequence[str], count: int, at_once: int) -> float:
    """The same by Prefect's tasks, mapped in one flow; its own server is started beforehand."""
    script = Path(__file__).parent / "scripts" / "by_prefect.py"
    argv = [sys.executable, str(script), str(count), str(at_once), *command]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return number("seconds", done.stdout)
