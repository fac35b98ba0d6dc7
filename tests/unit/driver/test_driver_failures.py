"""What a driver on a cluster makes of a run that failed."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.driver.cluster.doing import _failure

FRAMES = [{"file": "/rankzero/run/work/steps.py", "line": 8, "function": "load"}]
RAISED = {"type": "KeyError", "message": "'lr'", "frames": FRAMES}


def rank(**more: Any) -> dict[str, Any]:
    return {"kind": "rank-failed", "code": 1, "signal": None, "exception": None, **more}


@pytest.mark.parametrize(
    ("cause", "said", "code"),
    [
        (rank(exception=RAISED), "raised KeyError: 'lr' (steps.py:8 in load)", 1),
        (rank(code=3), "exited with code 3", 3),
        (rank(code=None, signal=9), "was killed by signal 9 (SIGKILL)", -9),
        ({"kind": "stuck", "message": "nobody came"}, "failed: nobody came", 1),
    ],
)
def test_what_a_rank_raised_is_the_cause(cause: dict[str, Any], said: str, code: int) -> None:
    outcome = {"state": "failed", "exit_code": 1, "cause": cause}
    result = _failure(outcome, "/rankzero/run/work")
    assert (result.cause, result.code) == (said, code)
