"""Batches, admission, successors and settings: decided without a clock."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from rankzero.errors import BadRequest
from rankzero.serving.batching.deciding import (
    Policy,
    Take,
    Wait,
    admits,
    next_batch,
    retry_after,
)
from rankzero.serving.budget import Budget
from rankzero.serving.metrics import Metrics, shared
from rankzero.serving.restarting import Ended, Successor, successor
from rankzero.serving.settings import Settings
from rankzero.serving.shedding import plain_request

POLICY = Policy(most=4, wait=0.5, room=8, patience=30)


@pytest.mark.parametrize(
    ("waiting", "busy", "now", "verdict"),
    [
        (0, False, 10.0, None),
        (1, False, 10.0, Wait(10.5)),
        (3, False, 10.4, Wait(10.5)),
        (3, False, 10.5, Take(3)),
        (4, False, 10.0, Take(4)),
        (9, False, 10.0, Take(4)),
        (9, True, 11.0, None),
    ],
)
def test_a_batch_begins_when_it_is_full_or_its_first_has_waited(
    waiting: int, busy: bool, now: float, verdict: object
) -> None:
    assert next_batch(POLICY, waiting, 10.0, busy, now) == verdict


def test_there_is_room_for_so_many_and_who_is_refused_is_told_when() -> None:
    assert (admits(POLICY, 7), admits(POLICY, 8)) == (True, False)
    assert retry_after(POLICY, 8, 0.01) == 1
    assert retry_after(POLICY, 8, 3.0) == 6
    assert retry_after(POLICY, 8, 1e9) == 60


def test_a_worker_that_fails_again_and_again_is_started_more_and_more_seldom() -> None:
    failures, waits = 0, []
    for _ in range(7):
        follows = successor(Ended(None, 1.0, failures), started=True)
        assert follows is not None
        waits.append(follows.after)
        failures = follows.failures
    assert waits == [0, 1, 3, 7, 15, 30, 30]
    assert successor(Ended(None, 100.0, 5), started=True) == Successor(0.0, 0)
    assert successor(Ended("stuck", 0.0, 5), started=True) == Successor(0.0, 0)
    assert successor(Ended(None, 0.0, 0), started=False) is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "predictor"),
        ({"predictor": "a.py:A", "prot": 1}, '"prot"'),
        ({"predictor": "a.py:A", "port": 70_000}, "port is 70000"),
        ({"predictor": "a.py:A", "workers": 0}, "workers is 0"),
        ({"predictor": "a.py:A", "timeout": 0}, "timeout is 0"),
        ({"predictor": "a.py:A", "max_batch": "4"}, "max-batch"),
    ],
)
def test_settings_say_what_is_wrong_with_them(given: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        Settings.of(given)


def test_settings_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"predictor": "a.py:A", "workers": 3}))
    assert Settings.read(file) == Settings("a.py:A", workers=3)
    for text in ("[]", "{", ""):
        file.write_text(text)
        with pytest.raises(BadRequest, match=r"config\.json"):
            Settings.read(file)


def test_strangers_need_a_token_unless_somebody_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("a-long-token\n")
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        with pytest.raises(BadRequest, match="no token was given"):
            Settings("a.py:A", host=host).token()
        assert Settings("a.py:A", host=host, token_file=str(file)).token() == "a-long-token"
        assert Settings("a.py:A", host=host, no_token=True).token() is None
    for host in ("127.0.0.1", "localhost", "::1"):
        assert Settings("a.py:A", host=host).token() is None
    monkeypatch.setenv("RANKZERO_SERVE_TOKEN", "another-token")
    assert Settings("a.py:A").token() == "another-token"
    file.write_text("short")
    with pytest.raises(BadRequest, match="8 or more"):
        Settings("a.py:A", token_file=str(file)).token()


def test_workers_counts_add_up_and_outlive_them() -> None:
    fd = shared(2)
    first, second = Metrics(fd, 0, 2), Metrics(fd, 1, 2)
    for one in (first, second):
        one.begin()
        one.answered(200, 0.02)
    second.answered(503, 100.0)
    second.set("queue_length", 3)
    second.begin()  # its successor
    text = first.text()
    for line in (
        'rankzero_serving_requests_total{status="200"} 2',
        'rankzero_serving_requests_total{status="503"} 1',
        "rankzero_serving_worker_starts_total 3",
        "rankzero_serving_queue_length 0",
        'rankzero_serving_request_seconds_bucket{le="0.01"} 0',
        'rankzero_serving_request_seconds_bucket{le="0.025"} 2',
        'rankzero_serving_request_seconds_bucket{le="+Inf"} 3',
        "rankzero_serving_request_seconds_count 3",
    ):
        assert line in text.splitlines()
    first.ready()
    assert not first.all_loaded()
    second.ready()
    assert first.all_loaded()


def test_memory_is_given_in_turn_and_given_back() -> None:
    async def story() -> list[str]:
        budget, told, go = Budget(10), [], asyncio.Event()

        async def one(name: str, amount: int) -> None:
            async with budget.taking(amount):
                told.append(name)
                await go.wait()

        tasks = [asyncio.create_task(one(name, n)) for name, n in (("a", 6), ("b", 99), ("c", 1))]
        await asyncio.sleep(0)
        before = list(told)
        tasks[1].cancel()  # who no longer wants its turn does not keep others from theirs
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await one("whole", 10)
        return [*before, "|", *told]

    assert asyncio.run(story()) == ["a", "|", "a", "c", "whole"]


HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (HEAD + b"content-length: 2\r\n\r\n{}", (b"", 2)),
        (HEAD + b"X-Request-ID: me\r\nContent-Length:2\r\n\r\n{}", (b"me", 2)),
        (HEAD + b"content-length: 3\r\n\r\n{}", None),
        (HEAD + b"content-length: 1\r\n\r\n{}", None),
        (HEAD + b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}", None),
        (HEAD + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n{}", None),
        (HEAD + b"connection: close\r\ncontent-length: 2\r\n\r\n{}", None),
        (HEAD + b"\r\n", None),
        (b"POST /predict/x HTTP/1.1\r\ncontent-length: 0\r\n\r\n", None),
        (b"GET /live HTTP/1.1\r\n\r\n", None),
    ],
)
def test_only_the_plainest_request_is_refused_in_passing(
    data: bytes, plain: tuple[bytes, int] | None
) -> None:
    assert plain_request(data) == plain
