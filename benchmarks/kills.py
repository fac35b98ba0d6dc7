"""A pipeline whose driver is killed again and again, and the proof that nothing was done twice or
lost: `python -m benchmarks kills`.

Every step leaves a trace of its own when it begins and when it ends, beside what the ledger says.
Moments are drawn from a seed; what a driver is doing then is up to the machine.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEED = 20_260
#: Half of the drivers are killed so soon after they were started, which some do not survive until
#: they have done anything; the others so soon after the first step they began (seconds).
STARTING, WORKING = 0.4, 0.3

STEP = (
    'n=$(basename $(dirname "$RANKZERO_OUTPUTS")); echo "begin %s $n ${item}" >> trace; '
    'echo "did %s ${item}"; echo $((${item} * 2)) > ${outputs.v}; '
    'echo "end %s $n ${item}" >> trace'
)


def main(quick: bool = False) -> None:
    kills, parts = (10, 80) if quick else (100, 700)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "work")
        home.mkdir()
        env = {**os.environ, "XDG_STATE_HOME": str(Path(folder, "state"))}
        (home / "pipeline.json").write_text(json.dumps(pipeline(parts)))
        run = call(home, env, "run", "pipeline.json", "--detach", "--no-cache").strip()
        began = time.monotonic()
        killed = kill(Path(folder, "state"), home / "trace", random.Random(SEED), kills)
        call(home, env, "wait", run)
        took = time.monotonic() - began
        found = Found(home, env, run)
        found.check(parts)
        found.check_nothing_runs(Path(folder, "state"))
        print(
            f"{killed} kills of the driver (seed {SEED}) in {took:.0f} s: "
            f"{len(found.committed)} parts of 4 steps committed, none of them begun again, none "
            f"lost; {found.dropped} attempts were given up with their driver and made again, "
            f"{found.twice} of which had already ended"
        )
        assert killed == kills, "it was over before all kills: give it more parts"


def pipeline(parts: int) -> dict[str, Any]:
    """A list, a step for each of it, one that takes all their values, and steps after that."""

    def each(name: str, **more: Any) -> dict[str, Any]:
        command = ["sh", "-c", STEP % (name, name, name)]
        return {"command": command, "outputs": {"v": "value"}, **more}

    listed = f"echo '{json.dumps([*range(parts)])}' > ${{outputs.items}}; echo did list"
    total = 'echo "${inputs.v}" > ${outputs.all}; echo did sum'
    return {
        "name": "kills",
        "steps": {
            "list": {"command": ["sh", "-c", listed], "outputs": {"items": "value"}},
            "work": each("work", for_each="list.items"),
            "sum": {
                "command": ["sh", "-c", total],
                "inputs": {"v": "work.v"},
                "outputs": {"all": "value"},
            },
            "after": each("after", for_each=[*range(parts // 4)], needs=["sum"]),
        },
    }


def kill(state: Path, trace: Path, chance: random.Random, kills: int) -> int:
    """SIGKILL one driver after the other; how many there were before it was over."""
    for count in range(kills):
        pid = driver(state)
        if pid is None:
            return count
        before = size(trace)
        if count % 2:
            while Path("/proc", str(pid)).exists() and size(trace) == before:
                time.sleep(0.001)
        time.sleep(chance.uniform(0.0, WORKING if count % 2 else STARTING))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return count
        while Path("/proc", str(pid)).exists():
            time.sleep(0.001)
    return kills


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def driver(state: Path) -> int | None:
    """The one that lives, as soon as there is one; None once nobody keeps the pipeline any more."""
    while True:
        found = list(processes(state))
        for pid, words in found:
            if "pipelines.driving import" in words:
                return pid
        if not any("pipelines.keeping import" in words for _, words in found):
            return None
        time.sleep(0.001)


def processes(state: Path) -> Iterator[tuple[int, str]]:
    """Those that carry the state folder, with their arguments."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(state) in words:
                yield int(entry.name), words
        except OSError:  # it has just ended
            continue


def call(home: Path, env: dict[str, str], *argv: str) -> str:
    command = [sys.executable, "-m", "rankzero", "pipeline", *argv]
    return subprocess.run(
        command, cwd=home, env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


Part = tuple[str, int]


class Found:
    """What the ledger, the steps' traces and their lines say."""

    def __init__(self, home: Path, env: dict[str, str], run: str) -> None:
        self.facts = [
            json.loads(one) for one in call(home, env, "events", run, "-o", "json").splitlines()
        ]
        said = call(home, env, "logs", run, "-o", "json").splitlines()
        self.said = [json.loads(one) for one in said]
        self.trace = [line.split() for line in (home / "trace").read_text().splitlines()]
        self.committed: dict[Part, int] = {}
        self.started: dict[Part, list[int]] = defaultdict(list)
        self.dropped = sum(fact["kind"] == "dropped" for fact in self.facts)
        self.twice = 0

    def check(self, parts: int) -> None:
        """Every promise; AssertionError for one that was broken."""
        for fact in self.facts:
            part = fact.get("step", ""), fact.get("at", -1)
            if fact["kind"] == "started":
                assert part not in self.committed, f"{part} was begun again after it was committed"
                self.started[part].append(fact["number"])
            elif fact["kind"] == "committed":
                assert part not in self.committed, f"{part} was committed twice"
                self.committed[part] = self.started[part][-1]
        expected = {("list", -1), ("sum", -1)}
        expected |= {("work", at) for at in range(parts)}
        expected |= {("after", at) for at in range(parts // 4)}
        assert set(self.committed) == expected, "a part was lost"
        assert self.facts[-1]["kind"] == "finished" and self.facts[-1]["state"] == "succeeded"
        self._check_trace(expected)
        self._check_values(parts)
        lines = {(one["step"], -1 if one["at"] is None else one["at"]) for one in self.said}
        assert lines == expected, "the lines of a committed part were lost"

    def _check_trace(self, expected: set[Part]) -> None:
        """Against what the steps themselves have left behind."""
        ended: dict[Part, list[int]] = defaultdict(list)
        for word, step, number, at in self.trace:
            part = step, int(at)
            assert int(number) in self.started[part], f"{part} ran before that was written down"
            assert int(number) <= self.committed[part], f"{part} ran after it was committed"
            if word == "end":
                ended[part].append(int(number))
        for part in expected - {("list", -1), ("sum", -1)}:
            assert ended[part].count(self.committed[part]) == 1, f"{part} was never done"
            self.twice += len(ended[part]) - 1

    def _check_values(self, parts: int) -> None:
        """What the last step got of all before it."""
        (outputs,) = (
            fact["outputs"]
            for fact in self.facts
            if fact["kind"] == "committed" and fact["step"] == "sum"
        )
        assert [int(one) for one in json.loads(outputs["all"]["value"])] == [
            2 * at for at in range(parts)
        ]

    def check_nothing_runs(self, state: Path) -> None:
        left = list(processes(state))
        assert not left, left
