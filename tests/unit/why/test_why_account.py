"""The answer as labelled lines, and as the message of a RunFailed."""

from __future__ import annotations

from rankzero.agent.history import History
from rankzero.why import Facts, account, message

CAUSE = {"kind": "rank-failed", "rank": 3, "node": "worker/1", "signal": 9, "others": 2}


def test_the_account_names_cause_evidence_others_remedy_and_the_next_command():
    labels = dict(account(Facts("digits-7f3a", History(state="failed", cause=CAUSE))))
    assert list(labels) == ["cause", "", "others", "remedy", "more"]
    assert labels["others"] == "2 other ranks were stopped by it"
    assert labels["more"] == "rankzero logs digits-7f3a --rank 3 --tail 50"


def test_what_does_not_apply_is_left_out():
    labels = dict(account(Facts("digits-7f3a", History(state="succeeded"))))
    assert labels == {
        "cause": "nothing is wrong: the run has succeeded",
        "more": "rankzero logs digits-7f3a --tail 50",
    }


def test_one_other_rank_is_one():
    facts = Facts("r", History(state="failed", cause={**CAUSE, "others": 1}))
    assert dict(account(facts))["others"] == "1 other rank was stopped by it"


def test_the_message_begins_with_the_run_and_aligns_its_labels():
    lines = message(Facts("digits-7f3a", History(state="failed", cause=CAUSE))).splitlines()
    assert lines[0] == "digits-7f3a failed"
    assert lines[1] == "  cause   rank 3 (worker/1) was killed by signal 9 (SIGKILL)"
    assert lines[2].startswith(" " * 10 + "this run did not send it")
