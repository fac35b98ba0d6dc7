"""Running other programs, and waiting for what they bring about."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


class LabError(Exception):
    """The lab cannot do what was asked: what, where, why, and what to do next."""


def say(text: str) -> None:
    """Tell whoever waits, on standard error: standard output is for answers."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def run(
    *argv: object,
    text: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 120,
) -> str:
    """Run a program to its end; what it wrote on standard output.

    text goes to its standard input, env is added to its environment.
    Errors: LabError with its last words where it fails, or takes longer than seconds.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            input=text,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except FileNotFoundError:
        raise LabError(f"{words[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(words[:6])} did not end within {seconds:.0f} s") from None
    if done.returncode != 0:
        words_last = (done.stderr or done.stdout).strip()[-2000:]
        raise LabError(f"{' '.join(words[:8])} ended with {done.returncode}: {words_last}")
    return done.stdout


def succeeds(*argv: object, seconds: float = 20) -> bool:
    """Whether a program ends with 0."""
    try:
        run(*argv, seconds=seconds)
    except LabError:
        return False
    return True


def until(
    what: str, test: Callable[[], object], seconds: float = 60, log: Path | None = None
) -> None:
    """Wait until the test holds. Errors: LabError: what did not come, and the end of its log."""
    end, pause = time.monotonic() + seconds, 0.02
    while not test():
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:.0f} s for {what}, in vain{_last_words(log)}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.4)  # each look may be a program's start


def _last_words(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join(["", f"the end of {log}:", *(f"  {line[:400]}" for line in lines)])


def tried_again(what: str, action: Callable[[], object], tries: int = 3) -> None:
    """Do what needs a network, which may fail once. Errors: LabError of the last try."""
    for left in reversed(range(tries)):
        try:
            action()
            return
        except LabError as error:
            if left == 0:
                raise
            say(f"{what} did not work, trying again: {str(error)[-300:]}")
