"""Whether a model is another one, and what is said of a predictor's file before it is run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero.code.model_files import identity, pack_model
from rankzero.code.predictors import packed
from rankzero.errors import BadRequest, Refused


def test_a_model_is_known_by_names_and_contents_wherever_it_lies(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_text(text)
    same, other = identity(tmp_path / "a"), identity(tmp_path / "c")
    assert identity(tmp_path / "b") == same != other
    (tmp_path / "b" / "more").write_text("")
    assert identity(tmp_path / "b") != same
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert identity(tmp_path / "link") == same
    assert identity(tmp_path / "a" / "model.bin") == same, "a file is the only one of its folder"
    with pytest.raises(BadRequest, match="--model: there is no"):
        identity(tmp_path / "gone")


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        ("class P: pass", "app.py:Q", r"app.py has no class Q; .* It has: P\."),
        ("class P(:", "app.py:P", "app.py:1: invalid syntax"),
        ("", "other.py:P", 'there is no predictor "other.py:P"'),
        ("", "app:P", "Write FILE.py:CLASS"),
        ("", "../app.py:P", "there is no predictor"),
    ],
)
def test_a_predictor_that_could_only_fail_is_refused(
    tmp_path: Path, text: str, target: str, says: str
) -> None:
    (tmp_path / "app.py").write_text(text)
    with pytest.raises(BadRequest) as refused:
        packed(tmp_path, target, ())

    assert re.search(says, str(refused.value))


@pytest.mark.parametrize(
    "text", ["class P: pass", "P = make()", "from m import P", "from m import *"]
)
def test_what_a_file_may_have_is_packed_and_what_is_no_code_is_not(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "app.py").write_text(text)
    (tmp_path / "model.bin").write_text("weights")
    assert packed(tmp_path, "app.py:P", [tmp_path / "model.bin"]).files == 1


def test_what_links_to_folders_lead_to_is_of_the_model_and_loops_end(tmp_path: Path) -> None:
    (tmp_path / "model" / "a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    weights = tmp_path / "elsewhere" / "weights"
    weights.write_text("1")
    (tmp_path / "model" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "model" / "a" / "up").symlink_to(tmp_path / "model")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "model" / "a")
    (tmp_path / "model" / "a" / "forth").symlink_to(tmp_path / "elsewhere")
    before = identity(tmp_path / "model")
    weights.write_text("2")
    assert identity(tmp_path / "model") != before


@pytest.mark.parametrize("read", [identity, pack_model])
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    (tmp_path / "weights").write_text("1")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match=re.escape(f"cannot read {tmp_path / 'lost'}")):
        read(tmp_path)
