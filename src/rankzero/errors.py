"""The errors a user can meet. The class owns the exit code; the message says what, where, why;
`hint` says what to do next. None of them shows a traceback unless `--debug`."""

from __future__ import annotations

from rankzero.agent import exits


class Error(Exception):
    """Anything that is not a bug in rankzero."""

    exit_code = exits.REFUSED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}\n{self.hint}" if self.hint else str(self.args[0])


class BadRequest(Error):
    """The request was wrong; nothing was created."""

    exit_code = exits.BAD_REQUEST


class UnknownRun(BadRequest):
    """No run has this id."""


class Refused(Error):
    """The environment said no: a disk, a port, a cluster, a right."""


class RunFailed(Error):
    """The user's job failed; the message is its `why`."""

    exit_code = exits.JOB_FAILED


class RunStopped(RunFailed):
    """The run was stopped before it was done."""
