"""Nodes that were ended: by the kernel, the cluster, a machine that died, or a deadline."""

from __future__ import annotations

import time

import pytest

from rankzero.agent.history import History, NodeState
from rankzero.why.seen import Ended, Job, Machine, Pod, Seen, Told

from .looks import failed, pod, waits

MIB = 1024**2
LOST = {"kind": "node-lost", "node": "worker/1", "rank": 2, "time": 100.0, "message": "silent"}
SAID = "no sign of life for 10 s"


def dead(node: str = "worker/1", reason: str = "OOMKilled", **fields) -> Pod:
    ended = Ended(reason, 137, time=99.0)
    return pod(node, phase="Failed", ended=ended, **{"limits": {"memory": "96Mi"}, **fields})


# -- memory


def test_a_rank_that_the_kernel_ended_has_its_agent_s_figures():
    memory = {"used": 1, "peak": 96 * MIB, "limit": 96 * MIB, "killed": 1}
    rank = {"kind": "rank-failed", "rank": 3, "node": "worker/1", "signal": 9, "memory": memory}
    found = failed({**rank, "tail": ["epoch 1"]})
    assert (found.cause, found.title) == (
        "oom-killed",
        "rank 3 (worker/1) ran out of memory: limit 96Mi, peak 96Mi at its last heartbeat",
    )
    assert found.evidence == ("the kernel ended it (signal 9)",)
    assert found.detail == ("epoch 1",)
    assert "--memory" in found.remedy


def test_a_rank_that_somebody_else_killed_did_not_run_out_of_memory():
    rank = {"kind": "rank-failed", "rank": 3, "node": "worker/1", "signal": 9}
    assert failed(rank).cause == "killed"
    assert failed({**rank, "memory": {"killed": 0, "limit": 1}}).cause == "killed"


def test_a_node_that_died_with_its_agent_is_told_by_its_pod_and_its_last_heartbeat():
    beat = {"used": 80 * MIB, "peak": 91 * MIB, "limit": 96 * MIB, "killed": 0}
    found = failed({**LOST, "memory": beat}, dead(name="w-1-x"))
    assert found.title == (
        "rank 2 (worker/1) ran out of memory: limit 96Mi, peak 91Mi at its last heartbeat"
    )
    assert found.evidence == (
        "the kernel ended the whole node, with its agent",
        "on gpu-01, pod w-1-x",
    )


def test_a_coordinator_that_died_with_all_its_memory_left_its_peak_in_the_history():
    nodes = {"worker/0": NodeState("worker/0", usage={"peak": 90 * MIB, "limit": 96 * MIB})}
    cause = {"kind": "node-lost", "node": "worker/0", "rank": None, "time": 130.0}
    found = failed(cause, dead("worker/0"), history=History(nodes=nodes))
    assert found.title == (
        "node worker/0 ran out of memory: limit 96Mi, peak 90Mi at its last heartbeat"
    )


def test_without_figures_the_word_stands_alone():
    found = failed(LOST, dead(limits={}))
    assert found.title == "rank 2 (worker/1) ran out of memory"


def test_a_pod_that_ran_out_of_memory_long_after_the_failure_is_not_its_cause():
    late = dead()._replace(ended=Ended("OOMKilled", 137, time=500.0))
    assert failed(LOST, late).cause == "node-lost"


def test_of_several_pods_of_a_node_the_last_one_counts():
    earlier = dead()._replace(ended=Ended("OOMKilled", 137, time=10.0))
    last = dead(reason="Error")._replace(ended=Ended("Error", 137, time=99.0), born=20.0)
    assert failed(LOST, earlier, last).cause == "node-lost"


def test_a_pod_that_dies_of_memory_again_and_again_before_it_joins():
    found = waits(dead("worker/0"))
    assert found.title == "worker/0: ran out of memory (limit 96Mi)"


# -- evicted


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("The node was low on resource: memory. Container rank was using 7Gi", "--memory"),
        ("Pod ephemeral local storage usage exceeds the total limit of containers 20Mi.", "volume"),
        ("The node had condition: [DiskPressure].", "volume"),
    ],
)
def test_an_eviction_is_quoted(message, remedy):
    gone = pod("worker/1", phase="Failed", reason="Evicted", message=message)
    found = failed(LOST, gone)
    assert (found.cause, found.title) == ("evicted", f"worker/1 was evicted from gpu-01: {message}")
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("PreemptionByScheduler", "made room for a pod of a higher priority (gpu-01)"),
        ("EvictionByEvictionAPI", "was moved away"),
        ("TerminationByKubelet", "was ended by its machine"),
    ],
)
def test_a_disruption_is_told(word, text):
    gone = pod("worker/1", phase="Failed", disrupted=f"{word}: in full")
    found = failed({**LOST, "kind": "node-left"}, gone)
    assert found.cause == "evicted"
    assert text in found.title
    assert found.evidence == (f"{word}: in full",)


def test_a_rank_that_raised_was_not_evicted():
    gone = pod("worker/1", phase="Failed", reason="Evicted", message="low on memory")
    raised = {"kind": "rank-failed", "rank": 2, "node": "worker/1", "code": 1}
    assert failed(raised, gone).cause == "exit-code"


# -- machines


def test_a_machine_that_is_not_ready_took_its_node_along():
    running = pod("worker/1", phase="Running", began=1.0)
    found = failed({**LOST, "message": SAID}, running, machines=(Machine("gpu-01", ready=False),))
    assert found.cause == "machine-lost"
    assert found.title == "node worker/1 was lost with its machine gpu-01"
    assert found.evidence == (SAID, "gpu-01 is not ready")


def test_who_may_not_read_machines_has_it_from_the_pod():
    taken = "DeletionByTaintManager: Taint manager: deleting due to NoExecute taint"
    gone = pod("worker/1", phase="Running", began=1.0, leaving=True, disrupted=taken)
    found = failed(LOST, gone)
    assert (found.cause, found.evidence) == ("machine-lost", ("silent", taken))


def test_a_pod_that_waits_on_a_silent_machine_is_not_replaced_by_itself():
    taken = "DeletionByTaintManager: Taint manager: deleting due to NoExecute taint"
    gone = pod("worker/1", phase="Running", began=1.0, leaving=True, disrupted=taken)
    found = waits(gone, run="digits-7f3a")
    recover = "rankzero recover digits-7f3a"
    assert found.title == f"worker/1: its machine gpu-01 does not answer ({recover})"
    assert "by watching the run (rankzero attach digits-7f3a)" in found.remedy
    assert recover in found.remedy


def test_a_run_that_heals_itself_says_who_does_it_and_from_when_on():
    gone = pod("worker/1", phase="Running", began=1.0, leaving=True, until=100.0)
    gone = gone._replace(disrupted="DeletionByTaintManager: it says why")
    found = waits(gone, run="digits-7f3a", healer="worker/0")
    title = "worker/1: its machine gpu-01 does not answer; worker/0 takes it from there"
    clock = time.strftime("%H:%M:%S", time.localtime(115))
    assert (found.title, found.evidence) == (title, (f"certain to be lost from {clock} on",))
    assert found.remedy.endswith("have it at once: rankzero recover digits-7f3a")


def test_a_run_does_not_heal_its_own_healer():
    gone = pod("worker/0", phase="Running", began=1.0, leaving=True, disrupted="DeletionByPodGC: x")
    found = waits(gone, healer="worker/0")
    assert found.title == "worker/0: its machine gpu-01 does not answer (rankzero recover RUN)"
    assert found.evidence == (
        "worker/0 would take others from dead machines, and is on one itself",
    )


def test_a_machine_that_the_cluster_has_not_given_up_is_waited_for():
    running = pod("worker/1", phase="Running", began=None)
    found = waits(running, machines=(Machine("gpu-01", ready=False),))
    assert found.title == "worker/1: its machine gpu-01 does not answer"
    assert found.remedy.startswith("wait until the cluster gives it up; then who may")


def test_a_node_that_was_lost_on_a_machine_that_is_well():
    running = pod("worker/1", phase="Running", began=1.0)
    assert failed(LOST, running, machines=(Machine("gpu-01"),)).cause == "node-lost"


# -- deadlines


def test_a_job_whose_time_is_over():
    late = Job("worker", "j", failed=Ended("DeadlineExceeded", None, "Job was active longer"))
    found = failed({"kind": "job-failed", "message": "Job was active longer"}, jobs=(late,))
    assert (found.cause, found.evidence) == ("deadline", ("Job was active longer",))


def test_a_pod_whose_time_is_over():
    late = pod("worker/1", phase="Failed", reason="DeadlineExceeded", message="Pod was active")
    found = failed({**LOST, "kind": "node-left"}, late)
    assert found.title == "worker/1 was ended when its time was over"


# -- the way to the coordinator

COORDINATOR = pod("worker/0", phase="Running", began=10.0)


def seeking(kind: str, reason: str, time: float = 30.0) -> Pod:
    said = Told(kind, "digits-7f3a-worker-0.digits-7f3a:29400", reason, time)
    return pod("worker/1", phase="Running", began=12.0, told=said)


def test_a_name_that_cannot_be_looked_up():
    said = "cannot look up digits-7f3a-worker-0.digits-7f3a:29400: Name or service not known"
    found = waits(COORDINATOR, seeking("name", said), here=("worker/0",))
    assert found.cause == "dns"
    assert found.title == (
        "worker/1: runs on gpu-01, and cannot look up the coordinator's name "
        "digits-7f3a-worker-0.digits-7f3a"
    )
    assert found.evidence == (said,)


def test_a_coordinator_that_cannot_be_reached_and_the_policies_that_may_be_why():
    said = "digits-7f3a-worker-0.digits-7f3a:29400: no answer within 10 s"
    pods = (COORDINATOR, seeking("connection", said))
    found = waits(*pods, here=("worker/0",), policies=("deny-all",))
    assert found.cause == "unreachable"
    assert found.evidence == (said, "NetworkPolicies for its pods: deny-all")
    assert waits(*pods, here=("worker/0",)).evidence == (said,)


def test_a_coordinator_that_has_just_begun_is_not_expected_to_answer():
    early = seeking("name", "cannot look up", time=19.0)
    assert waits(COORDINATOR, early, here=("worker/0",)).cause == "waiting"
    assert waits(seeking("name", "cannot look up")).cause == "waiting"


def test_what_was_seen_while_the_run_was_watched_explains_why_a_node_did_not_come():
    said = seeking("connection", "no answer")
    earlier = Seen((COORDINATOR, said))
    now = Seen((COORDINATOR, Pod("worker/1", phase="Absent"))).beside(earlier)
    missing = {"kind": "nodes-missing", "node": "worker/1", "message": "worker/1 did not come"}
    nodes = {"worker/0": NodeState("worker/0", "ended")}
    assert failed(missing, *now.pods, history=History(nodes=nodes)).cause == "unreachable"


# -- what never was an agent


def test_a_container_that_cannot_be_started():
    said = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
        "runc create failed: unable to start container process: "
        'exec: "/no/python": stat /no/python: no such file or directory: unknown'
    )
    broken = pod(phase="Failed", ended=Ended("StartError", 128, said), image="i")
    found = waits(broken)
    assert (found.cause, found.title) == (
        "not-startable",
        "worker/0: image i has no /no/python that could be run",
    )
    assert found.evidence == ('exec: "/no/python": stat /no/python: no such file or directory',)
    other = waits(pod(waiting="CreateContainerError", detail="context deadline exceeded"))
    assert other.title == ("worker/0: its container cannot be started: context deadline exceeded")


def test_a_pod_that_ends_before_its_agent_joins_shows_its_last_lines():
    said = "one\n\ntwo\nthree\nSyntaxError: invalid syntax"
    found = waits(pod(phase="Failed", ended=Ended("Error", 1, said)))
    assert found.title == "worker/0: its pod ended with code 1 before its agent joined"
    assert found.evidence == ("two", "three", "SyntaxError: invalid syntax")


@pytest.mark.parametrize("code", [0, 94, 95, 96])
def test_an_agent_s_own_codes_are_no_crash(code):
    assert waits(pod(phase="Failed", ended=Ended("Error", code))).cause == "waiting"


def test_a_job_that_failed_of_its_pods_is_explained_by_them():
    broken = pod(phase="Failed", ended=Ended("StartError", 128, 'exec: "/no": no such file'))
    found = failed({"kind": "job-failed", "message": "exceeded the maximal number"}, broken)
    assert found.cause == "not-startable"


# -- namespaces


def test_a_namespace_that_is_being_deleted_waits_for_what_its_jobs_keep():
    kept = pod("worker/1", phase="Failed", leaving=True, ended=Ended("Error", 96))
    found = waits(kept, run="digits-7f3a", ending=True)
    assert found.cause == "namespace-ending"
    assert found.title.startswith("worker/1: its namespace is being deleted")
    assert found.remedy == "let go of it: rankzero delete --force digits-7f3a"


@pytest.mark.parametrize(
    ("changes", "ending"),
    [({}, False), ({"leaving": False}, True), ({"phase": "Pending", "ended": None}, True)],
)
def test_a_pod_that_another_one_replaces_is_not_kept(changes, ending):
    kept = pod("worker/1", phase="Failed", leaving=True, ended=Ended("Error", 96))
    found = waits(kept._replace(**changes), ending=ending)
    assert found.cause != "namespace-ending"
