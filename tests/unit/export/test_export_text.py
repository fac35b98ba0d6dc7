"""YAML as people write it, which says exactly what was meant."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from rankzero.export.text import Octal, Page, Short, expression, fits_block, quoted, spelt

TEXTS = st.text(st.sampled_from(" \ta:#-|>'\"{}[]é\n%&*!?,0~")).filter(fits_block)


@given(st.lists(TEXTS.filter(bool)))
def test_texts_of_several_lines_are_read_back_as_they_were(texts: list[str]) -> None:
    page = Page()
    made = {"a": {"b": [{"name": "x", "value": page.block(one)} for one in texts], "c": "end"}}
    read = yaml.safe_load(page.dump(made))
    assert [one["value"] for one in read["a"]["b"]] == texts
    assert read["a"]["c"] == "end"


@given(st.dictionaries(TEXTS, TEXTS))
def test_any_text_is_read_back_as_a_text(texts: dict[str, str]) -> None:
    assert yaml.safe_load(Page().dump(texts)) == texts


def test_what_no_block_can_show() -> None:
    assert fits_block("a\tb\né\U0001f600")
    assert not any(map(fits_block, ("\r\n", "\0", "\x1b", "\x85", "\ue010", "\ufeff", "\u2028")))


def test_comments_stand_above_their_key_and_lists_are_indented() -> None:
    page = Page()
    made = page.noted(
        {"b": ["x", "y"], "a": Short(["x", "1"]), "m": Octal(0o755)}, {"a": "why\nso"}
    )
    assert page.dump(made) == ('b:\n  - x\n  - y\n# why\n# so\na: [x, "1"]\nm: 0755\n')


def test_a_template_fills_in_its_own_expressions_and_no_text_of_the_user_s() -> None:
    page = Page()
    made = {"a": "{{ x }}", "b": expression(".y | quote") + "-z", "c": quoted(expression(".z"))}
    assert page.template(made).splitlines() == [
        "a: '{{ `{{` }} x }}'",
        "b: {{ .y | quote }}-z",
        "c: {{ .z | quote }}",
    ]
    assert page.template({"d": "{" + expression(".y") + "}"}) == "d: '{{ `{` }}{{ .y }}}'\n"
    assert spelt([{"a": expression(".y")}]) == [{"a": "{{ .y }}"}]
    assert quoted("x" + expression(".z")) == "x" + expression(".z")


def test_lines_know_how_far_they_are_indented() -> None:
    from rankzero.export.text import DEEPER, DEPTH

    page = Page()
    made = {"a": {"b": [page.line(f"nindent {DEPTH} {DEEPER}")]}}
    assert page.dump(made) == "a:\n  b:\n    nindent 4 6\n"
