"""Amounts, selectors, ranks and moments: small pure things, as tables."""

from __future__ import annotations

import pytest

from rankzero.cli.moments import moment
from rankzero.cli.options import ranks_of
from rankzero.cli.select import matches
from rankzero.cli.show.amounts import age, duration, size
from rankzero.cli.show.explained import span
from rankzero.errors import BadRequest


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (11.24, "11.2 s"),
        (19.96, "20 s"),
        (41.4, "41 s"),
        (99.4, "99 s"),
        (99.6, "1 min 40 s"),
        (120, "2 min"),
        (3599.7, "1 h"),
        (3840, "1 h 4 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (41, "41s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (200000, "2d")],
)
def test_age(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (9_123, "9 kB"),
        (999_600, "1.0 MB"),
        (1_900_000_000, "1.9 GB"),
        (15_900_000_000, "16 GB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_size(count, text):
    assert size(count) == text


LABELS = {"team": "a", "kind": "nightly", "empty": ""}


@pytest.mark.parametrize(
    ("selectors", "held"),
    [
        ((), True),
        (("team=a",), True),
        (("team=b",), False),
        (("team!=b",), True),
        (("team!=a",), False),
        (("absent!=a",), True),
        (("team",), True),
        (("absent",), False),
        (("empty=",), True),
        (("team=a", "kind=nightly"), True),
        (("team=a", "kind=daily"), False),
    ],
)
def test_labels_select(selectors, held):
    assert matches(LABELS, selectors) is held


@pytest.mark.parametrize("selector", ["", "=a", "!=a"])
def test_a_selector_without_a_key_is_refused(selector):
    with pytest.raises(BadRequest, match="selects nothing"):
        matches(LABELS, (selector,))


@pytest.mark.parametrize(
    ("texts", "ranks"),
    [
        ((), None),
        (("3",), {3}),
        (("0-2,7",), {0, 1, 2, 7}),
        (("1", "4-5"), {1, 4, 5}),
    ],
)
def test_ranks(texts, ranks):
    assert ranks_of(texts) == ranks


@pytest.mark.parametrize(
    "text", ["x", "-1", "1-x", "", "1,,2", "²", "5-3", "0-9999999999", "9" * 5000]
)
def test_what_is_no_rank(text):
    with pytest.raises(BadRequest, match="is no rank"):
        ranks_of((text,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("90s", 910.0),
        ("5m", 700.0),
        ("5 min", 700.0),
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
    ],
)
def test_moments(text, expected):
    assert moment(text, now=1000.0) == expected


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "2026-13-01"])
def test_what_is_no_moment(text):
    with pytest.raises(BadRequest, match="is no age or time"):
        moment(text)


@pytest.mark.parametrize(
    ("ranks", "text"),
    [((), ""), ((3,), "rank 3"), ((2, 3), "ranks 2-3"), ((0, 1, 4), "ranks 0-1,4")],
)
def test_spans(ranks, text):
    assert span(ranks) == text
