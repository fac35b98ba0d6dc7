"""The shell's two codes for a command that is not there, or cannot be run."""

from __future__ import annotations

import shlex

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding, who


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.code not in (126, 127) or failure.exception:
        return None
    config = facts.config(failure.node)
    target = shlex.quote(str((config.get("command") or {}).get("target") or "command"))
    if failure.code == 127:
        title = f"{who(failure)} found no such command (exit code 127)"
        remedy = f"look for it: command -v {target}; PATH is that of the shell you started it from"
    else:
        title = f"{who(failure)} was not allowed to run the command (exit code 126)"
        remedy = f"make it executable: chmod +x {target}"
    return finding("command-not-found", facts, remedy, *failure.tail[-1:], title=title)
