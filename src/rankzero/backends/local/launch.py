"""A plan made real: the run's folder, its socket, and the supervisor that does the rest."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import socket
import time
from pathlib import Path

from rankzero.agent import events as ev
from rankzero.backends.local.drafts import draft_of, sweep, write
from rankzero.backends.local.folder import RunFolder, Runs
from rankzero.backends.local.folders import Folders
from rankzero.backends.local.inherited import AGENT_LISTENER
from rankzero.backends.local.lifeline import Inherited, Lifeline, start, uninterrupted
from rankzero.errors import Refused
from rankzero.plan.kubernetes import claims
from rankzero.plan.model import Plan

_RESERVE = 64 * 1024


def launch(runs: Runs, plan: Plan, *, detach: bool) -> tuple[RunFolder, Lifeline | None]:
    """Start the run. Returns its folder and, unless detached, our end of its lifeline.

    Errors: Refused where the disk or the system say no; nothing is left behind then.
    """
    folder = runs.folder(plan.run)
    if plan.job.outputs is not None:
        _make_outputs(Path(plan.job.outputs))
    for claim in claims.claims(plan.job, plan.run):
        if claims.stays(claim):
            Folders(runs.path.parent).make(claim)
    try:
        runs.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(runs.path)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(128)
            with uninterrupted():  # a folder that is a run needs its supervisor
                lock = _make(folder, plan, f"127.0.0.1:{listener.getsockname()[1]}")
                try:
                    return folder, _start(folder, Inherited(listener.fileno(), lock), detach)
                finally:
                    os.close(lock)
    except OSError as error:
        raise Refused(
            f"cannot start the run in {folder.path}: {error.strerror or error}",
            _remedy(error),
        ) from error


def _make_outputs(outputs: Path) -> None:
    """Some file systems say yes to access(2) and no to mkdir(2): only making it tells."""
    try:
        outputs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"outputs: cannot create {outputs}: {error.strerror}; nothing was started.",
            "Name another folder: --outputs",
        ) from error


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space, or point XDG_STATE_HOME at another disk."
    return "Point XDG_STATE_HOME at a folder that you may write to."


def _make(folder: RunFolder, plan: Plan, address: str) -> int:
    """Build the folder under another name; the rename makes it a run. Returns its lock, held."""
    if folder.path.exists():
        raise FileExistsError(errno.EEXIST, "a run of this name exists", str(folder.path))
    draft = RunFolder(draft_of(folder.path))
    draft.path.mkdir(mode=0o700)
    try:
        _fill(draft, plan, address)
        lock = draft.lock.take()
        draft.path.rename(folder.path)
        return lock
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise


def _fill(draft: RunFolder, plan: Plan, address: str) -> None:
    for path in (draft.agents, draft.logs, draft.path / "outputs"):
        path.mkdir()
    for claim in claims.claims(plan.job, plan.run):
        if not claims.stays(claim):
            name = str(claim["metadata"]["name"]).removeprefix(f"{plan.run}-")
            (draft.path / "volumes" / name).mkdir(parents=True)
    write(draft.plan_file, json.dumps(plan.to_json(), indent=1, ensure_ascii=False))
    write(draft.token_file, secrets.token_hex(32))
    write(draft.address_file, address)
    write(draft.reserve_file, "." * _RESERVE)
    submitted = {
        "name": plan.job.name,
        "backend": plan.backend,
        "max_restarts": plan.job.max_restarts,
    }
    first = ev.Event(1, time.time(), ev.SUBMITTED, submitted)
    write(draft.events_file, ev.to_line(first) + "\n")
    for agent in plan.agents:
        listen = None if agent.listen is None else f"fd:{AGENT_LISTENER}"
        agent = agent._replace(coordinator=address, listen=listen)
        name = f"{agent.role}-{agent.index}"
        write(draft.agents / f"{name}.json", json.dumps(agent.to_json(), ensure_ascii=False))
        (draft.nodes / name).mkdir(parents=True)
        (draft.logs / name).symlink_to(Path("..", "nodes", name, "logs"))


def _start(folder: RunFolder, inherited: Inherited, detach: bool) -> Lifeline | None:
    """Spawn the supervisor; where even that fails, the run is taken away again."""
    try:
        module, log = "rankzero.backends.local.supervisor", folder.supervisor_log
        return start(module, folder.path, log, inherited, detach)
    except OSError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
