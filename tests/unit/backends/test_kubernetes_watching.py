"""A run that is watched, from whatever there is: its coordinator, its pods' logs, its Jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rankzero.agent import events as ev
from rankzero.agent.answers import pack
from rankzero.agent.history import History
from rankzero.agent.logs.printed import Printer, own
from rankzero.agent.logs.reader import Chunk
from rankzero.backends.base import Awaited, Item, LogBlock, LogQuery, Note, Unfetched
from rankzero.backends.kubernetes import observing, watching
from rankzero.backends.kubernetes.channels import STDIN, STDOUT
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.watching import Watch
from rankzero.errors import Refused, UnknownRun
from rankzero.plan.kubernetes import names
from support.apiserver import ApiServer, Asked
from support.entered import Entered
from support.runs import pod, submit

RUN = "digits-7f3a"
ONE = {"worker": {"nodes": {"minimum": 1, "maximum": 1}}}
DONE = {"state": "succeeded", "cause": None, "exit_code": 0, "generation": 1}
HISTORY = [
    ev.Event(1, 1.0, ev.SUBMITTED, {"name": "digits", "max_restarts": 0}),
    ev.Event(2, 2.0, ev.NODE_JOINED, {"node": "worker/0", "ranks": 1}),
    ev.Event(3, 3.0, ev.RUNNING, {"generation": 1}),
    ev.Event(4, 4.0, ev.ENDING, DONE),
    ev.Event(5, 5.0, ev.FINISHED, DONE),
]
KINDS = [event.kind for event in HISTORY]
LINES = b"epoch 1\nepoch 2\nepoch 3\n"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr(watching, "_AGAIN", 0.01)
    monkeypatch.setattr(observing, "_FIRST_RETRY", 0.01)


@pytest.fixture
def found(api: ApiServer) -> Found:
    """A run of one node."""
    return submit(api, RUN, roles=ONE)


def log(*events: ev.Event, lines: bytes = LINES) -> bytes:
    """What an agent prints into its pod's log."""
    printer = Printer("b00c")
    told = b"".join(own(ev.to_line(event)) for event in events)
    return told + (printer.write(0, 1, 0, lines) + printer.end(0) if lines else b"")


def watch(
    api: ApiServer,
    query: LogQuery | None = None,
    events_from: int = 1,
    fetch: watching.Fetch | None = None,
    known: History | None = None,
) -> Iterator[Item]:
    asked = query or LogQuery()
    return Watch(api.cluster(), RUN, asked, events_from, fetch, known or History()).items()


def kinds(items: list[Item]) -> list[str]:
    return [one.kind for one in items if isinstance(one, ev.Event)]


def lines(items: list[Item]) -> bytes:
    return b"".join(one.data for one in items if isinstance(one, LogBlock))


def notes(items: list[Item]) -> list[str]:
    return [one.text for one in items if isinstance(one, Note)]


def ended(api: ApiServer, found: Found, outcome: Any = DONE, **more: Any) -> None:
    """Its pod has, with what its agent left."""
    said = {"exitCode": 0, "message": json.dumps(outcome), "finishedAt": "2026-01-01T00:00:09Z"}
    containers = [{"name": "rank", "state": {"terminated": said}}]
    status = {"phase": "Succeeded", "containerStatuses": containers}
    pod(api, found, status=status, **more)


# -- from what is left


def test_of_a_run_that_is_over_all_is_told_and_its_end_comes_last(
    api: ApiServer, found: Found
) -> None:
    ended(api, found)
    api.logs[f"{RUN}-worker-0-x"] = log(*HISTORY)
    items = list(watch(api))

    assert kinds(items) == KINDS
    assert isinstance(items[-1], ev.Event) and items[-1].kind == ev.FINISHED
    assert lines(items) == LINES


def test_who_saw_a_part_is_told_the_rest(api: ApiServer, found: Found) -> None:
    ended(api, found)
    api.logs[f"{RUN}-worker-0-x"] = log(*HISTORY)

    assert kinds(list(watch(api, events_from=4))) == KINDS[3:]


def test_without_a_log_the_end_is_what_the_agent_left(api: ApiServer, found: Found) -> None:
    ended(api, found, {**DONE, "state": "failed", "exit_code": 3})
    items = list(watch(api))

    (end,) = items
    assert isinstance(end, ev.Event) and (end.kind, end.data["exit_code"]) == (ev.FINISHED, 3)


@pytest.mark.parametrize(
    ("condition", "state", "kind"),
    [
        ({"type": "Complete"}, "succeeded", None),
        ({"type": "Failed", "message": "too late"}, "failed", "job-failed"),
    ],
)
def test_without_a_pod_the_end_is_what_its_job_says(
    api: ApiServer, found: Found, condition: dict[str, str], state: str, kind: str | None
) -> None:
    conditions = [{**condition, "status": "True"}]
    api.change("Job", f"{RUN}-worker", status={"conditions": conditions})
    (end,) = watch(api)

    assert isinstance(end, ev.Event) and end.data["state"] == state
    assert (end.data["cause"] or {}).get("kind") == kind


def test_a_coordinator_that_took_another_s_place_goes_on_counting(
    api: ApiServer, found: Found
) -> None:
    """It knows nothing of what was told before it."""
    earlier = {"creationTimestamp": "2025-12-31T00:00:00Z"}
    pod(api, found, name="first", metadata=earlier, status={"phase": "Failed"})
    ended(api, found)
    api.logs = {
        "first": log(*HISTORY[:2], lines=b""),
        f"{RUN}-worker-0-x": log(*HISTORY),
    }
    items = list(watch(api))

    assert kinds(items) == [*KINDS[:2], *KINDS]
    assert [one.seq for one in items if isinstance(one, ev.Event)] == list(range(1, 8))


def test_a_run_that_is_nowhere_is_told(api: ApiServer) -> None:
    for name in (RUN, "no/name", ""):
        with pytest.raises(UnknownRun):
            Watch(api.cluster(), name, LogQuery(), 1, None, History())


# -- while it goes on


def test_what_a_run_waits_for_is_told_until_it_is_there(api: ApiServer, found: Found) -> None:
    pod(api, found, machine="")
    watched = watch(api)
    waits = next(watched)
    assert isinstance(waits, Awaited)
    (place,) = waits.standing.waiting
    assert place.node == "worker/0" and place.text.startswith("no machine fits")

    ended(api, found)
    api.logs[f"{RUN}-worker-0-x"] = log(*HISTORY)
    rest = list(watched)
    assert kinds(rest) == KINDS


def test_a_run_that_is_deleted_while_it_is_watched_is_told(api: ApiServer, found: Found) -> None:
    pod(api, found, machine="")
    watched = watch(api)
    next(watched)
    api.api.take("Job", f"{RUN}-worker")

    with pytest.raises(Refused, match=r"digits-7f3a was deleted while it was watched"):
        list(watched)


def away(api: ApiServer) -> None:
    api.refuses |= {f"{how} {kind}": 503 for how in ("GET", "WATCH") for kind in ("Job", "Pod")}
    api.api.cut()


def test_a_server_that_is_away_is_told_once_and_awaited(api: ApiServer, found: Found) -> None:
    pod(api, found, machine="")
    watched = watch(api)
    next(watched)
    away(api)
    told = next(one for one in watched if isinstance(one, Note))
    assert "trying again. The run goes on without it" in told.text

    api.refuses.clear()
    ended(api, found)
    api.logs[f"{RUN}-worker-0-x"] = log(*HISTORY)
    rest = list(watched)
    assert kinds(rest) == KINDS and notes(rest) == []


def test_a_server_that_stays_away_is_given_up(
    api: ApiServer, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "OUTAGE", 0.05)
    pod(api, found, machine="")
    watched = watch(api)
    next(watched)
    away(api)

    with pytest.raises(Refused, match=r"for 0.05 s now; the run may go on without it") as raised:
        list(watched)
    assert raised.value.hint == "Follow it later: rankzero attach digits-7f3a"


def test_who_may_not_enter_is_told_the_history_by_the_log_and_lines_at_the_end(
    api: ApiServer, found: Found
) -> None:
    api.refuses["GET Pod exec"] = 403
    pod(api, found)
    name = f"{RUN}-worker-0-x"
    api.logs[name] = log(*HISTORY[:3])
    watched = watch(api)
    came: list[Item] = [next(watched) for _ in range(4)]
    assert notes(came)[0].endswith("so lines come when the run has ended, and no outputs")
    assert kinds(came) == KINDS[:3] and lines(came) == b""

    api.logs[name] = log(*HISTORY)
    ended(api, found)
    rest = list(watched)
    assert kinds(rest) == KINDS[3:] and lines(rest) == LINES


# -- through its coordinator


class Coordinator:
    """A run's, which is over: it answers what it is asked, and its connection is cut after so many
    answers, once for each that is named. released: how often it was let go."""

    def __init__(self, *cuts: int) -> None:
        self._cuts, self.released = list(cuts), 0

    def __call__(self, asked: Asked, way: Entered) -> None:
        left = self._cuts.pop(0) if self._cuts else 1000
        self._say(way, {"type": "ready"})
        rest = b""
        for channel, data in way.frames():
            assert channel == STDIN
            *questions, rest = (rest + data).split(b"\n")
            for answer in filter(None, map(self._answer, map(json.loads, questions))):
                if left == 0:
                    way.cut()
                    return
                left -= 1
                self._say(way, answer)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        said = {"type": asked["type"], "id": asked["id"]}
        if asked["type"] == "release":
            self.released += 1
            return said
        if asked["type"] == "events":
            told = [ev.to_line(event) for event in HISTORY if event.seq >= asked["from"]]
            return {**said, "events": told} if told else None
        start = int(asked["offsets"].get("0", 0))
        line = LINES[start:].partition(b"\n")[0] + b"\n" if LINES[start:] else b""
        if not line and asked["wait"]:
            return None
        chunk = Chunk(0, start, start + len(line), 1.0, 1, 0, line)
        chunks = [pack(chunk)] if line else []
        at = {"node": asked["node"], "book": "b00c", "offsets": {"0": chunk.next}}
        return {**said, **at, "chunks": chunks}

    def _say(self, way: Entered, answer: dict[str, Any]) -> None:
        way.send(STDOUT, json.dumps(answer).encode() + b"\n")


@pytest.mark.parametrize("cuts", [(), (0,), (1,), (2, 1), (1, 1, 1), (3, 0, 2)])
def test_wherever_its_connection_is_cut_all_comes_once(
    api: ApiServer, found: Found, cuts: tuple[int, ...]
) -> None:
    pod(api, found)
    api.pod = Coordinator(*cuts)
    items = list(watch(api))

    assert kinds(items) == KINDS and kinds(items[-1:]) == [ev.FINISHED]
    assert lines(items) == LINES
    assert "GET Pod log" not in api.asked, "its coordinator has told all"


def test_how_it_ended_is_noted_for_who_looks_from_elsewhere(api: ApiServer, found: Found) -> None:
    pod(api, found)
    api.pod = Coordinator()
    list(watch(api))

    notes = api.api.one("Job", f"{RUN}-worker")["metadata"]["annotations"]
    assert json.loads(notes[names.ENDED])["state"] == "succeeded"


@pytest.mark.parametrize("right", ["PATCH Job", "GET Event", "GET Node"])
def test_a_right_that_is_missing_beside_costs_no_line(
    api: ApiServer, found: Found, right: str
) -> None:
    api.refuses[right] = 403
    pod(api, found)
    api.pod = Coordinator()
    items = list(watch(api))

    assert kinds(items) == KINDS and lines(items) == LINES


def fetching(error: Refused | None = None) -> watching.Fetch:
    def fetch(*_: Any) -> Iterator[Item]:
        yield Note("outputs")
        if error is not None:
            raise error

    return fetch


def test_outputs_come_after_all_lines_and_then_the_nodes_may_go(
    api: ApiServer, found: Found
) -> None:
    pod(api, found)
    api.pod = there = Coordinator()
    items = list(watch(api, fetch=fetching()))

    at = items.index(Note("outputs"))
    assert lines(items[:at]) == LINES and kinds(items[at:]) == [ev.FINISHED]
    assert there.released == 1


def test_outputs_that_cannot_come_are_told_after_the_end_and_stay_there(
    api: ApiServer, found: Found
) -> None:
    pod(api, found)
    api.pod = there = Coordinator()
    watched = watch(api, fetch=fetching(Refused("no room here")))
    items: list[Item] = []
    with pytest.raises(Unfetched, match="no room here") as raised:
        items.extend(watched)
    assert "rankzero outputs digits-7f3a" in str(raised.value.hint)
    assert there.released == 0


@pytest.mark.parametrize("ranks", [frozenset({0}), frozenset()])
def test_only_the_lines_that_are_asked_for_are_given(
    api: ApiServer, found: Found, ranks: frozenset[int]
) -> None:
    ended(api, found)
    api.logs[f"{RUN}-worker-0-x"] = log(*HISTORY)
    items = list(watch(api, LogQuery(ranks=ranks)))

    assert lines(items) == (LINES if ranks else b"")
    assert kinds(items) == KINDS


def test_of_a_run_whose_end_was_seen_nothing_is_asked_again(api: ApiServer, found: Found) -> None:
    ended(api, found)
    known = History(state=ev.SUCCEEDED, last_seq=5)
    assert list(watch(api, LogQuery(nodes=()), events_from=6, known=known)) == []


@pytest.mark.parametrize("told", [HISTORY, None], ids=["by its log", "by its agent's last word"])
@pytest.mark.parametrize("queue", [True, False])
def test_what_never_found_room_is_given_back_at_the_end(
    api: ApiServer, queue: bool, told: list[ev.Event] | None
) -> None:
    """However the end is known. In a queue it is the queue's to give back."""
    found = submit(api, RUN, roles={**ONE, "evaluator": {}})
    if queue:
        for role in ("worker", "evaluator"):
            labels = {"labels": {names.QUEUE: "gpus"}}
            api.change("Job", f"{RUN}-{role}", metadata=labels)
        api.change("Job", f"{RUN}-evaluator", spec={"suspend": True})
    pod(api, found, "evaluator/0", machine="")
    ended(api, found)
    if told is not None:
        api.logs[f"{RUN}-worker-0-x"] = log(*told)
    list(watch(api))

    if queue:
        assert api.api.names("Job") == [f"{RUN}-worker"]
    else:
        assert api.api.one("Job", f"{RUN}-evaluator")["spec"]["parallelism"] == 0
