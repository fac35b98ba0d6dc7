"""The event loop: descriptors, timers, signals."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from rankzero.agent.loop import Clock
from rankzero.agent.pipe import Pipe


def test_the_clock_never_runs_backwards() -> None:
    clock = Clock()
    times = [clock.now() for _ in range(1000)]

    assert times == sorted(times)


def test_timers_fire_in_the_order_of_time_then_of_making(loop) -> None:
    fired: list[str] = []
    now = loop.now()
    for when, name in ((0.02, "later"), (0.01, "first"), (0.01, "second"), (-5.0, "overdue")):
        loop.at(now + when, lambda name=name: fired.append(name))
    loop.until(lambda: len(fired) == 4)

    assert fired == ["overdue", "first", "second", "later"]


def test_a_cancelled_timer_does_not_fire(loop) -> None:
    fired: list[str] = []
    loop.after(0.0, lambda: fired.append("never")).cancel()
    loop.after(0.005, lambda: fired.append("this"))
    loop.until(lambda: fired)

    assert fired == ["this"]


def test_a_timer_may_cancel_another_of_the_same_moment(loop) -> None:
    fired: list[str] = []
    when = loop.now()
    loop.at(when, lambda: second.cancel())
    second = loop.at(when, lambda: fired.append("never"))
    loop.after(0.005, lambda: fired.append("end"))
    loop.until(lambda: fired)

    assert fired == ["end"]


def test_a_descriptor_is_read_and_let_go(loop) -> None:
    read, write = os.pipe()
    got: list[bytes] = []
    loop.watch(read, lambda: got.append(os.read(read, 10)))
    os.write(write, b"one")
    loop.until(lambda: got)
    loop.watch(read)
    os.write(write, b"two")
    loop.after(0.005, lambda: got.append(b"end"))
    loop.until(lambda: b"end" in got)
    loop.watch(read)  # a second time is no error

    assert got == [b"one", b"end"]
    os.close(read)
    os.close(write)


def test_a_callback_may_close_what_is_ready_in_the_same_round(loop) -> None:
    """The other's descriptor is gone by the time its turn comes: it must not be called."""
    pipes = [os.pipe(), os.pipe()]
    called: list[int] = []

    def first_come(own: int, other: int) -> None:
        called.append(own)
        loop.watch(pipes[own][0])
        loop.watch(pipes[other][0])
        os.close(pipes[other][0])

    loop.watch(pipes[0][0], lambda: first_come(0, 1))
    loop.watch(pipes[1][0], lambda: first_come(1, 0))
    for _, write in pipes:
        os.write(write, b"x")
    loop.until(lambda: called)

    assert len(called) == 1
    os.close(pipes[called[0]][0])
    for _, write in pipes:
        os.close(write)


def test_a_signal_comes_in_the_loop(loop) -> None:
    heard: list[str] = []
    before = signal.getsignal(signal.SIGUSR1)
    wakeup = signal.set_wakeup_fd(-1)
    try:
        loop.on_signal(signal.SIGUSR1, lambda: heard.append("usr1"))
        os.kill(os.getpid(), signal.SIGUSR1)
        assert heard == [], "not in the handler, but when the loop comes round"
        loop.until(lambda: heard)
    finally:
        signal.signal(signal.SIGUSR1, before)
        signal.set_wakeup_fd(wakeup)

    assert heard == ["usr1"]


def test_what_other_threads_have_to_say_is_said_in_the_loop(loop) -> None:
    said: list[int] = []
    here = threading.get_ident()

    def tell() -> None:
        for number in range(100_000):  # more than a pipe holds
            loop.soon(lambda number=number: said.append(number if where() == here else -1))

    where = threading.get_ident
    threads = [threading.Thread(target=tell) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    loop.until(lambda: len(said) == 200_000)

    assert sorted(said) == sorted([*range(100_000)] * 2)


def test_a_blocking_call_s_answer_comes_in_the_loop(loop) -> None:
    answers: list[tuple[int, bool]] = []
    here = threading.get_ident()
    loop.elsewhere(
        threading.get_ident, lambda there: answers.append((there, threading.get_ident() == here))
    )
    loop.until(lambda: answers)

    ((there, in_the_loop),) = answers
    assert there != here
    assert in_the_loop


@pytest.fixture
def piped(loop):
    """A pipe, the blocks that came out of it, and whether its end came."""
    blocks: list[bytes] = []
    pipe = Pipe(loop)
    pipe.listen(blocks.append)
    yield pipe, blocks
    pipe.close()


def test_a_pipe_gives_what_is_written_and_then_its_end(loop, piped) -> None:
    pipe, blocks = piped
    ended: list[bool] = []
    pipe.on_end = lambda: ended.append(True)
    child = os.dup(pipe.write_fd)
    pipe.started()
    os.write(child, b"hello\n")
    loop.until(lambda: blocks)
    assert pipe.open
    os.close(child)
    loop.until(lambda: ended)

    assert b"".join(blocks) == b"hello\n"
    assert not pipe.open


def test_a_drained_pipe_has_given_all_that_is_in_it(piped) -> None:
    pipe, blocks = piped
    for number in range(100):
        os.write(pipe.write_fd, b"%d\n" % number)
    pipe.drain()

    assert b"".join(blocks) == b"".join(b"%d\n" % number for number in range(100))
    assert pipe.open, "its writer is still there"


def test_a_closed_pipe_gives_nothing_more(piped) -> None:
    pipe, blocks = piped
    os.write(pipe.write_fd, b"late")
    pipe.close()
    pipe.close()
    pipe.drain()

    assert blocks == []
