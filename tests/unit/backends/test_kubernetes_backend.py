"""Runs on a cluster as commands ask for them: listed, stopped, deleted, explained, healed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import events as ev
from rankzero.agent.history import History, NodeState
from rankzero.agent.logs.printed import own
from rankzero.backends.kubernetes.across import across
from rankzero.backends.kubernetes.backend import KubernetesBackend
from rankzero.backends.kubernetes.channels import ERROR, STDIN, STDOUT
from rankzero.backends.kubernetes.remembered import remember
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.places import KUBERNETES, Place
from rankzero.driver.cluster import words
from rankzero.errors import BadRequest, Refused, UnknownRun
from rankzero.plan.kubernetes import names
from support.apiserver import BORN, ApiServer, Asked
from support.entered import Entered
from support.runs import pod, submit

RUN = "digits-7f3a"
FIRST = f"{RUN}-worker"
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


@pytest.fixture
def backend(api: ApiServer, tmp_path: Path) -> KubernetesBackend:
    return KubernetesBackend(api.cluster(), tmp_path / "outputs")


@pytest.fixture
def found(api: ApiServer) -> Found:
    return submit(api, RUN)


class Coordinator:
    """Answers questions by their type; others are not answered, and the way is cut. asked: all."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self._answers, self.asked = answers, list[dict[str, Any]]()

    def __call__(self, how: Asked, way: Entered) -> None:
        if how.words[2] == "roster":
            way.send(STDOUT, json.dumps(self._answers.get("roster")).encode())
            way.send(ERROR, b'{"status": "Success"}')
            return
        self._say(way, {"type": "ready"})
        for channel, data in way.frames():
            assert channel == STDIN
            question = json.loads(data)
            self.asked.append(question)
            if question["type"] not in self._answers:
                way.cut()
                return
            kind = question["type"]
            self._say(way, {"type": kind, "id": question["id"], **self._answers[kind]})

    def _say(self, way: Entered, answer: dict[str, Any]) -> None:
        way.send(STDOUT, json.dumps(answer).encode() + b"\n")


def job(api: ApiServer, role: str = "worker") -> Any:
    return api.api.one("Job", f"{RUN}-{role}")


# -- listed


def test_all_runs_are_listed_newest_first_with_what_each_knows_of_itself(
    api: ApiServer, backend: KubernetesBackend
) -> None:
    waits = submit(api, "waits-0000")
    pod(api, waits, machine="")
    runs = submit(api, "runs-0000")
    pod(api, runs)
    nodes = {"worker/0": NodeState("worker/0", "running"), "worker/1": NodeState("worker/1")}
    known = History(state=ev.RUNNING_STATE, generation=3, nodes=nodes)
    api.pod = Coordinator(history={"history": known.to_json()})
    submit(api, "done-0000")
    api.change("Job", "done-0000-worker", status=COMPLETE)
    submit(api, "part-0000")
    api.change("Job", "part-0000-worker", metadata={"labels": {words.PIPELINE: "train"}})

    done, running, waiting = backend.runs()

    assert (done.run, done.state, running.run, waiting.run) == (
        *("done-0000", "succeeded"),
        *("runs-0000", "waits-0000"),
    )
    assert (running.state, running.history.generation, running.ready) == ("running", 3, (2, 2))
    assert waiting.state == "waiting" and waiting.standing is not None
    assert waiting.standing.waiting[0].text.startswith("no machine fits")


def test_a_coordinator_that_does_not_answer_costs_only_its_own_words(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    pod(api, found)
    api.pod = Coordinator()  # cuts whatever is asked

    (info,) = backend.runs()
    assert info.run == RUN and info.where == "lab/team"


def test_of_a_run_that_no_pod_has_begun_it_is_known_that_it_was_submitted(
    backend: KubernetesBackend, found: Found
) -> None:
    (event,) = backend.events(RUN)
    assert (event.kind, event.time) == (ev.SUBMITTED, found.created)
    assert backend.run(RUN).state == "waiting"


@pytest.mark.parametrize("name", ["nobody-0000", "a b", "", "../x", "a,b"])
def test_a_run_that_is_not_there_is_told_by_every_verb(
    api: ApiServer, backend: KubernetesBackend, found: Found, name: str
) -> None:
    """Whatever was typed is no selector."""
    verbs = (backend.run, backend.stop, backend.delete, backend.events, backend.submitted)
    for verb in verbs:
        with pytest.raises(UnknownRun, match="There is no run"):
            verb(name)


def test_where_the_whole_cluster_may_not_be_read_known_namespaces_are(
    api: ApiServer, found: Found
) -> None:
    here = Place(KUBERNETES, "lab", "team")
    seen, unread = across(here)
    assert [(str(place), info.run) for place, info in seen] == [("lab/team", RUN)]
    assert unread == []

    remember("lab", "team")
    remember("lab", "closed")
    remember("elsewhere", "team")
    everywhere = "/apis/batch/v1/jobs"
    api.closed = (everywhere, "/namespaces/closed/")
    seen, (said,) = across(here)
    assert [info.run for _, info in seen] == [RUN]
    assert "no right to look into all namespaces; read: team; not readable: closed" in str(said)

    api.closed = ("/",)
    with pytest.raises(Refused, match="may not read"):
        across(here)


# -- stopped and deleted


def test_one_that_has_not_begun_asks_for_no_pods_and_says_what_it_waited_for(
    api: ApiServer, backend: KubernetesBackend
) -> None:
    roles = {"worker": {"nodes": {"minimum": 2, "maximum": 2}}, "evaluator": {}}
    found = submit(api, RUN, roles=roles)
    pod(api, found, machine="")
    backend.stop(RUN)

    for role in ("worker", "evaluator"):
        assert job(api, role)["spec"]["parallelism"] == 0
        assert job(api, role)["metadata"]["annotations"][names.STOPPED] == "rankzero stop"
    info = backend.run(RUN)
    assert info.state == "stopped" and info.history.cause is not None
    assert "no machine fits" in info.history.cause["message"]


def test_one_that_was_stopped_by_half_is_still_to_be_stopped(
    api: ApiServer, backend: KubernetesBackend
) -> None:
    """Its first Job says that it was, and comes last."""
    submit(api, RUN, roles={"worker": {}, "evaluator": {}})

    def away() -> None:
        raise ConnectionError

    def then_away() -> None:
        api.meanwhile["PATCH Job"] = away

    api.meanwhile["PATCH Job"] = then_away
    with pytest.raises(Refused):
        backend.stop(RUN)
    assert job(api, "evaluator")["spec"]["parallelism"] == 0
    assert backend.run(RUN).state == "waiting"

    api.meanwhile.clear()
    backend.stop(RUN)
    assert backend.run(RUN).state == "stopped"


def test_one_that_runs_is_asked_and_has_its_grace(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    pod(api, found)
    api.pod = there = Coordinator(stop={})
    backend.stop(RUN, grace=7.0)

    (asked,) = [one for one in there.asked if one["type"] == "stop"]
    assert (asked["by"], asked["grace"]) == ("rankzero stop", 7.0)
    assert job(api)["spec"]["parallelism"] == 2, "its end is its own"


def test_one_that_has_ended_is_not_stopped_again(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    api.change("Job", FIRST, status=COMPLETE)
    before = len(api.asked)
    backend.stop(RUN)

    assert all(one.startswith("GET") for one in api.asked[before:])
    assert backend.run(RUN).state == "succeeded"


def test_one_that_goes_on_is_not_deleted(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    pod(api, found)
    with pytest.raises(BadRequest, match="is still running; nothing was deleted") as raised:
        backend.delete(RUN)
    assert raised.value.hint == f"Stop it first: rankzero stop {RUN}"
    assert api.api.names("Job") == [FIRST]


def test_one_that_has_ended_goes_with_all_that_it_owns(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    assert {"Secret", "ConfigMap", "Service"} <= {kind for kind, _ in api.api.there}
    api.change("Job", FIRST, status=COMPLETE)
    backend.delete(RUN)

    assert api.api.there == {}


def test_one_whose_coordinator_has_said_so_has_ended_before_its_pod_tells(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    pod(api, found)
    done = {"state": "succeeded", "cause": None, "exit_code": 0}
    last = ev.to_line(ev.Event(1, 5.0, ev.FINISHED, done))
    api.logs[f"{FIRST}-0-x"] = own(last)
    backend.delete(RUN)

    assert api.api.names("Job") == []


def test_outputs_that_went_with_the_pods_are_told(backend: KubernetesBackend, found: Found) -> None:
    with pytest.raises(Refused, match=f"the outputs of {RUN} are gone: its pods have ended"):
        backend.outputs(RUN)


# -- explained


def unreachable(reason: str) -> bytes:
    said = {"kind": "name", "address": "x:29400", "reason": reason, "time": 9.0}
    return own(json.dumps({"unreachable": said}))


def test_why_it_waits_is_seen_with_what_may_not_be_read(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    api.refuses |= {"GET Event": 403, "GET Node": 403}
    pod(api, found)
    pod(api, found, "worker/1", machine="")
    seen = backend.observe(RUN, History())

    assert seen.unread == ("events", "nodes")
    assert (seen.run, seen.namespace, seen.machines) == (RUN, "team", None)
    assert [one.node for one in seen.pods] == ["worker/0", "worker/1"]


def running(began: str = BORN) -> dict[str, Any]:
    state = {"running": {"startedAt": began}}
    return {"containerStatuses": [{"name": "rank", "ready": True, "state": state}]}


def test_an_agent_s_own_words_are_read_where_it_has_not_joined(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    for node in ("worker/0", "worker/1"):
        pod(api, found, node, status=running())
    old, new = unreachable("no such name"), unreachable("the name has no address")
    api.logs[f"{FIRST}-1-x"] = old + b"[0] a line\n" + new
    policy = {"podSelector": {}, "policyTypes": ["Egress"]}
    api.put("NetworkPolicy", "closed", spec=policy)
    here = History(nodes={"worker/0": NodeState("worker/0")})
    seen = backend.observe(RUN, here)

    first, second = seen.newest()["worker/0"], seen.newest()["worker/1"]
    assert first.told is None
    assert second.told is not None and second.told.reason == "the name has no address"
    assert seen.policies == ("closed",)


def test_a_run_that_needs_no_explaining_costs_two_calls(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    for node in ("worker/0", "worker/1"):
        pod(api, found, node, status=running())
    nodes = {name: NodeState(name) for name in ("worker/0", "worker/1")}
    before = len(api.asked)
    backend.observe(RUN, History(nodes=nodes))

    of_the_run = ["GET Job", "GET Pod"]
    assert api.asked[before:] == [*of_the_run, *of_the_run]


def test_what_agents_have_written_of_themselves_is_told_by_pod(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    for node in ("worker/0", "worker/1"):
        pod(api, found, node)
    api.logs[f"{FIRST}-1-x"] = own("one") + b"[0] a line\n" + own("two")

    told = dict(backend.agents(RUN))
    assert told[f"{FIRST}-1-x"] == "one\ntwo\n"
    assert told[f"{FIRST}-0-x"].startswith("its log cannot be read: lab: no log")


def test_the_coordinator_s_word_finds_what_a_dead_machine_holds(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    """Where machines may not be read."""
    api.refuses["GET Node"] = 403
    pod(api, found)
    taint = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
    about = {"deletionTimestamp": "2199-01-01T00:00:00Z"}
    pod(api, found, "worker/1", "b", metadata=about, status={"conditions": [taint]})
    lost = History(nodes={"worker/1": NodeState("worker/1", "lost")})
    api.pod = Coordinator(history={"history": lost.to_json()})

    (held,) = backend.recover(RUN, dry_run=True)
    assert (held.node, held.machine, held.lost, held.deleted) == ("worker/1", "b", True, False)
    (held,) = backend.recover(RUN)
    assert held.deleted and api.api.names("Pod") == [f"{FIRST}-0-x"]


# -- described


def test_a_run_a_node_a_pod_and_a_machine_are_described_by_their_names(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    api.pod = Coordinator()
    pod(api, found)
    pod(api, found, "worker/1", "b")
    api.put("Node", "b", status={"conditions": [{"type": "Ready", "status": "True"}]})

    run = backend.describe(RUN)
    assert (run.kind, [one.node for one in run.nodes]) == ("run", ["worker/0", "worker/1"])
    assert {one.kind for one in run.objects} >= {"Job", "ConfigMap", "Service"}
    for found_as in (backend.describe(RUN, "1"), backend.describe(f"{FIRST}-1-x")):
        assert (found_as.kind, found_as.name) == ("node", f"{RUN} worker/1")
        assert [one.machine for one in found_as.nodes] == ["b"]
    machine = backend.describe("b")
    assert (machine.kind, machine.state) == ("machine", "ready")
    assert [one.node for one in machine.nodes] == [f"{RUN} worker/1"]


def test_what_may_not_be_described_is_named(
    api: ApiServer, backend: KubernetesBackend, found: Found
) -> None:
    pod(api, found)
    api.refuses |= {"GET Service": 403, "GET Event": 403, "GET Pod exec": 403}
    said = "; ".join(backend.describe(RUN).not_shown)

    for words_ in ("ranks: may not", "you may not list services in", "events of Kubernetes"):
        assert words_ in said
    assert "ConfigMaps" not in said


@pytest.mark.parametrize(("name", "node"), [("nothing", None), ("nothing", "worker/0")])
def test_a_name_of_nothing_is_no_run(
    api: ApiServer, backend: KubernetesBackend, found: Found, name: str, node: str | None
) -> None:
    api.refuses["GET Node"] = 403
    with pytest.raises(UnknownRun, match='no run "nothing"'):
        backend.describe(name, node)
    with pytest.raises(BadRequest, match='has no node "worker/9"'):
        backend.describe(RUN, "worker/9")
