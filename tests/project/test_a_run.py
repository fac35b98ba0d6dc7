"""A real run leaves what the reference says: its variables, its events, its folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .test_reference import tables

#: Rank 1 fails in both generations; rank 0 says what it was given.
SCRIPT = """
import json, os, time
import rankzero
here = rankzero.context()
told = rankzero.outputs() / "environment.json"
if here.rank == 0:
    told.write_text(json.dumps(dict(os.environ)))
while not told.exists():  # rank 1 must not end the run before
    time.sleep(0.01)
rankzero.report(step=here.generation, loss=0.5)
raise SystemExit(3 if here.rank == 1 else 0)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that failed, was restarted, and failed again."""
    home = tmp_path_factory.mktemp("home")
    (home / "train.py").write_text(SCRIPT)
    options = ("--nodes", "2", "--max-restarts", "1", "--framework", "torch", "--timeout", "60")
    done = subprocess.run(
        [sys.executable, "-m", "rankzero", "run", "train.py", *options],
        cwd=home,
        env=before(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout
    (run,) = (home / "state" / "rankzero" / "runs").glob("train-*")
    return run


def before(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONUTF8": "1",
    }


def events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def failures(thing: Any) -> Iterator[dict[str, Any]]:
    """Every failure in an event."""
    for name in ("failure", "cause"):
        if thing.get(name):
            yield thing[name]


def test_a_rank_has_only_variables_that_are_documented(folder: Path) -> None:
    given = json.loads((folder / "outputs" / "environment.json").read_text())
    earlier = before(folder.parents[3])
    new = {name for name in given if given[name] != earlier.get(name)}
    documented = tables("contracts.md", "Every rank") | tables("contracts.md", "PyTorch")
    assert new - {"LC_CTYPE"} <= set(documented), sorted(new - set(documented))
    assert {"RANK", "MASTER_PORT", "RANKZERO_TIMEOUT_S", "RANKZERO_OUTPUTS"} <= new


def test_events_have_only_keys_that_are_documented(folder: Path) -> None:
    rows = tables("events.md")
    seen = events(folder)
    for event in seen:
        documented = set(re.findall(r"`(\w+)`", rows[event["kind"]])) | {"seq", "time", "kind"}
        assert set(event) <= documented, event
    assert {event["kind"] for event in seen} >= {"submitted", "restarting", "report", "finished"}
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def test_failures_have_only_keys_that_are_documented(folder: Path) -> None:
    found = [failure for event in events(folder) for failure in failures(event)]
    assert len(found) >= 4
    for failure in found:
        assert set(failure) <= set(tables("events.md", "Failures")), failure


def test_the_folder_holds_what_is_documented_and_nothing_else(folder: Path) -> None:
    documented = {name.rstrip("/") for name in tables("run-folder.md")}
    assert {path.name for path in folder.iterdir()} == documented
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "token").stat().st_mode & 0o777 == 0o600


def asked(folder: Path, *words: str) -> list[Any]:
    """What a command prints with `--output json`: its document, or the objects of its stream."""
    home = folder.parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "rankzero", words[0], "--output", "json", *words[1:]],
        cwd=home,
        env=before(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    stream = words[0] in ("run", "attach", "events")
    return [json.loads(text) for text in (done.stdout.splitlines() if stream else [done.stdout])]


def test_a_run_in_json_has_the_documented_keys(folder: Path) -> None:
    (listed,) = asked(folder, "list")
    (shown,) = asked(folder, "status", folder.name)
    for run in (*listed["runs"], *shown["runs"]):
        assert set(run) == set(tables("json.md", "A run"))
    named = set(re.findall(r"`(\w+)`", tables("json.md", "A run")["nodes"])) - {"status"}
    place = set(tables("json.md", "A node's place"))
    assert {key for run in listed["runs"] for node in run["nodes"] for key in node} == (named)
    assert {key for run in shown["runs"] for node in run["nodes"] for key in node} == named | place


def test_lines_and_results_in_json_have_the_documented_keys(folder: Path) -> None:
    stream = asked(folder, "run", "--", "echo", "hello")
    assert stream[0]["kind"] == "plan"
    (line,) = [one for one in stream if one["kind"] == "log"]
    assert set(line) == set(tables("json.md", "A stream")) - {"dropped"}
    (waited,) = asked(folder, "wait", folder.name)
    for result in (stream[-1], *waited["results"]):
        assert result["kind"] == "result"
        assert set(result) == set(tables("json.md", "A result"))
        named = set(re.findall(r"`(\w+)`", tables("json.md", "A result")["why"]))
        assert named == set(result["why"])


def test_events_in_json_are_the_history_as_it_is_kept(folder: Path) -> None:
    assert asked(folder, "events", folder.name) == events(folder)
