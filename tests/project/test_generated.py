"""What the documentation takes from the code: all of it, and as Markdown that reads well."""

from __future__ import annotations

import re
import sys

import click
import pytest

import rankzero

from .blocks import ROOT

sys.path.insert(0, str(ROOT / "docs" / "ext"))

from generated import fill
from generated.commands import verbs
from generated.fields import keys
from generated.markdown import cell, escaped, table
from generated.names import public

VERBS = dict(verbs())


def section(page: str, heading: str) -> str:
    """A generated page's text from one heading to the next."""
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def generated(name: str) -> str:
    return "\n" + fill(f"<!-- generated: {name} -->")


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_a_section_with_every_option(name: str) -> None:
    text = section(generated("commands"), name)
    for param in VERBS[name].params:
        if isinstance(param, click.Option) and not param.hidden:
            assert param.help, f"{name}: {param.opts[0]} has no help"
            for option in param.opts:
                assert option in text, (name, option)


def test_every_public_name_has_a_section() -> None:
    page = generated("names")
    for name in public():
        assert section(page, f"rankzero.{name}").strip(), name
    assert set(rankzero.__all__) - set(public()) == {"__version__"}
    assert "Handle.wait(" in section(page, "Handle")


@pytest.mark.parametrize(
    ("part", "some"),
    [
        ("job", {"run", "roles", "params", "max_restarts"}),
        ("role", {"nodes", "nproc", "completes"}),
        ("run", {"script", "module", "command"}),
        ("torch", {"backend", "port", "timeout"}),
        ("param", {"type", "default", "choices"}),
        ("volume", {"claim", "path", "read_only"}),
        ("toleration", {"key", "tolerationSeconds"}),
        ("rule", {"resources", "verbs"}),
        ("pipeline", {"steps", "params", "workdir"}),
        ("step", {"command", "job", "inputs", "for_each"}),
        ("service", {"image", "port", "replicas", "ready", "drain", "model"}),
    ],
)
def test_every_key_of_a_job_file_has_a_row_that_says_what_it_is(part: str, some: set[str]) -> None:
    rows = generated(f"fields {part}").strip().splitlines()[2:]
    named = {row.split("`")[1] for row in rows}
    assert named == set(keys(part)) >= some
    assert [row for row in rows if row.endswith("|  |")] == []


def test_a_job_file_s_defaults_are_shown() -> None:
    assert re.search(r"\| `max_restarts` \| `0` \|", generated("fields job"))
    assert re.search(r"\| `nproc` \| `1` \|", generated("fields role"))


def test_a_page_may_ask_only_for_what_there_is() -> None:
    with pytest.raises(KeyError):
        fill("<!-- generated: nothing -->")
    assert fill("plain <!-- generated: commands --> inside a line").startswith("plain <!--")


def test_text_becomes_markdown_that_shows_the_same_text() -> None:
    assert escaped("a*b `c*d` <e>") == "a\\*b `c*d` \\<e\\>"
    assert cell("a |\n b") == "a \\| b"
    assert table(("x", "y"), [("1", "2")]) == "| x | y |\n| --- | --- |\n| 1 | 2 |"
