"""How each contender starts a script on this machine."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
_QUIET = {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}


def rankzero(script: str, ranks: int, *args: str, options: tuple[str, ...] = ()) -> str:
    """Everything a run prints; its state goes to a folder that is gone afterwards."""
    command = [sys.executable, "-m", "rankzero", "run", str(SCRIPTS / script)]
    command += ["--nproc", str(ranks), *options, *(["--", *args] if args else [])]
    with tempfile.TemporaryDirectory() as state:
        return _output(command, {"XDG_STATE_HOME": state})


def with_spares(script: str, ranks: int) -> str:
    """The same, with interpreters that are started ahead."""
    return rankzero(script, ranks, options=("--spares",))


def torchrun(script: str, ranks: int, *args: str) -> str:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={ranks}", str(SCRIPTS / script), *args]
    return _output(command, {})


def mpirun(script: str, ranks: int, *args: str) -> str:
    """The one beside this Python, of Open MPI."""
    command = [str(Path(sys.executable).parent / "mpirun"), "-np", str(ranks)]
    command += ["--allow-run-as-root", "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none"]
    return _output([*command, sys.executable, str(SCRIPTS / script), *args], {})


def by_hand(script: str, ranks: int, *args: str) -> str:
    """The ranks as bare processes with the variables that they need, as a shell loop would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks)}
    processes = []
    for rank in range(ranks):
        own = {**os.environ, **_QUIET, **env, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        command = [sys.executable, str(SCRIPTS / script), *args]
        processes.append(subprocess.Popen(command, env=own, stdout=subprocess.PIPE, text=True))
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit(f"{script} by hand failed")
    return "".join(outputs)


def _output(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        command, env={**os.environ, **_QUIET, **env}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def number(label: str, output: str) -> float:
    """The number behind a label in a script's output."""
    found = re.search(rf"{label} ([0-9.]+)", output)
    if found is None:
        raise SystemExit(f'no "{label}" in:\n{output}')
    return float(found.group(1))
