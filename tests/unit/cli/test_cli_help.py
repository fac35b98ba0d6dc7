"""`rankzero --help`: what it says, and what it costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from rankzero.cli.cluster import VERBS as OF_CLUSTERS
from rankzero.cli.image import VERBS as OF_IMAGES
from rankzero.cli.pipeline import VERBS as OF_PIPELINES
from rankzero.cli.serve import VERBS as OF_SERVICES
from rankzero.cli.verbs import VERBS, module
from rankzero.cli.volume import VERBS as OF_VOLUMES

GROUPS = {
    "cluster": OF_CLUSTERS,
    "image": OF_IMAGES,
    "pipeline": OF_PIPELINES,
    "serve": OF_SERVICES,
    "volume": OF_VOLUMES,
}
#: What `--help` may import of rankzero. Beyond it: click, and the standard library.
ALLOWED = {
    "rankzero",
    "rankzero.agent",
    "rankzero.agent.exits",
    "rankzero.cli",
    "rankzero.cli.main",
    "rankzero.cli.verbs",
    "rankzero.errors",
}
#: Parts of the standard library that are as dear as they look.
DEAR = {"asyncio", "subprocess", "socket", "ssl", "dataclasses", "logging", "json", "difflib"}

_PROBE = """
import sys
before = set(sys.modules)
from rankzero.cli.main import run
run({argv!r})
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


def imported(*argv):
    """The modules that a fresh interpreter loads for a command line."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(argv=list(argv))], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split()), done.stdout


def test_help_imports_what_is_on_the_list_and_no_more():
    modules, _ = imported("--help")
    own = {name for name in modules if name.partition(".")[0] == "rankzero"}
    foreign = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert own <= ALLOWED
    assert foreign <= {"rankzero", "click"}
    assert modules & DEAR == set()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_help_of_a_verb_imports_no_spec_and_no_drawing(verb):
    modules, out = imported(verb, "--help")
    assert VERBS[verb] in out
    assert modules & {"pydantic", "yaml", "rich", "rankzero.spec.model"} == set()


def test_help_shows_every_verb_with_its_summary(rankzero):
    code, out, _ = rankzero("--help")
    assert code == 0
    for verb, summary in VERBS.items():
        assert any(line.split(None, 1) == [verb, summary] for line in out.splitlines())


#: Every verb: its words, its summary, and its module.
EVERY = [
    *((verb, summary, module(verb)) for verb, summary in VERBS.items()),
    *(
        (f"{group} {verb}", summary, module(verb, f"rankzero.cli.{group}"))
        for group, verbs in GROUPS.items()
        for verb, summary in verbs.items()
    ),
]


@pytest.mark.parametrize(("verb", "summary", "place"), EVERY)
def test_the_table_and_the_verbs_say_the_same(verb, summary, place):
    command = importlib.import_module(place).command
    assert command.help.splitlines()[0] == summary
    assert command.name == verb or command.name == "command"


#: What these print is for a shell, or a command's own; or they have verbs of their own.
AS_IT_IS = {"completion", "exec", "serve here", "image login", "image logout", *GROUPS}
AS_IT_IS |= {"cluster create", "cluster delete"}


@pytest.mark.parametrize(
    ("verb", "place"), [(verb, place) for verb, _, place in EVERY if verb not in AS_IT_IS]
)
def test_every_verb_has_output_json_and_documents_it(verb, place):
    command = importlib.import_module(place).command
    outputs = [p for p in command.params if isinstance(p, click.Option) and "--output" in p.opts]
    (choices,) = [list(option.type.choices) for option in outputs]
    assert (choices[0], choices[-1]) == ("text", "json")
    assert "JSON: " in command.help


@pytest.mark.parametrize(
    ("group", "verb", "summary"),
    [
        *(("pipeline", verb, summary) for verb, summary in OF_PIPELINES.items()),
        *(("serve", verb, OF_SERVICES[verb]) for verb in ("here", "deploy", "status", "update")),
        *(("volume", verb, OF_VOLUMES[verb]) for verb in ("put", "list")),
        *(("image", verb, summary) for verb, summary in OF_IMAGES.items()),
        *(("cluster", verb, summary) for verb, summary in OF_CLUSTERS.items()),
    ],
)
def test_the_help_of_a_verb_of_a_group_is_as_cheap(group, verb, summary):
    modules, out = imported(group, verb, "--help")
    assert summary in " ".join(out.split())
    assert modules & {"pydantic", "yaml", "rich", "sqlite3"} == set()


def test_python_m_rankzero_is_the_same_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "rankzero", "version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("rankzero ")


def test_version_in_all_its_forms(rankzero):
    _, as_verb, _ = rankzero("version")
    code, as_option, _ = rankzero("--version")
    assert (code, as_option) == (0, as_verb)
    code, out, _ = rankzero("version", "--output", "json")
    assert (code, '"version"' in out) == (0, True)


def test_the_options_of_run_stand_under_what_they_are_about():
    _, out = imported("run", "--help")
    groups = {
        section.partition(":\n")[0]: section.partition(":\n")[2] for section in out.split("\n\n")
    }
    about = ["What", "Nodes", "Framework", "Failures and time", "The job", "On a cluster"]
    assert [title for title in groups if title in {*about, "This run", "Output"}] == [
        *about,
        "This run",
        "Output",
    ]
    assert "--module" in groups["What"]
    assert "--self-heal" in groups["On a cluster"]
    assert "--output" in groups["Output"]
