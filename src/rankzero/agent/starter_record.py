"""A rank's failure as data: what the run's root cause is made of.

One JSON object: `time` (seconds since the epoch), `type`, `message`, `frames` (each with `file`,
`line`, `function`, `source`; the user's own, innermost last) and `traceback`, the text.
"""

from __future__ import annotations

import json
import os
import time
import traceback as tracebacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Dict, List, Optional

MOST_FRAMES = 20
MOST_MESSAGE = 4_000
MOST_TRACEBACK = 64_000
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
#: Ours, which is a folder, or in a pod a zip.
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_NOT_THE_USERS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def write(file: str, error: BaseException, traceback: Optional[TracebackType]) -> None:
    """Record an uncaught exception; one that is no failure (a clean exit, Ctrl-C) is left alone.

    A reader finds all of it or nothing. Errors: OSError.
    """
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)) or _is_clean_exit(error):
        return
    data = json.dumps(as_data(error, traceback)).encode()
    unfinished = f"{file}.{os.getpid()}"
    with open(unfinished, "wb") as target:
        target.write(data)
    os.replace(unfinished, file)


def _is_clean_exit(error: BaseException) -> bool:
    """Whether a SystemExit ends the process with 0; of a number the system keeps eight bits."""
    if not isinstance(error, SystemExit):
        return False
    code = error.code
    return code is None or (isinstance(code, int) and code & 0xFF == 0)


def as_data(error: BaseException, traceback: Optional[TracebackType]) -> Dict[str, Any]:
    """The record of an exception, whatever it is."""
    text = "".join(tracebacks.format_exception(type(error), error, traceback))
    return {
        "time": time.time(),
        "type": _name(type(error)),
        "message": _message(error)[:MOST_MESSAGE],
        "frames": _frames(traceback),
        "traceback": _cut(text),
    }


def _name(kind: type) -> str:
    """As a traceback writes it: builtins and the script's own by name alone."""
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return f"exited with code {error.code}"
    try:
        return str(error)
    except Exception as trouble:
        return f"<its message cannot be shown: {type(trouble).__name__}>"


def _frames(traceback: Optional[TracebackType]) -> List[Dict[str, Any]]:
    """The user's last frames, or all last frames where every file belongs to a library."""
    frames = tracebacks.extract_tb(traceback)
    users = [frame for frame in frames if _is_the_users(frame.filename)]
    return [
        {
            "file": frame.filename,
            "line": frame.lineno,
            "function": frame.name,
            "source": frame.line or "",
        }
        for frame in (users or list(frames))[-MOST_FRAMES:]
    ]


def _is_the_users(file: str) -> bool:
    # By folder names and not by sys.prefix, which in many an image is /usr, above /usr/src/app.
    return not (
        file.startswith(("<frozen", _STANDARD_LIBRARY, _OURS))
        or any(folder in file for folder in _NOT_THE_USERS)
    )


def _cut(text: str) -> str:
    """Both ends of a text that is too long: where it began, and what it ended with."""
    if len(text) <= MOST_TRACEBACK:
        return text
    half = MOST_TRACEBACK // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
