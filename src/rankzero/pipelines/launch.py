"""A pipeline made real: its folder, its socket, and the keeper that does the rest."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rankzero.backends.local.drafts import draft_of, sweep, write
from rankzero.backends.local.folders import Folders
from rankzero.backends.local.lifeline import Inherited, Lifeline, start, uninterrupted
from rankzero.driver import facts
from rankzero.errors import BadRequest, Refused
from rankzero.pipelines import content, volumes
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from rankzero.pipelines.ledger import Ledger

_KEEPER = "rankzero.pipelines.keeping"


def launch(
    pipelines: Pipelines, run: str, plan: dict[str, Any], known: Iterable[facts.Fact], detach: bool
) -> tuple[PipelineFolder, Lifeline | None]:
    """Start it. plan: see `PipelineFolder.plan`. known: facts that its ledger begins with. Returns
    its folder and, unless detached, our end of its lifeline.

    Errors: Refused where the disk or the system say no; nothing is left behind then.
    """
    folder = pipelines.folder(run)
    draft = PipelineFolder(draft_of(folder.path))
    volumes.make(Folders(pipelines.path.parent), plan["volumes"]["kept"])
    with _refusing(folder), _listening() as (listener, address):
        draft.path.mkdir(parents=True, mode=0o700)
        sweep(pipelines.path, content.remove)
        try:
            _fill(draft, plan, known, address)
            with uninterrupted():  # a folder that is a pipeline needs its keeper
                lock = draft.lock.take()
                try:
                    draft.path.rename(folder.path)
                    return folder, _start(folder, listener, lock, detach)
                finally:
                    os.close(lock)
        except BaseException:
            shutil.rmtree(draft.path, ignore_errors=True)
            raise


def resume(folder: PipelineFolder, *, detach: bool) -> Lifeline | None:
    """Go on with one that nobody drives any more, from where its ledger stands.

    Errors: BadRequest where somebody does, or its work folder is gone; Refused.
    """
    workdir = folder.plan()["workdir"]
    if not Path(workdir).is_dir():
        raise BadRequest(f"its work folder {workdir} is gone.", "Bring it back, or delete the run.")
    with _refusing(folder), _listening() as (listener, address), uninterrupted():
        try:
            lock = folder.lock.take()
        except BlockingIOError:
            hint = f"Look at it: rankzero pipeline attach {folder.run}"
            raise BadRequest(f"{folder.run} is being driven.", hint) from None
        try:
            beside = draft_of(folder.address_file)
            write(beside, address)
            beside.rename(folder.address_file)
            return start(_KEEPER, folder.path, folder.keeper_log, Inherited(listener, lock), detach)
        finally:
            os.close(lock)


def _start(folder: PipelineFolder, listener: int, lock: int, detach: bool) -> Lifeline | None:
    """Its keeper; where even that cannot be started, it is taken away again. Errors: OSError."""
    try:
        return start(_KEEPER, folder.path, folder.keeper_log, Inherited(listener, lock), detach)
    except OSError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise


@contextlib.contextmanager
def _listening() -> Iterator[tuple[int, str]]:
    """A socket for those who look, and its address. Errors: OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener.fileno(), f"127.0.0.1:{listener.getsockname()[1]}"


def _fill(
    draft: PipelineFolder, plan: dict[str, Any], known: Iterable[facts.Fact], address: str
) -> None:
    draft.steps.mkdir()
    for name in plan["volumes"]["own"]:
        (draft.path / volumes.OWN / name).mkdir(parents=True)
    write(draft.plan_file, json.dumps(plan))
    write(draft.token_file, secrets.token_hex(32))
    write(draft.address_file, address)
    ledger = Ledger(draft.ledger_file)
    for fact in known:
        ledger.append(fact)
    ledger.close()


@contextlib.contextmanager
def _refusing(folder: PipelineFolder) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            f"cannot start the pipeline in {folder.path}: {error.strerror or error}",
            "Is the disk full? XDG_STATE_HOME names another one.",
        ) from error
