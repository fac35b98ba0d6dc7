"""Amounts in words, and which machine comes nearest to what a pod asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.spec.units import amount
from rankzero.why.amounts import number, shown
from rankzero.why.fitting import lacking, largest, nearest
from rankzero.why.seen import Machine, Pod, Toleration

from .looks import pod


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("cpu", 0.5, "0.5"),
        ("nvidia.com/gpu", 8.0, "8"),
        ("memory", 7.6 * 1024**3, "7.6Gi"),
        ("memory", 512.0 * 1024**2, "512Mi"),
        ("memory", 1000.0 * 1024**2, "1000Mi"),
        ("memory", 1023.6 * 1024**2, "1024Mi"),
        ("ephemeral-storage", 3.0 * 1024**4, "3Ti"),
        ("hugepages-2Mi", 2.0 * 1024**2, "2Mi"),
        ("memory", 1000.0, "1000"),
        ("memory", 0.0, "0"),
        ("pods", 2_000_000.0, "2000000"),
    ],
)
def test_an_amount_is_told_as_it_is_asked_for(name: str, value: float, text: str) -> None:
    assert shown(name, value) == text


@given(st.sampled_from(["memory", "cpu", "ephemeral-storage"]), st.integers(0, 2**60))
def test_what_is_told_can_be_typed_and_comes_to_about_the_same(name: str, value: int) -> None:
    assert amount(shown(name, float(value))) == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize("text", ["", "much", "-", "1Q"])
def test_what_is_no_amount_counts_for_nothing(text: str) -> None:
    assert number(text) == 0.0


CPUS = st.integers(0, 8).map(str)
TAINTS = st.sampled_from([(), (("gpu", "yes", "NoSchedule"),), (("x", "", "PreferNoSchedule"),)])
MACHINES = st.lists(
    st.builds(
        Machine,
        st.sampled_from("abc"),
        ready=st.booleans(),
        labels=st.sampled_from([{}, {"zone": "a"}]),
        taints=TAINTS,
        has=st.fixed_dictionaries({"cpu": CPUS}),
    ),
    max_size=3,
)
PODS = st.builds(
    lambda cpu, selector, tolerations: pod(
        requests={"cpu": cpu}, selector=selector, tolerations=tolerations
    ),
    CPUS,
    st.sampled_from([{}, {"zone": "a"}]),
    st.sampled_from([(), (Toleration("gpu", "yes", "NoSchedule"),)]),
)


@given(PODS, MACHINES)
def test_the_nearest_lacks_least_and_is_told_only_where_none_would_do(
    asks: Pod, machines: list[Machine]
) -> None:
    found = nearest(asks, machines)
    lacks = [lacking(asks, one) for one in machines]

    if found is None:
        assert not lacks or any(not one.words for one in lacks)
    else:
        assert found in lacks and len(found.words) == min(len(one.words) for one in lacks) > 0


@pytest.mark.parametrize(
    ("tolerations", "fits"),
    [
        ((), False),
        ((Toleration("gpu", "yes", "NoSchedule"),), True),
        ((Toleration("gpu", None),), True),
        ((Toleration("", None),), True),
        ((Toleration("gpu", "no", "NoSchedule"),), False),
        ((Toleration("gpu", "yes", "NoExecute"),), False),
        ((Toleration("other", None),), False),
    ],
)
def test_a_taint_keeps_away_who_does_not_put_up_with_it(
    tolerations: tuple[Toleration, ...], fits: bool
) -> None:
    machine = Machine("a", taints=(("gpu", "yes", "NoSchedule"),))
    assert (lacking(pod(tolerations=tolerations), machine).words == ()) is fits


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (Machine("a", has={"cpu": "2"}), ("has 2 cpu, 4 asked",)),
        (Machine("a", has={"cpu": "8"}, free={"cpu": 1.5}), ("has 1.5 free of 8 cpu, 4 asked",)),
        (Machine("a", has={"cpu": "8"}, free={"cpu": -1.0}), ("has 0 free of 8 cpu, 4 asked",)),
        (Machine("a", has={"cpu": "8"}, free={}), ("has 0 free of 8 cpu, 4 asked",)),
        (Machine("a", ready=False, has={"cpu": "8"}), ("is not ready",)),
        (Machine("a", has={}), ("has 0 cpu, 4 asked",)),
    ],
)
def test_what_a_machine_lacks_is_told(machine: Machine, words: tuple[str, ...]) -> None:
    assert lacking(pod(requests={"cpu": "4"}), machine).words == words


def test_of_two_that_lack_the_same_the_larger_one_is_nearer() -> None:
    machines = [Machine("small", has={"cpu": "1"}), Machine("large", has={"cpu": "3"})]
    found = nearest(pod(requests={"cpu": "4"}), machines)

    assert found is not None and found.machine == "large"
    assert (largest("cpu", machines), largest("gpu", machines), largest("cpu", [])) == (3, 0, 0)
