"""Amounts as Kubernetes writes them, and as people read them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rankzero.backends.kubernetes.preflight.amounts import whole
from rankzero.backends.kubernetes.preflight.quantities import amount, amounts, shown

from .given import pods


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("0.5", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("500m", Fraction(1, 2)),
        ("100u", Fraction(1, 10_000)),
        ("1n", Fraction(1, 10**9)),
        ("2k", 2000),
        ("1Ki", 1024),
        ("8Gi", 8 * 1024**3),
        ("1E", 10**18),
        ("1Ei", 1024**6),
        ("1e3", 1000),
        ("15E-1", Fraction(3, 2)),
        ("-1", -1),
        (4, 4),
    ],
)
def test_what_a_quantity_comes_to(text: object, value: Fraction) -> None:
    assert amount(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "5 Gi", "1KiB", "five"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        amount(text)


@pytest.mark.parametrize(
    ("resource", "text", "said"),
    [
        ("cpu", "1500m", "1.5 cpu"),
        ("cpu", "2", "2 cpu"),
        ("memory", "8Gi", "8 GiB memory"),
        ("requests.memory", "500Mi", "500 MiB requests.memory"),
        ("requests.nvidia.com/gpu", "4", "4 requests.nvidia.com/gpu"),
        ("hugepages-2Mi", "4Mi", "4 MiB hugepages-2Mi"),
        ("memory", "100", "100 B memory"),
    ],
)
def test_what_people_read(resource: str, text: str, said: str) -> None:
    assert shown(resource, amount(text)) == said


def container(name: str, cpu: str, **more: object) -> dict[str, object]:
    return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        ({"requests": {"cpu": "2"}}, "2"),
        ({"limits": {"cpu": "3"}}, "3"),
        ({"requests": {"cpu": "1"}, "limits": {"cpu": "3"}}, "1"),
        ({"requests": {"cpu": "1"}, "initContainers": [container("a", "4")]}, "4"),
        (
            {
                "requests": {"cpu": "1"},
                "initContainers": [container("a", "4"), container("b", "2")],
            },
            "4",
        ),
        (
            {
                "requests": {"cpu": "1"},
                "initContainers": [container("side", "2", restartPolicy="Always")],
            },
            "3",
        ),
        (
            {
                "requests": {"cpu": "1"},
                "initContainers": [
                    container("side", "2", restartPolicy="Always"),
                    container("a", "4"),
                ],
            },
            "6",
        ),
        ({"requests": {"cpu": "1"}, "overhead": {"cpu": "250m"}}, "1250m"),
    ],
)
def test_what_a_pod_asks_for(spec: dict[str, object], cpu: str) -> None:
    assert whole(pods(**spec).spec, 0)["cpu"] == amount(cpu)


def test_a_pod_that_asks_for_nothing() -> None:
    assert whole(pods().spec, 0) == {} == amounts(None)
