"""What README, docs and examples show is true: commands are typed, files read, code compiled."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import click
import pytest

from rankzero import spec
from rankzero.cli.verbs import rankzero as command_line
from rankzero.clusters import wanted as clusters
from rankzero.spec.pipelines.making import load_pipeline
from rankzero.spec.problems import Problem
from rankzero.spec.reading import read_text
from rankzero.spec.services.making import make as make_service

from .blocks import PAGES, ROOT, Block, blocks, every
from .transcript import Command, Reader, commands, follow

#: Every block that is not tried, with its reason. An addition needs a good one.
SKIPPED: dict[str, list[str]] = {
    "README.md": ["make demo runs it"],
    "docs/guides/mpi.md": ["there is no such program", "no cluster"],
    "docs/guides/volumes.md": ["it asks a cluster"],
}

LANGUAGES = {"bash", "console", "json", "make", "python", "text", "toml", "yaml", "{toctree}", ""}


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(page: Path) -> list[str]:
    """Every command line that a page asks a reader without a cluster to type, tried or not."""
    shells = ("console", "bash")
    consoles = [b for b in blocks(page) if b.language in shells and b.word != "cluster"]
    return [command.text for block in consoles for command in commands(block)]


EXAMPLES = [page for page in PAGES if page.is_relative_to(ROOT / "examples")]
WITH_COMMANDS = [page for page in PAGES if typed(page) and page not in EXAMPLES]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=page_name)
def test_a_reader_who_types_what_a_page_shows_sees_what_it_shows(
    page: Path, tmp_path: Path
) -> None:
    wrong = list(follow(page, tmp_path))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", EXAMPLES, ids=page_name)
def test_what_an_example_s_page_asks_to_type_would_start(page: Path, tmp_path: Path) -> None:
    """Frameworks are slow to start, and examples are run elsewhere: a dry run is enough here."""
    here = page.parent
    for command in typed(page):
        program, *words = shlex.split(command, comments=True)
        if program == "rankzero" and "run" in words[:2]:
            at = words.index("--") if "--" in words else len(words)
            dry = [*words[:at], "--dry-run", *words[at:]]
            code, output = Reader(tmp_path, here).type(Command(0, shlex.join(["rankzero", *dry])))
            assert code == 0, f"{command}\n{output}"
            assert output.endswith("Nothing was started.\n")
        elif program == "rankzero":
            assert_known(command, page_name(page))
        else:
            assert program in ("python", "torchrun", "pip"), command
            files = [word for word in words if word.endswith((".py", ".txt"))]
            assert files
            assert all((here / name).is_file() for name in files), command


def test_tests_that_a_page_names_are_there() -> None:
    page = ROOT / "docs" / "contributing-lab.md"
    named = re.findall(r"`(?:tests/)?(\w+/[\w/]*test_\w+\.py)(?:::(test_\w+))?`", page.read_text())

    missing = [
        (file, test)
        for file, test in named
        if not (ROOT / "tests" / file).is_file()
        or (test and f"def {test}(" not in (ROOT / "tests" / file).read_text())
    ]

    assert len(named) > 40
    assert not missing


def test_only_listed_blocks_are_skipped() -> None:
    found: dict[str, list[str]] = {}
    for page in PAGES:
        for block in blocks(page):
            if block.word == "skip":
                found.setdefault(page_name(page), []).append(block.rest)
    assert found == SKIPPED


def test_every_comment_for_the_tests_is_understood() -> None:
    for page in PAGES:
        understood = [block for block in blocks(page) if block.word]
        assert {b.word for b in understood} <= {"file", "run", "skip", "cluster"}, page_name(page)
        assert len(understood) == page.read_text().count("<!-- test:"), page_name(page)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_block_has_a_language_that_is_checked_here(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES - {""} or block.language == "", block.place


@pytest.mark.parametrize("block", every("python"), ids=lambda b: b.place)
def test_python_compiles_and_runs_where_it_says_so(block: Block, tmp_path: Path) -> None:
    compile(block.text, block.place, "exec")
    if block.word == "run":
        done = subprocess.run(
            [sys.executable, "-c", block.text],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{block.place}:\n{done.stdout}"


@pytest.mark.parametrize("block", every("yaml"), ids=lambda b: b.place)
def test_yaml_is_what_some_command_reads(block: Block, tmp_path: Path) -> None:
    for script in re.findall(r"[\w/]+\.py\b", block.text):
        (tmp_path / script).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / script).touch()
    (tmp_path / "job.yaml").write_text(block.text, encoding="utf-8")
    if re.search("^steps:", block.text, re.MULTILINE):
        assert load_pipeline(tmp_path / "job.yaml").steps
    elif re.search("^port:", block.text, re.MULTILINE):
        problems: list[Problem] = []
        assert make_service({}, file=read_text(block.text, block.place, problems)).image
        assert not problems
    elif re.search("^control_planes:", block.text, re.MULTILINE):
        assert clusters.read(str(tmp_path / "job.yaml"), {}).name
    else:
        assert spec.load(tmp_path / "job.yaml").roles


def sentences() -> list[tuple[str, str]]:
    """`rankzero ...` as pages mention it in a sentence or a table, with the page's name."""
    return [
        (page_name(page), mention)
        for page in PAGES
        for mention in re.findall(r"(?<!`)`(rankzero [a-z-][^`]*)`(?!`)", page.read_text())
    ]


@pytest.mark.parametrize(("page", "mention"), sentences())
def test_commands_within_a_sentence_name_verbs_and_options_that_exist(
    page: str, mention: str
) -> None:
    assert_known(mention, page)


def assert_known(mention: str, page: str) -> None:
    """Its verb is one, and has its options."""
    verb, *words = shlex.split(mention.split(" -- ")[0], comments=True)[1:]
    if verb.startswith("-"):
        words, known = [verb, *words][:1], {"--help", "--version", "--debug"}
    elif verb == "COMMAND":
        known = {"--help"}
    else:
        command = command_line.get_command(click.Context(command_line), verb)
        if isinstance(command, click.Group) and words:
            if verb == "serve" and ":" in words[0]:
                words = ["here", *words]
            command = command.get_command(click.Context(command), words[0])
        assert command is not None, f"{page}: {mention}"
        known = {option for param in command.params for option in param.opts} | {"--help"}
    options = {word for word in words if word.startswith("-")} - {"-"}  # - is the newest run
    assert options <= known, f"{page}: {mention}"


@pytest.mark.parametrize("block", every("json"), ids=lambda b: b.place)
def test_json_is_json(block: Block) -> None:
    for line in block.text.splitlines() if "}\n{" in block.text else [block.text]:
        json.loads(line)


def test_make_targets_and_extras_that_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    extras = set(metadata("rankzero").get_all("Provides-Extra") or ())
    for page in PAGES:
        for command in typed(page):
            words = shlex.split(command, comments=True)
            if words[0] == "make":
                assert words[1] in targets, (page_name(page), command)
            for extra in re.findall(r"rankzero\[([\w,]+)\]", command):
                assert set(extra.split(",")) <= extras, (page_name(page), command)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page_name(page)}: {target}"
