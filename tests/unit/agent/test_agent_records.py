"""What a node finds out and writes down: failures, history, reports, itself, its config."""

from __future__ import annotations

import json
import os
import resource
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.agent import autopsy, birth
from rankzero.agent import events as ev
from rankzero.agent.chronicle import Chronicle, read
from rankzero.agent.config import AgentConfig, Command, Limits, RoleShape, load
from rankzero.agent.reports import Reports
from rankzero.contracts.topology import Settings


def config(**changes) -> AgentConfig:
    made = AgentConfig(
        run="digits-7f3a",
        role="worker",
        index=1,
        roles=(RoleShape("ps", 1, 2, False), RoleShape("worker", 1, 4)),
        settings=Settings("digits-7f3a", "torch", "gloo", 29500, 60.0, 3),
        command=Command("script", "mein träining.py", ("--lr", "0.1", "")),
        coordinator="127.0.0.1:4000",
        token_file="/run/token",
        folder="/run/nodes/worker-1",
        outputs="/run/outputs",
        workdir="/work",
        python="/usr/bin/python3",
    )
    return made._replace(**changes)


# -- autopsy


@pytest.fixture
def traces(tmp_path: Path) -> autopsy.Traces:
    return autopsy.Traces(str(tmp_path / "ranks"), 2, 5)


def record(traces: autopsy.Traces, code: int, tail: bytes = b""):
    return autopsy.failure(traces, 5, "worker/1", code, 100.0, tail)


def test_an_exit_code_without_any_trace(traces) -> None:
    found = record(traces, 3, b"last words\n")

    assert found["message"] == "exited with code 3"
    assert (found["code"], found["signal"], found["exception"]) == (3, None, None)
    assert (found["rank"], found["node"], found["time"]) == (5, "worker/1", 100.0)
    assert found["tail"] == ["last words"]


def test_a_signal_with_the_stacks_that_it_left(traces) -> None:
    Path(traces.crash).write_text("Fatal Python error: Segmentation fault\n")
    found = record(traces, -signal.SIGSEGV)

    assert found["message"] == "was killed by signal 11 (SIGSEGV)"
    assert (found["code"], found["signal"]) == (None, 11)
    assert "Segmentation fault" in found["crash"]


def test_stacks_of_a_rank_that_exited_by_itself_are_no_crash(traces) -> None:
    Path(traces.crash).write_text("a dump that the script asked for\n")

    assert record(traces, 1)["crash"] == ""


def test_the_exceptions_time_is_the_failures_time(traces) -> None:
    error = {"type": "ValueError", "message": "nan", "time": 42.5, "traceback": "...", "frames": []}
    Path(traces.error).write_text(json.dumps(error))
    found = record(traces, 1)

    assert found["time"] == 42.5
    assert found["message"] == "ValueError: nan"
    assert found["exception"]["traceback"] == "..."


def test_what_torch_recorded_serves_where_nothing_else_is(traces) -> None:
    extra = {"py_callstack": "Traceback ...", "timestamp": "42"}
    message = {"message": "RuntimeError: NCCL: lost", "extraInfo": extra}
    Path(traces.torch).write_text(json.dumps({"message": message}))
    found = record(traces, 1)

    assert found["exception"]["type"] == "RuntimeError"
    assert found["exception"]["message"] == "NCCL: lost"
    assert found["exception"]["traceback"] == "Traceback ..."
    assert found["time"] == 42.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"message": "text"}',
        '{"type": 3}',
        '{"message": {"message": "x", "extraInfo": 3}}',
        '{"message": {"message": "x", "extraInfo": {"timestamp": "soon"}}}',
    ],
)
def test_traces_that_are_damaged_cost_only_themselves(traces, text: str) -> None:
    for path in (traces.error, traces.torch):
        Path(path).write_text(text)

    assert record(traces, 1)["code"] == 1


def test_a_tail_is_short_and_readable(traces) -> None:
    found = record(traces, 1, b"\xff\xfe\n" + b"line\n" * 100)

    assert found["tail"] == ["line"] * autopsy.TAIL_LINES
    json.dumps(found)


def test_empty_traces_are_cleared_and_full_ones_stay(traces) -> None:
    Path(traces.error).touch()
    Path(traces.crash).write_text("stacks")
    traces.clear()

    assert not os.path.exists(traces.error)
    assert os.path.exists(traces.crash)


@pytest.mark.parametrize(
    ("code", "ours"),
    [(0, True), (-15, True), (-9, True), (143, True), (1, False), (-11, False), (-6, False)],
)
def test_who_was_told_to_end_ended_by_that(code: int, ours: bool) -> None:
    assert autopsy.ours(code) is ours


# -- chronicle

kinds = st.sampled_from([ev.NOTICE, ev.REPORT, "a kind of tomorrow"])
datas = st.dictionaries(
    st.text().filter(lambda key: key not in ("seq", "time", "kind")),
    st.integers() | st.text() | st.none(),
    max_size=4,
)


def chronicle(path: Path) -> Chronicle:
    return Chronicle(str(path), lambda event: None)


@given(st.lists(st.tuples(kinds, datas), max_size=8))
def test_events_are_read_as_they_were_written(events) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.jsonl")
        written = chronicle(path)
        for kind, data in events:
            written.add(1.5, kind, data)
        written.close()

        assert read(str(path)) == written.events
    assert [(one.kind, one.data) for one in written.events] == events
    assert [event.seq for event in written.events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("cut", range(0, 401, 7))
def test_a_history_cut_anywhere_is_taken_up(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "events.jsonl"
    first = chronicle(path)
    for number in range(5):
        first.add(number, ev.NOTICE, {"node": "worker/0", "text": "grüße"})
    first.close()
    path.write_bytes(path.read_bytes()[:cut])
    kept = read(str(path))

    second = chronicle(path)
    second.add(9.0, ev.RUNNING, {"generation": 1})
    second.close()

    assert read(str(path))[:-1] == kept
    assert second.events[-1] == read(str(path))[-1]
    assert (second.events[-1].seq, second.events[-1].kind) == (len(kept) + 1, ev.RUNNING)


def test_a_history_ends_with_its_end(tmp_path: Path) -> None:
    """Also where nodes come back, or tell what they use, while somebody looks at a run that is
    over."""
    path = tmp_path / "events.jsonl"
    told: list[ev.Event] = []
    one = Chronicle(str(path), told.append)
    one.add(1.0, ev.FINISHED, {"state": "succeeded"})
    one.add(2.0, ev.USAGE, {"node": "worker/0", "peak": 1})
    one.close()
    chronicle(path).add(3.0, ev.NODE_JOINED, {"node": "worker/0"})

    assert [event.kind for event in told] == [ev.FINISHED]
    assert read(str(path)) == one.events == told


def test_since_gives_the_rest(tmp_path: Path) -> None:
    one = chronicle(tmp_path / "events.jsonl")
    for number in range(4):
        one.add(number, ev.NOTICE, {"text": str(number)})

    assert [event.seq for event in one.since(3, 9)] == [3, 4]
    assert [event.seq for event in one.since(1, 9)] == [1, 2, 3, 4]
    assert one.since(5, 9) == []
    assert [event.seq for event in one.since(2, 2)] == [2, 3]


def test_without_a_path_it_is_kept_in_memory() -> None:
    told: list[ev.Event] = []
    one = Chronicle(None, told.append)
    one.add(1.0, ev.RUNNING, {"generation": 1})

    assert told == one.events
    assert one.history().state == ev.RUNNING_STATE


def test_a_disk_that_refuses_does_not_stop_the_telling(tmp_path: Path) -> None:
    told: list[ev.Event] = []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no file may grow
    try:
        full = Chronicle(str(tmp_path / "events.jsonl"), told.append)
        full.add(1.0, ev.NOTICE, {"text": "x"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert full.failed == "File too large"
    assert [event.seq for event in told] == [1]


@pytest.mark.parametrize("line", ["", "{", "null", "3", "[]", "{}", '{"seq": "x"}', '{"seq": 1}'])
def test_a_line_that_is_no_event_is_none(line: str) -> None:
    assert ev.from_line(line) is None


# -- reports


@pytest.fixture
def reported(loop):
    """Reports, and what came out of them."""
    kept: list[tuple[int, dict]] = []
    steps: list[tuple[int, float]] = []
    return (
        Reports(loop, lambda *one: kept.append(one), lambda *one: steps.append(one)),
        kept,
        steps,
    )


def test_the_first_report_comes_at_once_and_the_last_is_never_lost(reported) -> None:
    reports, kept, _ = reported
    for step in range(1000):
        reports.take(0, b'{"report": {"step": %d}}' % step)
    assert kept == [(0, {"step": 0})]
    reports.flush()

    assert kept == [(0, {"step": 0}), (0, {"step": 999})]


def test_each_rank_has_a_pace_of_its_own(reported) -> None:
    reports, kept, _ = reported
    for rank in (0, 1):
        reports.take(rank, b'{"report": {"loss": 1}}')

    assert kept == [(0, {"loss": 1}), (1, {"loss": 1})]


def test_the_first_step_is_no_report(reported) -> None:
    reports, kept, steps = reported
    reports.take(3, b'{"first_step": 12.5}')

    assert (kept, steps) == ([], [(3, 12.5)])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"\xff",
        b"3",
        b"[1]",
        b"null",
        b"nonsense",
        b'{"loss": 1}',
        b'{"report": 3}',
        b'{"first_step": "soon"}',
    ],
)
def test_what_is_no_report_is_ignored(reported, line: bytes) -> None:
    reports, kept, steps = reported
    reports.take(0, line)
    reports.flush()

    assert (kept, steps) == ([], [])


# -- birth


def test_incarnations_sort_by_their_birth() -> None:
    names = [birth.incarnation(now) for now in (1.0, 1.5, 9.0, 10.0, 1795362550.3)]

    assert names == sorted(names)
    assert birth.incarnation(1.0) != birth.incarnation(1.0)


def test_processors_as_granted_or_as_there_are() -> None:
    assert birth.cpus(3) == 3
    assert birth.cpus(0) == 1
    assert 1 <= birth.cpus(None) <= len(os.sched_getaffinity(0))


def test_devices_as_granted_or_as_made_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-abc,")
    assert birth.devices(None) == ["2", "GPU-abc"]
    assert birth.devices(("7",)) == ["7"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert birth.devices(None) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nproc": 3}, 3),
        ({"nproc": "gpu", "devices": ("0", "1")}, 2),
        ({"nproc": "gpu", "devices": ()}, 1),
        ({"nproc": "cpu", "cpus": 5}, 5),
    ],
)
def test_how_many_ranks_a_node_runs(changes, expected: int) -> None:
    assert birth.nproc(config(**changes)) == expected


# -- config


def test_a_config_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = config(
        devices=("0", "1"),
        env={"GREETING": "grüß dich"},
        ports={"http": 8080},
        limits=Limits(join_wait=1.5, log_keep=7),
        listen="fd:4",
        echo=True,
    )
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(written.to_json()), encoding="utf-8")

    assert load(str(path)) == written
    assert written.node == "worker/1"


def test_a_config_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    path.write_text(json.dumps(dict(config().to_json(), tomorrow=1)))

    with pytest.raises(TypeError, match="tomorrow"):
        load(str(path))
