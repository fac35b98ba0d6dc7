"""Ignore rules, held against git itself."""

import os
import shutil
import subprocess

import pytest

from rankzero.code import survey
from rankzero.code.ignore import MOST_BYTES, OWN_FILE, Rules, ignored, never, parse, read_rules
from rankzero.code.walk import walk


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
        ("a\t", "a\t", "a"),
        ("[[:lower:]1].py", "q.py", "Q.py"),
        ("[[:lower:]1].py", "1.py", ":.py"),
        ("[![:digit:][:upper:]]", "a", "A"),
        ("a[[:punct:]]b", "a]b", "a/b"),
        ("a[+-0]b", "a.b", "a/b"),
    ],
)
def test_patterns(pattern, hit, miss):
    assert verdict(pattern, hit)
    assert not verdict(pattern, miss)


@pytest.mark.parametrize("pattern", ["//a", "a//", "//"])
def test_a_slash_too_many_fits_nothing(pattern):
    assert not verdict(pattern, "a", is_folder=True)


def test_a_slash_at_the_end_means_folders():
    assert verdict("build/", "build", is_folder=True)
    assert not verdict("build/", "build")


@pytest.mark.parametrize("line", ["", "   ", "# note", "/", "!", "[z-a]", "[[:nope:]a]"])
def test_lines_that_are_no_rule(line):
    assert parse(line) is None


def test_a_deeper_file_wins():
    above, below = Rules("", (parse("*.txt"),)), Rules("a", (parse("!keep.txt"),))
    assert ignored("a/x.txt", False, (above, below))
    assert not ignored("a/keep.txt", False, (above, below))


def test_what_is_never_code():
    assert never(".git", True)
    assert never(".git", False), "a worktree or a submodule has a file of this name"
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


# -- the file


def test_a_mark_at_the_beginning_is_no_part_of_the_first_rule(tmp_path):
    (tmp_path / ".gitignore").write_text("data/\n*.log\n", encoding="utf-8-sig")
    rules = read_rules(tmp_path, "")
    assert rules is not None
    assert ignored("data", True, (rules,))


@pytest.mark.timeout(10)
def test_a_fifo_called_gitignore_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / ".gitignore")
    assert read_rules(tmp_path, "") is None


def test_a_device_called_gitignore_is_passed_over(tmp_path):
    (tmp_path / ".gitignore").symlink_to("/dev/null")
    assert read_rules(tmp_path, "") is None


def test_of_a_large_ignore_file_the_beginning_counts(tmp_path):
    beyond = "#" + "é" * (MOST_BYTES // 2) + "\n*.txt\n"
    (tmp_path / ".gitignore").write_text(f"*.log\n{beyond}", encoding="utf-8")
    rules = read_rules(tmp_path, "")
    assert rules is not None
    assert ignored("a.log", False, (rules,))
    assert not ignored("a.txt", False, (rules,))


# -- .rankzeroignore


def travelling(folder, git="", own="", inner=""):
    """The names that take part, of some files under some rules."""
    files = ["a.py", "b.log", "data/x.csv", "data/vocab.txt", ".git/HEAD", ".venv/b.py", "c.pyc"]
    for name in [*files, "wandb/run.json", "lab/net.py", "lab/keep/z.log"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    for name, text in ((".gitignore", git), (OWN_FILE, own), (f"lab/{OWN_FILE}", inner)):
        (folder / name).write_text(text)
    found = [one.name for one in walk(folder, most=100) if one]
    return {name for name in found if not name.endswith("ignore")}


ALWAYS = {"a.py", "b.log", "data/x.csv", "data/vocab.txt", "lab/net.py", "lab/keep/z.log"}


@pytest.mark.parametrize(
    ("git", "own", "inner", "expected"),
    [
        ("", "", "", ALWAYS),
        ("", "data/", "", ALWAYS - {"data/x.csv", "data/vocab.txt"}),
        ("*.log", "!b.log", "", ALWAYS - {"lab/keep/z.log"}),
        ("", "*.log", "!z.log", ALWAYS - {"b.log"}),
        ("data/", "!data/vocab.txt", "", ALWAYS - {"data/x.csv", "data/vocab.txt"}),
        ("data/", "!data/\ndata/*\n!data/vocab.txt", "", ALWAYS - {"data/x.csv"}),
        ("!wandb\n!c.pyc", "", "", ALWAYS),
        ("", "!wandb\n!c.pyc", "", ALWAYS | {"wandb/run.json", "c.pyc"}),
        ("", "*\n!*/\n!*.py", "", {"a.py", "lab/net.py"}),
        ("*.py", "!*", "", ALWAYS),
    ],
)
def test_rules_of_ones_own(tmp_path, git, own, inner, expected):
    assert travelling(tmp_path, git, own, inner) == expected


def test_only_a_name_takes_back_by_name():
    names = [parse(f"!{pattern}").broad for pattern in ("*", "**", "a/**", "a/*.*", "?", "*/")]
    assert all(names)
    names = [parse(f"!{pattern}").broad for pattern in (".env", "*.pem", "a/**/.env", "[ab]")]
    assert not any(names)


def test_the_order_is_that_of_names(tmp_path):
    expected = [f"{letter}.py" for letter in "abcdefghijk"] + ["a/z.py", "b/a.py"]
    for name in reversed(expected):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [one.name for one in walk(tmp_path, most=100) if one] == expected
