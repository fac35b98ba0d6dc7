"""Who of a run has been silent, for how long, and with which words: where a hang is looked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from rankzero.cli.show.amounts import age
from rankzero.cli.show.lines import visible
from rankzero.cli.show.terminal import BOLD, DIM

if TYPE_CHECKING:
    from rankzero.backends.base import LogBlock
    from rankzero.cli.show.terminal import Screen

#: More than these are not told: the first ones are those that the others wait for.
_MOST = 8


class LastWord(NamedTuple):
    """A rank's last line. time: when it came, in seconds since the epoch."""

    rank: int
    node: str
    time: float
    line: str


def last_words(blocks: Iterable[LogBlock]) -> list[LastWord]:
    """Of each rank that said anything in its present generation; the longest silent first."""
    found: dict[int, tuple[int, LastWord]] = {}
    for block in blocks:
        word = LastWord(block.rank, block.node, block.time, block.last_line)
        said = (block.generation, word)
        found[block.rank] = max(said, found.get(block.rank, said))
    newest = max((generation for generation, _ in found.values()), default=0)
    words = [word for generation, word in found.values() if generation == newest]
    return sorted(words, key=lambda word: word.time)


def say_silent(screen: Screen, words: list[LastWord], now: float) -> None:
    if not words:
        return
    screen.say("")
    screen.say(screen.paint("last lines, the longest silent rank first", BOLD))
    width = max(len(str(word.rank)) for word in words)
    for word in words[:_MOST]:
        ago = f"{age(now - word.time)} ago"
        line = f"rank {word.rank:<{width}}  {ago:>8}  {visible(word.line)}"
        screen.say("  " + screen.paint(line, DIM))
