"""What an agent leaves behind of a run's end where nobody can be asked any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rankzero.agent import testament

CAUSE = {
    "kind": "rank-failed",
    "rank": 3,
    "node": "worker/1",
    "message": "ValueError: bad batch",
    "exception": {"type": "ValueError", "traceback": "Traceback ..."},
    "crash": "",
    "tail": ["last words"],
}
OUTCOME = {"state": "failed", "exit_code": 1, "generation": 2, "cause": CAUSE}


def test_what_fits_is_whole(tmp_path: Path) -> None:
    testament.write(str(tmp_path / "message"), OUTCOME)

    assert json.loads((tmp_path / "message").read_bytes()) == OUTCOME


@pytest.mark.parametrize(
    ("longest", "gone"),
    [
        ({"tail": ["x" * 5000]}, {"tail"}),
        ({"tail": ["x" * 3000], "crash": "y" * 5000}, {"tail", "crash"}),
        ({"exception": {"traceback": "z" * 9000}}, {"tail", "crash"}),
        ({"exception": {"type": "z" * 9000}}, {"tail", "crash", "exception"}),
    ],
)
def test_what_is_longest_goes_first(longest: dict, gone: set[str]) -> None:
    data = testament.short({**OUTCOME, "cause": {**CAUSE, **longest}})

    assert len(data) <= testament.LIMIT
    kept = json.loads(data)
    assert set(CAUSE) - set(kept["cause"]) == gone
    assert (kept["state"], kept["cause"]["rank"]) == ("failed", 3)


def test_what_was_raised_and_where_is_kept_without_its_traceback() -> None:
    frames = [{"file": f"{at}.py", "line": at, "function": "f", "source": "x"} for at in range(9)]
    raised = {
        "type": "ValueError",
        "message": "m" * 4000,
        "frames": frames,
        "traceback": "z" * 9000,
    }
    kept = json.loads(testament.short({**OUTCOME, "cause": {**CAUSE, "exception": raised}}))

    short = {"type": "ValueError", "message": "m" * 500, "frames": frames[-1:]}
    assert kept["cause"]["exception"] == short


def test_a_message_without_end_is_cut() -> None:
    kept = json.loads(testament.short({**OUTCOME, "cause": {**CAUSE, "message": "é" * 9000}}))

    assert kept["cause"]["kind"] == "rank-failed"
    assert len(kept["cause"]["message"]) == 500


def test_success_and_a_disk_that_refuses() -> None:
    done = {"state": "succeeded", "exit_code": 0, "generation": 1, "cause": None}

    assert json.loads(testament.short(done)) == done
    testament.write("/proc/nowhere/message", done)
