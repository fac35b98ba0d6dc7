"""Times, amounts and counts as people write them."""

import pytest

from rankzero.spec import units


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90),
        (0, 0),
        (1.5, 1.5),
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("2d", 172800),
        ("1.5h", 5400),
        ("5 min", 300),
        ("1w 1d", 691200),
    ],
)
def test_times(value, seconds):
    assert units.seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [-1, "-1s", "soon", "", "5 parsecs", True, None, [1], float("nan"), float("inf"), "1m x"],
)
def test_what_is_no_time(value):
    with pytest.raises(ValueError, match=r'must be a time: .*"30m"'):
        units.seconds(value)


@pytest.mark.parametrize("read", [units.seconds, units.quantity, units.nodes, units.memory])
@pytest.mark.parametrize("text", ["５", "3５", "５s", "５Gi", "３m", "1:５", "1.５"])
def test_digits_are_those_of_ascii(read, text):
    """Kubernetes takes no others."""
    with pytest.raises(ValueError, match=r"must be|is not a quantity"):
        read(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("5Gi", 5 * 1024**3), ("500m", 0.5), ("2", 2), ("1.5k", 1500), ("1Ki", 1024), ("3E", 3e18)],
)
def test_quantities(text, amount):
    assert units.quantity(text) == text
    assert units.amount(text) == pytest.approx(amount)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        *[("5 Gigs", "5Gi"), ("5GB", "5G"), ("5GiB", "5Gi"), ("5gb", "5G"), ("16 gib", "16Gi")],
        *[("200MB", "200M"), ("a lot", "an amount such as 5Gi"), ("", "an amount")],
        *[(wrong, "an amount") for wrong in (None, True, [], "-5Gi")],
    ],
)
def test_a_wrong_quantity_is_answered_with_a_right_one(wrong, right):
    with pytest.raises(ValueError, match=f"is not a quantity; write {right}"):
        units.quantity(wrong)


def test_processors():
    assert [units.processors(v) for v in (2, 0.5, "500m", "4")] == [2, 0.5, 0.5, 4]
    for wrong in (0, -1, "x", True, None, "1e9", 10**9):
        with pytest.raises(ValueError, match="must be a number of processors above 0"):
            units.processors(wrong)


def test_no_less_of_a_processor_than_kubernetes_can_give():
    assert [units.processors(v) for v in (0.001, "1m")] == [0.001, 0.001]
    with pytest.raises(ValueError, match=r"at least 0\.001 processors"):
        units.processors(0.0001)


def test_memory_without_a_unit_is_taken_for_a_slip():
    assert units.memory("16Gi") == "16Gi"
    assert units.memory(2 * 1024**2) == str(2 * 1024**2)
    with pytest.raises(ValueError, match="at least 1Mi; with a unit, such as 16Gi"):
        units.memory(16)
    with pytest.raises(ValueError, match="such as 500Gi"):
        units.memory("500m")


def test_sizes_in_bytes():
    assert units.size("256Mi") == 256 * 1024**2
    assert units.size(100) == 100


@pytest.mark.parametrize(
    ("value", "ends"),
    [(1, (1, 1)), ("3", (3, 3)), ("1:4", (1, 4)), ("2:2", (2, 2)), (" 1: 4", (1, 4))],
)
def test_nodes(value, ends):
    assert units.nodes(value) == ends


@pytest.mark.parametrize("value", [0, -1, "0:2", "1:2:3", "a:b", ":", "1:", "", 1.5, True, None])
def test_what_is_no_number_of_nodes(value):
    with pytest.raises(ValueError, match='at least 1, or a range such as "1:4"'):
        units.nodes(value)


def test_a_range_the_wrong_way_round_is_turned():
    with pytest.raises(ValueError, match="minimum first: 2:4"):
        units.nodes("4:2")


def test_more_nodes_than_names_allow():
    with pytest.raises(ValueError, match="at most 10,000"):
        units.nodes(10_001)
