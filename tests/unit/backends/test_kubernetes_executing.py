"""A command in a pod, over a WebSocket that the test has the other end of."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import IO

import pytest

from rankzero.backends.kubernetes.channels import CLOSE, ERROR, STDERR, STDIN, STDOUT
from rankzero.backends.kubernetes.executing import execute
from rankzero.backends.kubernetes.reaching import Reached, reach
from rankzero.backends.spot import Spot
from rankzero.backends.streams import Streams
from rankzero.errors import BadRequest, Refused
from support.apiserver import ApiServer, Asked
from support.entered import Entered
from support.runs import PYTHON, pod, submit
from support.waiting import PATIENCE

DONE = b'{"status": "Success"}'


class Ends:
    """The caller's streams: what it types, and what it reads."""

    def __init__(self) -> None:
        self._all = contextlib.ExitStack()
        self.typed = self._all.enter_context(os.fdopen(self._pipe(0), "wb", buffering=0))
        self.out, self.err = self._reader(1), self._reader(2)

    def _pipe(self, number: int) -> int:
        inner, outer = os.pipe()
        mine, theirs = (outer, inner) if number == 0 else (inner, outer)
        self._theirs = {**getattr(self, "_theirs", {}), number: theirs}
        return mine

    def _reader(self, number: int) -> IO[bytes]:
        return self._all.enter_context(os.fdopen(self._pipe(number), "rb", buffering=0))

    @property
    def streams(self) -> Streams:
        return Streams(*(self._theirs[number] for number in range(3)))

    def close(self) -> None:
        self.ended()
        self._all.close()

    def ended(self) -> None:
        """Nothing writes to them any more."""
        while self._theirs:
            os.close(self._theirs.popitem()[1])

    def printed(self) -> tuple[bytes, bytes]:
        self.ended()
        return self.out.read(), self.err.read()


@pytest.fixture
def ends() -> Iterator[Ends]:
    with contextlib.closing(Ends()) as made:
        yield made


@pytest.fixture
def at(api: ApiServer) -> Reached:
    """The first node of a run."""
    found = submit(api)
    pod(api, found)
    return reach(api.cluster(), found.run, Spot())


def exits(code: int) -> bytes:
    cause = {"reason": "ExitCode", "message": str(code)}
    return json.dumps({"status": "Failure", "details": {"causes": [cause]}}).encode()


Pod = Callable[[Asked, Entered], None]


def says(*frames: tuple[int, bytes]) -> Pod:
    """A pod that says these, whatever it is told."""

    def answer(_: Asked, way: Entered) -> None:
        for channel, data in frames:
            way.send(channel, data)

    return answer


def run(api: ApiServer, at: Reached, ends: Ends, *command: str, rank: int | None = 0) -> int:
    return execute(api.cluster(), at, rank, command, ends.streams)


def test_what_it_prints_comes_where_it_belongs_with_its_exit_code(
    api: ApiServer, at: Reached, ends: Ends
) -> None:
    long = b"x" * 60_000
    api.pod = says((STDOUT, b"one "), (STDERR, b"oh"), (STDOUT, long), (ERROR, exits(3)))

    assert run(api, at, ends, "true") == 3
    assert ends.printed() == (b"one " + long, b"oh")


@pytest.mark.parametrize(("rank", "said"), [(1, "1"), (None, "-")])
def test_it_is_started_by_the_agent_as_a_rank_or_none(
    api: ApiServer, at: Reached, ends: Ends, rank: int | None, said: str
) -> None:
    asked: list[list[str]] = []

    def answer(how: Asked, way: Entered) -> None:
        asked.append(how.words)
        assert (how.name, how.under, how.query["container"]) == (at.name, "exec", "rank")
        assert "tty" not in how.query, "nobody sits there"
        way.send(ERROR, DONE)

    api.pod = answer
    assert run(api, at, ends, "ls", "-l", "a b", rank=rank) == 0

    ((python, _, verb, config, who, _mark, *command),) = asked
    assert (python, verb, who, command) == (PYTHON, "exec", said, ["ls", "-l", "a b"])
    assert "worker" in config


def test_what_is_typed_goes_there_and_so_does_its_end(
    api: ApiServer, at: Reached, ends: Ends
) -> None:
    def cat(_: Asked, way: Entered) -> None:
        for channel, data in way.frames():
            if (channel, data) == (CLOSE, bytes([STDIN])):
                way.send(ERROR, DONE)
                return
            assert channel == STDIN
            way.send(STDOUT, data)

    api.pod = cat
    ends.typed.write(b"abc\n" * 1000)
    ends.typed.close()

    assert run(api, at, ends, "cat") == 0
    assert ends.printed() == (b"abc\n" * 1000, b"")


def test_a_server_that_cannot_pass_on_the_end_of_the_input_is_told_of(
    api: ApiServer, at: Reached, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Entered, "speaks", Entered.speaks[1:])
    read, heard = ends.err, queue.SimpleQueue[bytes]()

    def wait(_: Asked, way: Entered) -> None:
        heard.put(read.read(200))
        way.send(ERROR, DONE)

    api.pod = wait
    ends.typed.close()

    assert run(api, at, ends, "cat") == 0
    assert b"older than Kubernetes 1.30 and cannot pass on that the input" in heard.get()


def test_a_command_that_never_began_is_told_in_the_cluster_s_words(
    api: ApiServer, at: Reached, ends: Ends
) -> None:
    failure = b'{"status": "Failure", "message": "no such file: /opt/python"}'
    api.pod = says((ERROR, failure))

    with pytest.raises(Refused, match="could not run the command: no such file: /opt/python"):
        run(api, at, ends, "true")


def test_a_pod_that_goes_with_its_machine_is_told_with_what_to_type(
    api: ApiServer, at: Reached, ends: Ends
) -> None:
    def die(_: Asked, way: Entered) -> None:
        way.send(STDOUT, b"so far")
        way.cut()

    api.pod = die

    with pytest.raises(Refused, match=r"connection to worker/0 \(pod .*\) is gone") as raised:
        run(api, at, ends, "true")
    assert "rankzero status digits-7f3a" in str(raised.value.hint)
    assert ends.printed() == (b"so far", b"")


@pytest.mark.parametrize(("code", "said"), [(403, "may not"), (404, "refused with 404")])
def test_who_may_not_enter_or_comes_too_late_is_told(
    api: ApiServer, at: Reached, ends: Ends, code: int, said: str
) -> None:
    api.refuses["GET Pod exec"] = code

    with pytest.raises(Refused, match=said):
        run(api, at, ends, "true")


class Long:
    """A pod whose command runs until it is told of a signal by a second one, with its mark."""

    def __init__(self, *, deaf: bool = False) -> None:
        self._deaf, self._marks = deaf, dict[str, threading.Event]()
        self.signals: list[int] = []

    def __call__(self, asked: Asked, way: Entered) -> None:
        verb = asked.words[2]
        if verb == "signal":
            mark, number = asked.words[3:]
            self.signals.append(int(number))
            way.send(ERROR, DONE)
            if not self._deaf:
                self._marks[mark].set()
            return
        told = self._marks.setdefault(asked.words[5], threading.Event())
        way.send(STDOUT, b"here")
        if self._deaf:
            list(way.frames())
        elif told.wait(PATIENCE):
            way.send(ERROR, exits(128 + self.signals[-1]))


def signalled(ends: Ends, *numbers: int) -> threading.Thread:
    """Signals to this process, the first as soon as the command has said something."""

    def send() -> None:
        ends.out.read(4)
        for number in numbers:
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_ctrl_c_is_the_command_s_and_its_end_is_the_command_s(
    api: ApiServer, at: Reached, ends: Ends
) -> None:
    api.pod = there = Long()
    sending = signalled(ends, signal.SIGINT)

    assert run(api, at, ends, "sleep") == 128 + signal.SIGINT
    sending.join()
    assert there.signals == [signal.SIGINT]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_has_to_leave_tells_the_command_and_does_not_wait_for_it(
    api: ApiServer, at: Reached, ends: Ends, number: int
) -> None:
    api.pod = there = Long(deaf=True)
    sending = signalled(ends, number)

    assert run(api, at, ends, "sleep") == 128 + number
    sending.join()
    assert there.signals == [number]


def test_signals_are_handled_afterwards_as_they_were(
    api: ApiServer, at: Reached, ends: Ends
) -> None:
    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)
    before = [signal.getsignal(number) for number in handled]
    api.pod = says((ERROR, DONE))
    run(api, at, ends, "true")

    assert [signal.getsignal(number) for number in handled] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_node_that_is_not_there_is_told_with_why(api: ApiServer) -> None:
    found = submit(api)
    cluster = api.cluster()
    pod(api, found)
    with pytest.raises(Refused, match=r"worker/1 of .* is not there at present: it has no pod"):
        reach(cluster, found.run, Spot(node="worker/1"))

    pod(api, found, "worker/1", machine="")
    with pytest.raises(Refused, match="its pod is Pending") as raised:
        reach(cluster, found.run, Spot(node="1"))
    assert "rankzero why digits-7f3a" in str(raised.value.hint)

    with pytest.raises(BadRequest, match=r'no node "worker/2". It has: worker/0, worker/1'):
        reach(cluster, found.run, Spot(node="worker/2"))


def test_the_newest_of_a_node_s_pods_is_the_node(api: ApiServer) -> None:
    found = submit(api)
    born = [f"2026-01-01T00:00:0{second}Z" for second in (1, 3, 2)]
    for name, when in zip(("old", "new", "between"), born, strict=True):
        pod(api, found, name=name, metadata={"creationTimestamp": when})

    assert reach(api.cluster(), found.run, Spot()).name == "new"


def test_a_node_of_a_run_that_has_ended_is_told_with_what_is_left(api: ApiServer) -> None:
    found = submit(api)
    done = {"conditions": [{"type": "Complete", "status": "True"}]}
    api.change("Job", found.job["metadata"]["name"], status=done)

    with pytest.raises(Refused, match=r"has ended \(succeeded\): worker/0 is not there") as raised:
        reach(api.cluster(), found.run, Spot())
    assert "rankzero logs digits-7f3a" in str(raised.value.hint)
