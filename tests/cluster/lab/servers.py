"""The lab's API server, ended at once and started again, as a crash or an upgrade would do it."""

from __future__ import annotations

from . import control, namespaces
from .kubectl import ready
from .places import LOG, PIDS
from .shell import succeeds, until


def restart_api_server() -> None:
    """Kill the API server, and wait until a new one answers: every watch and stream is cut."""
    record = PIDS / f"{control.HOST}.apiserver"
    before = record.read_text()
    inside = ("nsenter", "--target", namespaces.pid_of(control.HOST), "--pid", "--mount")
    succeeds(*inside, "kill", "-KILL", before)  # it may have ended by itself just now
    log = LOG / f"{control.HOST}-apiserver.log"
    until("a new API server", lambda: record.read_text() != before and ready(), 90, log)
