"""A request against LimitRanges, and what they give it."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import limits, quota
from rankzero.backends.kubernetes.preflight.model import Verdict

from .given import NAMESPACE, judged, listed, pods, request, texts


def limit_range(kind: str = "Container", **limit: Any) -> dict[str, Any]:
    return {"metadata": {"name": "small"}, "spec": {"limits": [{"type": kind, **limit}]}}


def verdict(some: Any, *ranges: dict[str, Any]) -> Verdict:
    return judged(limits, request(some), {limits.ranges(NAMESPACE): listed(*ranges)})


SIZED = pods(requests={"cpu": "2", "memory": "4Gi"}, limits={"memory": "4Gi"})


@pytest.mark.parametrize(
    ("some", "limit"),
    [
        (SIZED, limit_range(max={"memory": "4Gi"}, min={"cpu": "1"})),
        (pods(), limit_range(max={"memory": "4Gi"}, default={"memory": "1Gi"})),
        (SIZED, limit_range("Pod", max={"memory": "4Gi"})),
        (SIZED, limit_range("PersistentVolumeClaim", max={"storage": "1Gi"})),
        (SIZED, limit_range(maxLimitRequestRatio={"memory": "1"})),
    ],
)
def test_within_the_limits(some: Any, limit: dict[str, Any]) -> None:
    assert texts(verdict(some, limit)) == []


@pytest.mark.parametrize(
    ("some", "limit", "said"),
    [
        (
            SIZED,
            limit_range(max={"memory": "2Gi"}),
            'LimitRange "small" allows a container at most 2 GiB memory, '
            "and a pod of worker asks for 4 GiB memory",
        ),
        (SIZED, limit_range("Pod", max={"memory": "2Gi"}), "allows a pod at most 2 GiB memory"),
        (
            SIZED,
            limit_range(min={"cpu": "3"}),
            "no less than 3 cpu, and a pod of worker asks for 2",
        ),
        (pods(), limit_range(min={"cpu": "3"}), "asks for no cpu"),
        (pods(), limit_range(max={"memory": "2Gi"}), "has no memory limit"),
        (
            pods(requests={"cpu": "1"}, limits={"cpu": "4"}),
            limit_range(maxLimitRequestRatio={"cpu": "2"}),
            "a cpu limit of at most 2 times the request, and a pod of worker has one of 4 times",
        ),
    ],
)
def test_beyond_the_limits(some: Any, limit: dict[str, Any], said: str) -> None:
    (text,) = texts(verdict(some, limit))

    assert said in text


def test_what_is_not_said_is_given() -> None:
    given = limit_range(default={"cpu": "2"}, defaultRequest={"cpu": "1", "memory": "1Gi"})
    answers = {limits.ranges(NAMESPACE): listed(given)}
    (some,) = limits.completed(request(pods(limits={"memory": "3Gi"})), answers)

    assert some.containers[0]["resources"] == {
        "requests": {"cpu": "1", "memory": "3Gi"},
        "limits": {"cpu": "2", "memory": "3Gi"},
    }


def test_what_is_given_counts_for_a_quota() -> None:
    answers = {
        limits.ranges(NAMESPACE): listed(limit_range(default={"cpu": "2"})),
        quota.quotas(NAMESPACE): listed(
            {"metadata": {"name": "q"}, "spec": {"hard": {"limits.cpu": "3"}}}
        ),
    }
    (text,) = texts(judged(quota, request(), answers))

    assert text == 'quota "q" is 3 limits.cpu, and the run takes 4 limits.cpu'


def test_ranges_that_may_not_be_read_are_not_checked() -> None:
    assert judged(limits, request()) == Verdict(unchecked=("may not list limitranges",))
