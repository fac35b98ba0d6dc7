"""What makes a folder too large, in five lines: neither the root of all nor every single file."""

from pathlib import Path

import pytest

from rankzero.code.refusals import largest, too_large


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({}, []),
        ({"a": 1}, [("a", 1)]),
        ({"a": 1, "b": 2}, [("b", 2), ("a", 1)]),
        ({"d/a": 5, "d/b": 5, "c": 1}, [("d/", 10), ("c", 1)]),
        ({"d/a": 95, "d/b": 5, "c": 1}, [("d/a", 95), ("c", 1)]),
        ({"d/e/f/a": 5, "d/e/f/b": 5, "c": 1}, [("d/e/f/", 10), ("c", 1)]),
        ({"d/e/a": 50, "d/f/b": 50}, [("d/", 100)]),
        (dict.fromkeys("fedcba", 1), [(name, 1) for name in "abcde"]),
        ({"d/a": 0, "d/b": 0}, [("d/b", 0)]),
    ],
)
def test_largest(sizes, shown):
    assert largest(sizes) == shown


def test_the_words():
    sizes = {"data/train.bin": 199_000_000, "data/notes": 1_000_000, "train.py": 1_234, "x": 5}
    said = str(too_large(Path("/home/ada/lab"), sizes, 16 << 20, packed=True))
    first, remedy = said.split("\n")
    assert first == (
        "the folder /home/ada/lab is too large to travel: 200.0 MB in 4 files, and the limit is "
        "16 MiB compressed. The largest in it: data/train.bin 199.0 MB, train.py 1.2 kB, x 5 B"
    )
    assert ".rankzeroignore" in remedy
    assert "volume" in remedy
    assert "image" in remedy


def test_very_deep_folders():
    name = "/".join(["d"] * 1900) + "/a"
    assert largest({name: 1}) == [(name, 1)]
