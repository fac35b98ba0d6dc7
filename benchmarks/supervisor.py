"""The processor time that rankzero's own processes take while a training runs."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.commands import SCRIPTS

NODES, RANKS = 2, 2


def main(quick: bool = False) -> None:
    seconds = 10.0 if quick else 30.0
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "rankzero", "run", str(SCRIPTS / "steps.py")]
        command += ["--nodes", str(NODES), "--nproc", str(RANKS // NODES), "--", "1000000"]
        env = {**os.environ, "XDG_STATE_HOME": state, "OMP_NUM_THREADS": "1"}
        run = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            assert run.stdout is not None
            for line in run.stdout:
                if b"step 50 " in line:
                    break
            report(run.pid, Path(state), seconds)
        finally:
            run.terminate()
            run.communicate()


def report(command: int, state: Path, seconds: float) -> None:
    (folder,) = (state / "rankzero" / "runs").iterdir()
    pids = agents(folder)
    supervisor = int(stat(pids[0])[1])
    own = {"agents": pids, "supervisor": [supervisor], "command (attached)": [command]}
    before = {name: sum(map(ticks, some)) for name, some in own.items()}
    began = time.perf_counter()
    time.sleep(seconds)
    elapsed = time.perf_counter() - began
    print(f"{NODES} nodes, {RANKS} ranks, {seconds:g} s of training (goal: agent <= 0.5 %)")
    for name, some in own.items():
        share = (sum(map(ticks, some)) - before[name]) / os.sysconf("SC_CLK_TCK") / elapsed
        print(f"  {name:22}{share * 100:8.2f} % of a core, {len(some)} process(es)")


def agents(folder: Path) -> list[int]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return [event["pid"] for event in events if event["kind"] == "node-joined"]


def stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def ticks(pid: int) -> int:
    """User and system time so far; a process that has ended counts nothing more."""
    try:
        fields = stat(pid)
    except FileNotFoundError:
        return 0
    return int(fields[11]) + int(fields[12])
