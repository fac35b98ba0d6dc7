"""What an exception's record says in a line."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.agent import raised

OWN = {"file": "/work/load.py", "line": 12, "function": "rows", "source": "raise"}
LIBRARY = {"file": "/usr/lib/python3.9/site-packages/x/y.py", "line": 1, "function": "f"}


def record(**more: Any) -> dict[str, Any]:
    return {"type": "ValueError", "message": "no rows", "frames": [OWN, LIBRARY], **more}


@pytest.mark.parametrize(
    ("code", "exception", "said"),
    [
        (1, record(), "raised ValueError: no rows (load.py:12 in rows)"),
        (1, record(message="one\ntwo"), "raised ValueError: one (load.py:12 in rows)"),
        (1, record(message=""), "raised ValueError (load.py:12 in rows)"),
        (1, record(frames=[]), "raised ValueError: no rows"),
        (1, record(frames=[LIBRARY]), f"raised ValueError: no rows ({LIBRARY['file']}:1 in f)"),
        (3, None, "exited with code 3"),
        (-9, None, "was killed by signal 9 (SIGKILL)"),
        (3, record(type="SystemExit", message="exited with code 3"), "exited with code 3"),
        (1, record(type="SystemExit", message="no file"), "exited with code 1: no file"),
    ],
)
def test_how_a_process_ended(code: int, exception: dict[str, Any] | None, said: str) -> None:
    assert raised.how(code, exception, "/work/") == said


def test_a_long_message_is_cut_and_a_file_elsewhere_is_told_whole() -> None:
    said = raised.how(
        1, record(message="m" * 999, frames=[{**OWN, "file": "/other/load.py"}]), "/work"
    )
    assert said == f"raised {('ValueError: ' + 'm' * 999)[:199]}… (/other/load.py:12 in rows)"


def test_a_rank_ends_with_a_code_or_by_a_signal() -> None:
    assert raised.code({"code": 3, "signal": None}) == 3
    assert raised.code({"code": None, "signal": 9}) == -9
