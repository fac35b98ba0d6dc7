"""What the model server costs, and what its batches bring.

The server has the first processor, and whoever asks it the second one: both servers of a comparison
run on the same core.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.pairs import table, take_turns
from rankzero.agent import ports

SCRIPTS = Path(__file__).parent / "scripts"
BODY = json.dumps({"name": "a name", "values": [1.5, 2.5, 3.5, 4.5]})
VECTOR = json.dumps([round(number / 512, 3) for number in range(512)])


def main(quick: bool = False) -> None:
    rounds, seconds = (1, 2.0) if quick else (3, 4.0)
    overhead(rounds, seconds)
    batches(rounds, seconds)
    under_load(rounds, seconds)


def overhead(rounds: int, seconds: float) -> None:
    print(f"requests/s, validated JSON, 64 connections, {rounds} rounds (goal: >= 0.5)")
    with hello() as plain, served("Sum") as sums:
        contenders = {
            "uvicorn hello": lambda: rate(load(plain, seconds, 64, 0, BODY)),
            "rankzero": lambda: rate(load(sums, seconds, 64, 0, BODY)),
        }
        table(take_turns(contenders, rounds), "uvicorn hello", "/s", digits=0)


def batches(rounds: int, seconds: float) -> None:
    print(f"requests/s, MLP of 4 x 512, 64 connections, {rounds} rounds (goal: >= 2.0)")
    with served("Mlp", "--max-batch", "1") as single, served("Mlp") as batched:
        contenders = {
            "one by one": lambda: rate(load(single, seconds, 64, 0, VECTOR)),
            "batches of 32": lambda: rate(load(batched, seconds, 64, 0, VECTOR)),
        }
        table(take_turns(contenders, rounds), "one by one", "/s", digits=0)


def under_load(rounds: int, seconds: float) -> None:
    print(f"MLP of 4 x 512, half and twice the peak's rate, {rounds} rounds (goal: >= 0.95)")
    with served("Mlp") as port:
        taken: dict[str, list[float]] = {"peak": [], "twice": []}
        tails = []
        for _ in range(rounds):
            peak = rate(load(port, seconds, 64, 0, VECTOR))
            half = load(port, seconds, 64, peak / 2, VECTOR)
            twice = load(port, seconds, 512, 2 * peak, VECTOR)
            tails.append((half["p50"], half["p99"], twice["statuses"], twice["errors"]))
            taken["peak"].append(peak)
            taken["twice"].append(rate(twice))
        table(taken, "peak", "/s", digits=0)
        for p50, p99, statuses, errors in tails:
            print(f"  half: median {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms;", end=" ")
            print(f"twice: {statuses}, {errors} connections lost")


def rate(found: dict[str, Any]) -> float:
    """Good answers a second."""
    return float(found["statuses"].get("200", 0) / found["seconds"])


def load(port: int, seconds: float, connections: int, per_second: float, body: str) -> Any:
    words = (port, seconds, connections, per_second)
    argv = [sys.executable, str(SCRIPTS / "load.py"), *map(str, words), body]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=on_processor(-1)
    )
    return json.loads(done.stdout)


def on_processor(number: int) -> Callable[[], None]:
    mine = [sorted(os.sched_getaffinity(0))[number]]
    return lambda: os.sched_setaffinity(0, mine)


def hello() -> contextlib.AbstractContextManager[int]:
    return server(lambda port: [sys.executable, str(SCRIPTS / "hello.py"), str(port)], "/")


def served(name: str, *options: str) -> contextlib.AbstractContextManager[int]:
    predictor = f"{SCRIPTS / 'predictors.py'}:{name}"
    argv = [sys.executable, "-m", "rankzero", "serve", predictor, "--no-access-log", *options]
    return server(lambda port: [*argv, "--port", str(port)], "/ready")


@contextlib.contextmanager
def server(command: Callable[[int], list[str]], ready: str) -> Iterator[int]:
    """Its port, once it answers."""
    with contextlib.ExitStack() as stack:
        claim = ports.claim(1)[0]
        stack.callback(claim.close)
        claim.release()
        process = subprocess.Popen(
            command(claim.port), stderr=subprocess.DEVNULL, preexec_fn=on_processor(0)
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        while not answers(f"http://127.0.0.1:{claim.port}{ready}"):
            time.sleep(0.05)
            assert process.poll() is None
        yield claim.port


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except (urllib.error.URLError, OSError):
        return False
