"""Programs that tests need and pip cannot bring: Debian's, installed where a test runs as root."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

_QUIET = (
    "-qq",
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "Acquire::Retries=5",
    "-o",
    "DPkg::Lock::Timeout=300",
)
_LOCK = Path("/var/lock/rankzero-tests-packages")
#: How long a mirror may take (seconds).
_SECONDS = 600


def program(find: Callable[[], str | None], package: str) -> str:
    """A program's path, from the Debian package that has it if need be. Skips the test where there
    is none and none can be installed; fails in CI as root on Debian, where it must be there."""
    if there := find():
        return there
    why = _obstacle()
    if why is None:
        why = _installed(find, package)
    if there := find():
        return there
    reason = f"{package} is not there: {why}. On Debian: apt install {package}"
    if os.environ.get("CI") == "true" and _obstacle() is None:
        pytest.fail(reason)
    pytest.skip(reason)


def _obstacle() -> str | None:
    if os.geteuid() != 0:
        return "to install it takes root"
    return None if shutil.which("apt-get") else "this is no Debian"


def _installed(find: Callable[[], str | None], package: str) -> str:
    """Install it, one at a time of all that test here. What went wrong, in one line."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if find():  # another worker was first
            return ""
        try:
            _apt("update")
            _apt("install", "--yes", "--no-install-recommends", package)
        except subprocess.SubprocessError as error:
            said = getattr(error, "stderr", None) or ""
            return f"{error} {said[-400:]}".strip()
    return "it was installed, and is not found"


def _apt(*words: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *_QUIET, *words]
    how = {"capture_output": True, "text": True, "timeout": _SECONDS, "check": True}
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, **how)
