"""A job file's text: every way in which it can be unreadable, and what its words mean."""

import os

import pytest

from rankzero.spec import reading
from rankzero.spec.given import Given, resolve
from rankzero.spec.problems import Problem, SpecError


def read(text: str) -> tuple[Given, list[Problem]]:
    problems: list[Problem] = []
    return reading.read_text(text, "job.yaml", problems), problems


def refused(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        reading.read_text(text, "job.yaml", [])
    return "\n".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("012", 12),
        ("0x1f", 31),
        ("0o17", 15),
        ("1:30", "1:30"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("1_000", "1_000"),
        ("1.2.3", "1.2.3"),
        ("2001-01-01", "2001-01-01"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_word_means_what_yaml_1_2_says(text, value):
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quotes_make_text_and_the_written_form_is_kept():
    tree, problems = read("a: '1'\nb: 1.10\nc: !!str 7\nd: |\n  two\n  lines\n")
    assert tree.plain() == {"a": "1", "b": 1.1, "c": "7", "d": "two\nlines\n"}
    assert tree.entries["b"].as_text().value == "1.10"
    assert problems == []


def test_each_value_knows_its_place_and_path():
    tree, _ = read("# top\nroles:\n  worker:\n    nproc: -1\n    args:\n      - a\n      - b\n")
    nproc = tree.find(("roles", "worker", "nproc")).place
    assert (nproc.line, nproc.column, str(nproc)) == (4, 5, "job.yaml:4: roles.worker.nproc")
    second = tree.find(("roles", "worker", "args", 1)).place
    assert str(second) == "job.yaml:7: roles.worker.args[1]"
    # What is not there is placed at the nearest thing above it.
    assert tree.find(("roles", "worker", "cpu")).place.line == 3


def test_a_key_given_twice_is_a_problem_at_any_depth_and_the_first_counts():
    tree, problems = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [str(problem) for problem in problems] == [
        "job.yaml:2: b.c: is given twice, first in line 2; keep one of them",
        "job.yaml:3: a: is given twice, first in line 1; keep one of them",
    ]
    assert tree.plain() == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize("key", ['"<<"', "'<<'"])
def test_a_quoted_merge_sign_is_a_key_like_any_other(key):
    tree, problems = read(f"a: {{{key}: 5, b: 1}}\n")
    assert tree.plain() == {"a": {"<<": 5, "b": 1}}
    assert problems == []


def test_anchors_and_merges_work():
    tree, problems = read("base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: *b\nlist: [*b, *b]\n")
    assert tree.plain()["one"] == {"x": 1, "y": 3}
    assert tree.plain()["two"] == {"x": 1, "y": 2}
    assert len(tree.plain()["list"]) == 2
    assert problems == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "job.yaml: is empty"),
        ("# only a comment\n", "is empty"),
        ("---\n", "is empty"),
        (
            "- a\n- b\n",
            "job.yaml:1: must be a mapping of keys, such as `run: train.py`; got a list",
        ),
        ("train.py\n", "got a single value"),
        ("run: a.py\nroles:\n\tworker: 1\n", "job.yaml:3: has a tab; YAML wants spaces there"),
        ("\trun: a.py\n", "job.yaml:1: has a tab"),
        ("run: [a\nb: c\n", "is not YAML"),
        ("a: b: c\n", "job.yaml:1: is not YAML: mapping values are not allowed in this context"),
        ("a: *nowhere\n", "job.yaml:1: a: `*nowhere` has no `&nowhere` before it"),
        ("a: &a [*a]\n", "job.yaml:1: a[0]: `*a` holds itself"),
        ("a: !!python/object:os.system ls\n", "the tag tag:yaml.org,2002:python/object"),
        ("a: !custom {b: 1}\n", "the tag !custom has no meaning here"),
        ("? [a, b]\n: c\n", "a key must be a word"),
        ("? {a: b}\n: c\n", "a key must be a word"),
        ("~: c\n", "a key must be a word"),
        ("a: {<<: 5}\n", "`<<` merges mappings only"),
        ("a: x\0y\n", "job.yaml:1: holds the control character '\\x00'"),
        ("a: 1\nb: \x1b[0m\n", "job.yaml:2: holds the control character '\\x1b'"),
        ("a: " + "[" * 5000, "is nested deeper than 20 levels"),
        ("a: " + "{b: " * 5000, "is nested deeper than 20 levels"),
    ],
)
def test_unreadable_text_is_refused_with_its_line(text, message):
    assert message in refused(text)


def test_a_second_document_is_refused_where_it_begins():
    assert refused("run: a.py\n---\nrun: b.py\n") == (
        "job.yaml:2: a second document begins; a file holds one job"
    )


def test_aliases_that_multiply_are_stopped_early():
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "holds more than 100,000 values" in refused("\n".join(bomb))


class TestFiles:
    def fault(self, path) -> str:
        with pytest.raises(SpecError) as caught:
            reading.read_file(str(path))
        return str(caught.value.problems[0])

    def test_a_missing_file(self, tmp_path):
        assert self.fault(tmp_path / "no.yaml").endswith("no.yaml: there is no such file")

    def test_a_folder(self, tmp_path):
        assert self.fault(tmp_path).endswith("is a folder; name the job file inside it")

    def test_an_unreadable_path(self, tmp_path):
        file = tmp_path / "file"
        file.write_text("")
        assert "cannot be read: Not a directory" in self.fault(file / "job.yaml")
        assert "cannot be read" in self.fault("a\0b.yaml")

    def test_another_encoding(self, tmp_path):
        file = tmp_path / "job.yaml"
        file.write_bytes(b"run: a.py\nname: caf\xe9\n")
        assert self.fault(file) == f"{file}:2: is not UTF-8 text (byte 0xe9); save it as UTF-8"

    def test_a_byte_order_mark_is_fine(self, tmp_path):
        file = tmp_path / "job.yaml"
        file.write_bytes(b"\xef\xbb\xbfrun: a.py\n")
        assert reading.read_file(str(file)) == "run: a.py\n"

    def test_a_file_that_is_no_job(self, tmp_path):
        file = tmp_path / "weights.yaml"
        with file.open("wb") as stream:
            os.truncate(stream.fileno(), reading.LARGEST + 1)
        assert "larger than 1 MiB" in self.fault(file)
