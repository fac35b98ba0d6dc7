"""A service's keeper, started and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

from rankzero.agent.ports import Claim
from rankzero.backends.local import lifeline
from rankzero.backends.local.drafts import write
from rankzero.backends.local.lifeline import Inherited, uninterrupted
from rankzero.backends.local.services import KEEPER
from rankzero.backends.local.services.changes import Changes
from rankzero.backends.local.services.folder import ServiceFolder, State, Told
from rankzero.errors import Refused
from rankzero.plan.local_service import Process

#: Beyond its grace, what one that is asked to end may take before it is killed (seconds).
_SLACK = 10.0


def start(folder: ServiceFolder, process: Process, claim: Claim) -> None:
    """Nothing of it runs; whoever starts it has its turn. claim: on its port; its keeper holds it
    from now on. Returns once the keeper stands alone, so that what ends all of its caller's session
    does not end it. Errors: Refused."""
    told = Told(list(process.argv), dict(process.env), process.workdir, process.grace)
    with _refusing(folder):
        if process.settings is not None:
            folder.put(folder.settings_file, dict(process.settings))
        folder.put(folder.told_file, told._asdict())
        folder.state_file.unlink(missing_ok=True)  # what an earlier keeper told
        folder.logs.mkdir(exist_ok=True, mode=0o700)
        with uninterrupted():
            lock = folder.lock.take()
            try:
                claim.release()
                handed = Inherited(claim.fileno(), lock)
                lifeline.start(KEEPER, folder.path, folder.keeper_log, handed, detach=True)
            finally:
                os.close(lock)
    _told(folder)


def stop(folder: ServiceFolder) -> None:
    """End it in good order: returns when nothing of it runs any more. Errors: Refused."""
    state = _told(folder)
    if state is None:
        return
    if not state.leaving:  # who asks twice wants it at once
        _signal(state, signal.SIGTERM)
    if not folder.lock.wait(_grace(folder) + _SLACK):
        _signal(state, signal.SIGKILL)
        if not folder.lock.wait(_SLACK):
            raise Refused(f"{folder.name} does not end: see {folder.keeper_log}")


def keep_token(folder: ServiceFolder, token: str | None) -> None:
    """What clients have to say outlives the environment that it came in. Errors: Refused."""
    if token:
        with _refusing(folder):
            write(folder.token_file, token)


def _told(folder: ServiceFolder) -> State | None:
    """What its keeper tells, which may just begin; None where there is none. Errors: Refused."""
    end = time.monotonic() + _SLACK
    with Changes(folder.path) as changes:
        while folder.kept():
            state = folder.state()
            if state is not None:
                return state
            left = end - time.monotonic()
            if left <= 0:
                raise Refused(f"{folder.name} does not say who keeps it: see {folder.keeper_log}")
            changes.wait(left)
    return None


def _grace(folder: ServiceFolder) -> float:
    """As its keeper was told (seconds); none where nobody can read that, for it has to end."""
    try:
        return Told.read(folder.told_file).grace
    except (OSError, ValueError, TypeError):
        return 0.0


def _signal(state: State, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, number)


@contextlib.contextmanager
def _refusing(folder: ServiceFolder) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(
            f"cannot start {folder.name} in {folder.path}: {error.strerror or error}",
            "Is the disk full? XDG_STATE_HOME names another one.",
        ) from error
