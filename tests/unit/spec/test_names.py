"""Names of jobs, roles and runs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.spec import names
from rankzero.spec.model import Run


@pytest.mark.parametrize("name", ["a", "train", "a-1", "x" * 32])
def test_good_names(name):
    assert names.fault(name) is None


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("a/b", "a-b"),
        ("My Job", "my-job"),
        ("Übung", "ubung"),
        ("-a-", "a"),
        ("3d", "job-3d"),
        ("训练", "job"),
        ("", "job"),
        ("a_b.c", "a-b-c"),
        ("x" * 33, "x" * 32),
        ("../../etc/passwd", "etc-passwd"),
        ("a\n", "a"),
    ],
)
def test_a_bad_name_is_answered_with_the_nearest_good_one(name, nearest):
    assert names.valid(name) == nearest
    assert f'"{nearest}" would do' in str(names.fault(name))


@given(st.text())
def test_the_nearest_name_is_always_a_good_one(text):
    assert names.fault(names.valid(text)) is None
    assert names.fault(names.valid(text, names.LONGEST_ROLE), names.LONGEST_ROLE) is None


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (Run(script="train.py"), "train"),
        (Run(script="src/Train Net.py"), "train-net"),
        (Run(module="lab.digits"), "digits"),
        (Run(module="lab.__main__"), "lab"),
        (Run(command=("python", "-u", "fit.py", "--x")), "fit"),
        (Run(command=("./bin/solver", "9")), "solver"),
        (Run(script="训练.py"), "job"),
    ],
)
def test_the_default_name_is_the_stem_of_what_runs(run, name):
    assert names.default_name(run) == name


def test_the_longest_names_still_make_a_host_name():
    host = f"{names.run_id('x' * names.LONGEST_NAME, '7f3a')}-{'r' * names.LONGEST_ROLE}-9999"
    assert len(host) <= 63
    assert re.fullmatch(r"[a-z0-9-]+", host)
    assert names.run_id("train", "7f3a") == "train-7f3a"
