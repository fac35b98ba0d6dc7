"""An agent that does not reach its coordinator says so, and not too often."""

from __future__ import annotations

import json

import pytest

from rankzero.agent.config import AgentConfig, Command
from rankzero.agent.seclusion import AGAIN, PATIENCE, Seclusion
from rankzero.contracts.topology import Settings

CONFIG = AgentConfig(
    "run", "worker", 1, (), Settings("run", "plain"), Command("script", "t"), "a-0.a:29400", "t",
    "/n", "/n", "/n", "python3",
)  # fmt: skip
NO_NAME = "cannot look up a-0.a:29400: Name or service not known"


@pytest.fixture
def seclusion() -> Seclusion:
    return Seclusion(CONFIG, 100.0)


def test_a_coordinator_that_begins_late_is_no_trouble(seclusion: Seclusion) -> None:
    assert seclusion.complaint(NO_NAME, 100.0 + PATIENCE - 0.1) is None


def test_then_it_says_what_is_wrong_and_since_when_it_is_not_new(seclusion: Seclusion) -> None:
    words = seclusion.complaint(NO_NAME, 106.0)
    assert words is not None
    assert json.loads(words) == {
        "unreachable": {
            "kind": "name",
            "address": "a-0.a:29400",
            "reason": NO_NAME,
            "time": 106.0,
        }
    }


def test_the_same_is_said_again_only_after_a_while(seclusion: Seclusion) -> None:
    assert seclusion.complaint(NO_NAME, 106.0)
    assert seclusion.complaint(NO_NAME, 106.0 + AGAIN - 1) is None
    assert seclusion.complaint(NO_NAME, 106.0 + AGAIN)


def test_something_else_is_said_at_once(seclusion: Seclusion) -> None:
    assert seclusion.complaint(NO_NAME, 106.0)
    words = seclusion.complaint("a-0.a:29400: no answer within 10 s", 107.0)
    assert words is not None
    assert json.loads(words)["unreachable"]["kind"] == "connection"


def test_after_an_answer_patience_begins_anew(seclusion: Seclusion) -> None:
    assert seclusion.complaint(NO_NAME, 106.0)
    seclusion.over()
    assert seclusion.complaint(NO_NAME, 200.0) is None
    assert seclusion.complaint(NO_NAME, 200.0 + PATIENCE)
