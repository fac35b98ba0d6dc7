"""The fenced blocks of README and docs, and what the comment before each asks of its test.

A comment is `<!-- test: WORD REST -->` on the line before the fence:

    file NAME     the block is written to NAME in the page's folder, for the blocks after it
    skip REASON   not run; every skip is also listed in test_docs.py
    run           a python block is executed, not only compiled
    cluster       its commands are typed where there is a Kubernetes: tests/cluster/test_docs.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
#: Pages that users read. What Sphinx generates is made from the code and needs no test here.
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(p for p in ROOT.glob("docs/**/*.md") if "_build" not in p.parts),
        *(p for p in ROOT.glob("examples/**/*.md") if ".venv" not in p.parts),
    ]
)

_FENCE = re.compile(
    r"^(?:<!-- test: (?P<word>\w+) ?(?P<rest>.*?) ?-->\n)?"
    r"(?P<indent> *)(?P<ticks>```+)(?P<language>[\w-]*)[^\n`]*\n"
    r"(?P<text>.*?)^(?P=indent)(?P=ticks)$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """One fenced block. line counts from 1 and is that of the fence."""

    page: Path
    line: int
    language: str
    text: str
    word: str = ""
    rest: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    source = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(source):
        yield Block(
            page,
            source.count("\n", 0, match.start("ticks")) + 1,
            match["language"],
            re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE),
            match["word"] or "",
            match["rest"] or "",
        )


def every(language: str) -> list[Block]:
    """Every block of a language, on all pages."""
    return [b for page in PAGES for b in blocks(page) if b.language == language]
