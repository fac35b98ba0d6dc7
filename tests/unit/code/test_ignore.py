"""Ignore rules, held against git itself."""

import shutil
import subprocess

import pytest

from rankzero.code import survey
from rankzero.code.ignore import Rules, ignored, never, parse


def verdict(pattern: str, path: str, is_folder: bool = False) -> bool:
    rules = tuple(rule for line in pattern.splitlines() if (rule := parse(line)))
    return ignored(path, is_folder, (Rules("", rules),))


@pytest.mark.parametrize(
    ("pattern", "hit", "miss"),
    [
        ("*.log", "a/b.log", "a/b.logs"),
        ("data", "x/data", "x/data2"),
        ("/data", "data", "x/data"),
        ("a/b", "a/b", "x/a/b"),
        ("**/b", "x/y/b", "x/yb"),
        ("a/**/b", "a/x/y/b", "a/xb"),
        ("a/**", "a/x/y", "a"),
        ("a?c", "abc", "a/c"),
        ("[ab].py", "a.py", "c.py"),
        ("[!ab].py", "c.py", "a.py"),
        (r"\#x", "#x", "x"),
        (r"\!x", "!x", "x"),
        ("*.log\n!keep.log", "b.log", "keep.log"),
        ("a b  ", "a b", "a"),
        ("(x)+", "(x)+", "xx"),
    ],
)
def test_patterns(pattern, hit, miss):
    assert verdict(pattern, hit)
    assert not verdict(pattern, miss)


def test_a_slash_at_the_end_means_folders():
    assert verdict("build/", "build", is_folder=True)
    assert not verdict("build/", "build")


@pytest.mark.parametrize("line", ["", "   ", "# note", "/", "!", "[z-a]"])
def test_lines_that_are_no_rule(line):
    assert parse(line) is None


def test_a_deeper_file_wins():
    above, below = Rules("", (parse("*.txt"),)), Rules("a", (parse("!keep.txt"),))
    assert ignored("a/x.txt", False, (above, below))
    assert not ignored("a/keep.txt", False, (above, below))


def test_what_is_never_code():
    assert never(".git", True)
    assert not never(".git", False)
    assert never("a.pyc", False)
    assert not never("train.py", False)


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
def test_the_same_files_as_git_finds(tmp_path):
    files = ["a.py", "b.log", "keep.log", "data/x.csv", "src/data/y.csv", "src/m.py", "src/out.txt"]
    files += [
        "deep/a/b/c.tmp",
        "deep/a/keep.tmp",
        "build/x.py",
        "src/build",
        "doc/a b.md",
        "é/ü.py",
    ]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n/data\nbuild/\ndeep/**/*.tmp\n")
    (tmp_path / "src" / ".gitignore").write_text("*.txt\n!/data/\n")
    (tmp_path / "deep" / ".gitignore").write_text("!keep.tmp\n")
    git = ["git", "-c", "core.quotePath=off", "-c", "core.excludesFile="]
    subprocess.run([*git, "init", "-q", str(tmp_path)], check=True)
    listed = [*git, "ls-files", "--others", "--exclude-standard", "-z"]
    found = subprocess.run(listed, cwd=tmp_path, check=True, capture_output=True, text=True)
    names = found.stdout.strip("\0").split("\0")
    assert survey(tmp_path).files == len(names)
    # The same number is the same set: what git leaves out changes nothing, all else does.
    before = survey(tmp_path).digest
    for name in files:
        (tmp_path / name).write_text("changed")
        assert (survey(tmp_path).digest != before) == (name in names), name
        (tmp_path / name).write_text(name)
