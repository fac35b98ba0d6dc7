"""Events folded into a run's present state."""

from __future__ import annotations

import pytest

from rankzero.agent import events as ev
from rankzero.agent.history import History, fold, using

CAUSE = {"kind": "rank-failed", "rank": 1, "node": "worker/1"}
TWO = {"worker/0": [0, 1], "worker/1": [2, 3]}


def told(*lines, start=None) -> History:
    """Each line is (kind, data); one a second from 100 on."""
    first = 0 if start is None else start.last_seq
    events = [ev.Event(first + i + 1, 100.0 + i, *line) for i, line in enumerate(lines)]
    return fold(events, start)


def joined(node):
    return (ev.NODE_JOINED, {"node": node, "address": "10.0.0.1", "ranks": 2, "pid": 7})


def assigned(generation=1, restarts=0, nodes=TWO):
    size = sum(len(ranks) for ranks in nodes.values())
    data = {"generation": generation, "restarts": restarts, "world_size": size, "nodes": nodes}
    return (ev.ASSIGNED, data)


def exited(rank):
    return (ev.RANK_EXITED, {"generation": 1, "rank": rank, "node": "worker/0", "code": 0})


BEGUN = (joined("worker/0"), joined("worker/1"), assigned(), (ev.RUNNING, {"generation": 1}))


def states(history):
    return {key: node.state for key, node in history.nodes.items()}


def test_nothing_yet():
    assert fold([]) == History()
    assert (History().state, History().final) == ("waiting", False)


def test_submitted():
    history = told((ev.SUBMITTED, {"name": "digits", "backend": "local", "max_restarts": 3}))
    assert (history.submitted, history.max_restarts, history.state) == (100.0, 3, "waiting")


def test_waiting_names_who_is_missing_until_they_come():
    waiting = (ev.WAITING, {"nodes": ["worker/0", "worker/1"], "until": 700.0})
    assert told(waiting).waiting_for == ("worker/0", "worker/1")
    assert told(waiting, joined("worker/0")).waiting_for == ("worker/1",)
    assert told(waiting, assigned()).waiting_for == ()


def test_a_generation_from_its_assignment_to_running():
    history = told(*BEGUN[:3])
    assert states(history) == {"worker/0": "starting", "worker/1": "starting"}
    assert (history.state, history.generation, history.world_size) == ("waiting", 1, 4)
    history = told(*BEGUN)
    assert states(history) == {"worker/0": "running", "worker/1": "running"}
    assert (history.state, history.running) == ("running", 103.0)
    assert history.nodes["worker/1"].ranks == (2, 3)
    assert history.nodes["worker/1"].pid == 7


def test_a_node_is_done_when_all_its_ranks_are():
    assert states(told(*BEGUN, exited(0)))["worker/0"] == "running"
    history = told(*BEGUN, exited(0), exited(1))
    assert states(history) == {"worker/0": "done", "worker/1": "running"}
    assert history.done == {0, 1}


def test_a_lost_node_has_no_ranks_and_its_losses_are_counted():
    lost = (ev.NODE_LOST, {"node": "worker/1", "reason": "silence"})
    history = told(*BEGUN, lost)
    node = history.nodes["worker/1"]
    assert (node.state, node.ranks, node.losses) == ("lost", (), 1)
    node = told(joined("worker/1"), lost, start=history).nodes["worker/1"]
    assert (node.state, node.losses) == ("lost", 2)


def test_a_lost_node_that_nobody_met_is_no_error():
    assert states(told((ev.NODE_LOST, {"node": "ps/0", "reason": "x"}))) == {"ps/0": "lost"}


def test_a_restart():
    failed = (ev.RANK_FAILED, {"generation": 1, "failure": CAUSE})
    again = {"generation": 2, "restarts": 1, "max_restarts": 3, "cause": CAUSE}
    history = told(*BEGUN, exited(0), failed, failed, (ev.RESTARTING, again))
    assert (history.state, history.restarts, history.failures) == ("restarting", 1, 2)
    assert history.cause == CAUSE
    history = told(assigned(2, 1), start=history)
    assert (history.generation, history.done) == (2, frozenset())
    history = told((ev.RUNNING, {"generation": 2}), start=history)
    assert history.state == "running"


def test_the_first_run_and_the_first_step_are_kept():
    history = told(
        *BEGUN,
        (ev.FIRST_STEP, {"generation": 1, "rank": 2}),
        assigned(2, 1),
        (ev.RUNNING, {"generation": 2}),
        (ev.FIRST_STEP, {"generation": 2, "rank": 0}),
    )
    assert (history.running, history.first_step) == (103.0, 104.0)


def test_a_run_that_is_asked_to_stop_stays_so():
    history = told(*BEGUN[:3], (ev.STOP_REQUESTED, {"by": "x"}), (ev.RUNNING, {"generation": 1}))
    assert history.state == "stopping"


def test_the_last_report_is_kept_with_its_rank():
    history = told(
        (ev.REPORT, {"rank": 0, "values": {"step": 1}}),
        (ev.REPORT, {"rank": 1, "values": {"step": 2, "loss": 0.5}}),
    )
    assert history.report == {"step": 2, "loss": 0.5, "rank": 1}


@pytest.mark.parametrize("state", ["succeeded", "failed", "stopped"])
def test_the_end(state):
    end = {"state": state, "cause": CAUSE, "exit_code": 1, "generation": 1}
    history = told(*BEGUN, (ev.FINISHED, end))
    assert history.final
    assert (history.state, history.cause, history.exit_code) == (state, CAUSE, 1)
    assert (history.finished, history.outcome) == (104.0, end)


def test_a_decision_is_known_before_the_end_and_never_changes():
    decided = {"state": "failed", "cause": CAUSE, "exit_code": 1, "generation": 1}
    history = told(*BEGUN, (ev.ENDING, decided))
    assert (history.outcome, history.final, history.state) == (decided, False, "running")
    other = dict(decided, state="succeeded", cause=None)
    assert told((ev.ENDING, other), start=history).outcome == decided


def test_after_the_end_only_the_number_goes_on():
    end = {"state": "succeeded", "cause": None, "exit_code": 0, "generation": 1}
    history = told(*BEGUN, (ev.FINISHED, end))
    later = told(
        (ev.RESTARTING, {"restarts": 9}), (ev.FINISHED, {"state": "failed"}), start=history
    )
    assert later == history._replace(last_seq=history.last_seq + 2)


def test_kinds_of_a_newer_writer_are_passed_over():
    history = told(*BEGUN, ("resized", {"nodes": 9}))
    assert history == told(*BEGUN)._replace(last_seq=5)


def test_folding_in_parts_is_folding_at_once():
    assert told(*BEGUN[2:], start=told(*BEGUN[:2])) == told(*BEGUN)._replace(running=101.0)


def usage(node="worker/0", **said):
    return (ev.USAGE, {"node": node, **said})


def test_the_memory_that_a_node_told_last_has_the_highest_peak_of_all_its_agents():
    history = told(*BEGUN, usage(used=5, peak=90, limit=100), joined("worker/0"))
    assert history.nodes["worker/0"].usage == {"used": 5, "peak": 90, "limit": 100}
    history = told(usage(used=1, peak=2, limit=100), start=history)
    assert history.nodes["worker/0"].usage == {"used": 1, "peak": 90, "limit": 100}
    assert told(usage(node="worker/9", peak=1), start=history).nodes.keys() == {
        "worker/0",
        "worker/1",
    }


def test_what_heartbeats_say_comes_on_top_and_survives_the_way_to_a_viewer():
    history = using(told(*BEGUN, usage(used=5, peak=90)), {"worker/0": {"used": 7, "cpu": 1.5}})
    assert history.nodes["worker/0"].usage == {"used": 7, "cpu": 1.5, "peak": 90}
    assert History.from_json(history.to_json()).nodes == history.nodes
    assert using(history, {"worker/9": {"used": 1}}).nodes == history.nodes


def test_fields_of_a_newer_writer_are_passed_over():
    data = told(joined("worker/0")).to_json()
    data["new"] = 1
    data["nodes"][0]["newer"] = 2
    assert History.from_json(data) == told(joined("worker/0"))


def test_a_restart_counts_for_the_node_that_was_its_first_cause():
    def restarting(restarts):
        data = {"generation": 2, "restarts": restarts, "max_restarts": 3, "cause": CAUSE}
        return (ev.RESTARTING, data)

    history = told(*BEGUN, restarting(1))
    assert [node.restarts for node in history.nodes.values()] == [0, 1]
    again = told(restarting(1), start=history)
    assert again.nodes["worker/1"].restarts == 1, "a membership that only changed uses none"
    assert told(restarting(2), start=history).nodes["worker/1"].restarts == 2
