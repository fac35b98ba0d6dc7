"""Runs the `console` blocks of a page as a reader would type them, and compares what they show.

`$ rankzero ...`, `$ python FILE ...`, `$ cat ...`, `$ ls ...` and `$ echo $?` are typed; other
commands need a block that is skipped, or belong to `make` and `pip`, which are checked by name.
A shown line must occur in the real output. Numbers, run ids and paths differ from time to time and
are not compared; a line that is `...`, or the rest of one after ` ...`, stands for anything.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .blocks import Block, blocks

_RUN_ID = re.compile(r"\b([a-z][\w-]*)-([0-9a-f]{4})\b")
_PATH = re.compile(r"(?:~|(?<=\s)|^)/[\w./~-]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?: ?(?:ms|min|[kM]?B|[smh])\b)?")
#: A command, which a backslash continues on the next line, and what is shown below it.
_COMMAND = re.compile(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", re.DOTALL)
_ELSEWHERE = ("make ", "pip ", "python -m pip ", "git ", "cd ", ". ", "export ")


class Command(NamedTuple):
    """One typed line, the lines shown under it, and the exit code that a reader is told of."""

    line: int
    text: str
    shown: tuple[str, ...] = ()
    code: int = 0


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; `$ echo $?` becomes the code of the one before it."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    line, found = block.line + 1 + parts[0].count("\n"), []
    for part in parts[1:]:
        head, tail = _COMMAND.match(part).groups()
        if head.strip() == "echo $?":
            found[-1] = found[-1]._replace(code=int(tail.strip()))
        else:
            found.append(Command(line, head.replace("\\\n", " "), tuple(tail.splitlines())))
        line += part.count("\n")
    yield from found


class Reader:
    """Somebody who follows a page, with a home of their own, in a folder of it or in `work`."""

    #: How long a command may take (seconds).
    patience = 120

    def __init__(self, folder: Path, work: Path | None = None) -> None:
        self.folder = work or folder / "work"
        self.folder.mkdir(exist_ok=True)
        self.state = folder / ".local" / "state"
        self.seen: dict[str, str] = {}
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("RANKZERO_", "XDG_"))},
            "HOME": str(folder),
            "NO_COLOR": "1",
            "COLUMNS": "100",
            "PYTHONUTF8": "1",
        }

    def write(self, block: Block) -> None:
        """Save a block that is a file of the page's story."""
        path = self.folder / block.rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")

    def type(self, command: Command) -> tuple[int, str]:
        """Run a command; its exit code and all that it printed."""
        argv = [self._real(word) for word in shlex.split(command.text, comments=True)]
        if argv[0] == "rankzero":
            argv[:1] = [sys.executable, "-m", "rankzero"]
        elif argv[0] == "python":
            argv[0] = sys.executable
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.patience,
        )
        self.seen.update({found[1]: found[0] for found in _RUN_ID.finditer(done.stdout)})
        return done.returncode, done.stdout

    def _real(self, word: str) -> str:
        """A run id as printed on the page stands for the newest run of that name."""
        return _RUN_ID.sub(lambda m: self._newest(m[1]) or m[0], word)

    def _newest(self, name: str) -> str | None:
        runs = [p for p in self.state.glob("rankzero/runs/*") if _RUN_ID.fullmatch(p.name)]
        named = [p for p in runs if p.name.rsplit("-", 1)[0] == name]
        if not named:  # one on a cluster, as it was printed
            return self.seen.get(name)
        return max(named, key=lambda p: p.stat().st_mtime_ns).name


def masked(line: str) -> str:
    """A line without what differs from run to run."""
    line = _RUN_ID.sub(r"\1-ID", line.strip())
    line = _NUMBER.sub("N", _PATH.sub("PATH", line))
    return re.sub(r"[\s─-╿]+", " ", line).strip()


def unseen(shown: tuple[str, ...], output: str) -> list[str]:
    """The shown lines that the real output lacks."""
    real = [masked(line) for line in output.splitlines()]
    missing = []
    for line in shown:
        start, cut, _ = line.partition("...")
        want = masked(start)
        fits = any(r.startswith(want) if cut else r == want for r in real)
        if want and not fits:
            missing.append(line)
    return missing


def follow(page: Path, folder: Path) -> Iterator[str]:
    """Follow a page from top to bottom, without a cluster; yields what is wrong with it."""
    yield from follow_as(Reader(folder), page)


def follow_as(reader: Reader, page: Path, on_cluster: bool = False) -> Iterator[str]:
    """on_cluster: type what is for a cluster, too."""
    for block in blocks(page):
        if block.word == "file":
            reader.write(block)
        if block.language not in ("console", "bash") or block.word == "skip":
            continue
        if block.word == "cluster" and not on_cluster:
            continue
        yield from _tried(reader, block)


def _tried(reader: Reader, block: Block) -> Iterator[str]:
    for command in commands(block):
        if command.text.startswith(_ELSEWHERE):
            continue
        code, output = reader.type(command)
        place = f"{block.place.rsplit(':', 1)[0]}:{command.line}: {command.text}"
        if code != command.code:
            yield f"{place}\nended with {code}, not {command.code}:\n{output}"
        for line in unseen(command.shown, output):
            yield f"{place}\nshows a line that was not printed: {line!r}; it printed:\n{output}"
