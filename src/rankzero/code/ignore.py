"""What of a folder is not code: what no program needs, and what the ignore files name.

`.gitignore` has Git's rules, except for those outside of the folder (global excludes,
`.git/info/exclude`): the last pattern that fits decides, `!` takes back, a deeper file wins over
one above it, and nothing below an ignored folder can be taken back. `.rankzeroignore` is written
the same way and wins over every `.gitignore`; only it can take back what no program needs.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

OWN_FILE = ".rankzeroignore"
#: Of an ignore file no more than this is read.
MOST_BYTES = 256 * 1024
#: Folders by their name, wherever they lie: caches, environments, histories.
NEVER_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".idea", ".vscode"),
        *("__pycache__", ".venv", ".env", "venv", "node_modules", ".tox", ".nox", ".eggs"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".cache"),
        *(".ipynb_checkpoints", "wandb"),
    )
)
NEVER_ENDINGS = (".pyc", ".pyo", ".swp", "~", ".egg-info")
#: A worktree and a submodule have a file where a repository has the folder `.git`.
NEVER_FILES = frozenset((".git", ".DS_Store", "Thumbs.db"))
#: How what `rankzero doctor --bundle` writes is called, which lies where one was.
BUNDLE = "rankzero-doctor-"
#: What stands for a class of characters, as in `[[:lower:]]`, in a regular expression.
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


class Rule(NamedTuple):
    """One line of an ignore file. keeps: it began with `!`; folders: it ended with `/`; broad:
    its last part is made of wildcards only, as in `!src/**`.
    """

    pattern: re.Pattern[str]
    keeps: bool
    folders: bool
    broad: bool = False


class Rules(NamedTuple):
    """The rules of one folder's file. folder: where it lies, from the root on."""

    folder: str
    rules: tuple[Rule, ...]

    def deciding(self, path: str, is_folder: bool) -> Rule | None:
        """The last rule that fits a path (from the root on)."""
        inner = path[len(self.folder) + 1 :] if self.folder else path
        for rule in reversed(self.rules):
            if (is_folder or not rule.folders) and rule.pattern.fullmatch(inner):
                return rule
        return None


class Ignores(NamedTuple):
    """All rules that hold in one folder: those of the ignore files in it and above it."""

    git: tuple[Rules, ...] = ()
    own: tuple[Rules, ...] = ()

    def inside(self, folder: Path, name: str) -> Ignores:
        """With the files of a folder below. name: that folder from the root on."""
        git, own = (read_rules(folder, name, file) for file in (".gitignore", OWN_FILE))
        return Ignores((*self.git, git) if git else self.git, (*self.own, own) if own else self.own)

    def leave_out(self, path: str, is_folder: bool) -> bool:
        """Whether a path (from the root on) takes no part."""
        own = deciding(path, is_folder, self.own)
        if own is not None and not own.keeps:
            return True
        if self.named(path, is_folder):
            return False
        if never(path.rpartition("/")[2], is_folder):
            return True
        return own is None and ignored(path, is_folder, self.git)

    def named(self, path: str, is_folder: bool) -> bool:
        """Whether `.rankzeroignore` takes a path back by its name.

        Only then does it win over lists of names: who writes `*` and `!*/` and `!*.py`, to say
        that only Python files are code, means neither `.git/` nor `.env`.
        """
        own = deciding(path, is_folder, self.own)
        return own is not None and own.keeps and not own.broad


def never(name: str, is_folder: bool) -> bool:
    """Whether a name is no code wherever it lies."""
    if is_folder and name in NEVER_FOLDERS:
        return True
    if name.startswith(BUNDLE) and name.endswith(".tar.gz"):
        return True
    return name in NEVER_FILES or name.endswith(NEVER_ENDINGS)


def read_rules(folder: Path, name: str, file: str = ".gitignore") -> Rules | None:
    """The rules of an ignore file, where there is one. name: its folder from the root on."""
    try:
        with open(folder / file, "rb", opener=_at_once) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return None
            text = opened.read(MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return None
    found = (parse(line) for line in text.splitlines())
    return Rules(name, tuple(rule for rule in found if rule))


def _at_once(path: str, flags: int) -> int:
    """Opens a pipe, too, without waiting for somebody who writes to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def ignored(path: str, is_folder: bool, levels: tuple[Rules, ...]) -> bool:
    """The verdict of the deepest file that has one."""
    rule = deciding(path, is_folder, levels)
    return rule is not None and not rule.keeps


def deciding(path: str, is_folder: bool, levels: tuple[Rules, ...]) -> Rule | None:
    """The rule of the deepest file that has one for this path."""
    for rules in reversed(levels):
        rule = rules.deciding(path, is_folder)
        if rule is not None:
            return rule
    return None


def parse(line: str) -> Rule | None:
    """One line as a rule; None for comments, blanks and what is no pattern."""
    text = re.sub(r"(?<!\\) +$", "", line)
    if not text or text.startswith("#"):
        return None
    keeps = text.startswith("!")
    text = text[1:] if keeps else text
    folders = text.endswith("/")
    text = text.removesuffix("/")
    if not text:
        return None
    anchored = "/" in text
    text = text.removeprefix("/")
    broad = not text.rpartition("/")[2].strip("*?.")
    try:
        expression = _expression(text)
        pattern = re.compile(expression if anchored else f"(?:.*/)?{expression}")
        return Rule(pattern, keeps, folders, broad)
    except (re.error, KeyError):
        return None


def _expression(pattern: str) -> str:
    """A pattern as a regular expression. `*` stays within a name, `**` goes through folders.

    Errors: KeyError for a class of characters that is none.
    """
    out, at = "", 0
    while at < len(pattern):
        rest = pattern[at:]
        bracket = re.match(r"\[(!|\^)?(\]?(?:\[:\w*:\]|[^\]])+)\]", rest)
        if rest.startswith("**/") and (at == 0 or pattern[at - 1] == "/"):
            out, at = out + "(?:.*/)?", at + 3
        elif rest == "**" and (at == 0 or pattern[at - 1] == "/"):
            out, at = out + ".+", at + 2
        elif rest[0] == "*":
            stars = len(rest) - len(rest.lstrip("*"))
            out, at = out + "[^/]*", at + stars
        elif rest[0] == "?":
            out, at = out + "[^/]", at + 1
        elif bracket:
            inner = re.sub(r"\[:(\w*):\]|[\\\[]", _in_brackets, bracket[2])
            out += f"(?!/)[{'^' if bracket[1] else ''}{inner}]"
            at += bracket.end()
        elif rest[0] == "\\" and len(rest) > 1:
            out, at = out + re.escape(rest[1]), at + 2
        else:
            out, at = out + re.escape(rest[0]), at + 1
    return out


def _in_brackets(found: re.Match[str]) -> str:
    """A class of characters, or one that means something in a regular expression only."""
    return "\\" + found[0] if found[1] is None else _CLASSES[found[1]]
