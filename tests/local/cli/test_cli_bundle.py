"""`rankzero doctor --bundle`: what goes in, and what must not."""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from support import bundles
from support.home import Home

#: What nobody else may ever see, each in a place of its own.
SECRETS = [
    *("in-an-environment-1", "in-a-job-s-env-2", "in-a-configuration-3"),
    *("in-an-exception-4", "in-a-comment-5", "in-a-command-6"),
]
SCRIPT = """
print("a line that is its user's alone")
raise ValueError("cannot log in with password=in-an-exception-4")
"""


@pytest.fixture
def failed(home: Home) -> str:
    """A run with secrets all over."""
    home.config.joinpath("rankzero").mkdir(parents=True)
    config = '# in-a-comment-5\n[defaults.env]\nAPI_KEY = "in-a-configuration-3"\n'
    home.config.joinpath("rankzero", "config.toml").write_text(config)
    home.script(SCRIPT)
    args = ("--env", "DB_PASSWORD=in-a-job-s-env-2", "--", "--token", "in-a-command-6")
    assert home.call("run", "train.py", *args).code == 1
    return home.only().run


def test_it_has_what_a_maintainer_needs_and_no_secret(home: Home, failed: str) -> None:
    env = {"MY_TOKEN": SECRETS[0], "RANKZERO_NOTE": f"see {SECRETS[0]}"}
    argv = ("--bundle", "trouble.tar.gz", "--run", failed, "--on", "local")
    said = home.start("doctor", *argv, env=env).wait(200.0)
    assert said.code == 0, said
    file = home.work / "trouble.tar.gz"
    held = bundles.texts(file)
    whole = "\n".join(held.values())
    assert [secret for secret in SECRETS if secret in whole] == []

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"runs/{failed}/agents.json" in held
    assert "machine  Python" in held["doctor.txt"]
    plan = json.loads(held[f"runs/{failed}/plan.json"])
    assert plan["job"]["env"] == {"API_KEY": "(removed)", "DB_PASSWORD": "(removed)"}
    assert json.loads(held[f"runs/{failed}/why.json"])["cause"] == "exception"
    assert json.loads(held["environment.json"])["RANKZERO_NOTE"] == "see (removed)"
    assert "rankzero" in json.loads(held["versions.json"])["packages"]
    for path, data in held.items():
        assert path in said.out, "it says what went in"
        assert len(data) > 0
    assert "look through it before you send it" in said.out


def test_json_says_what_went_in(home: Home) -> None:
    said = home.start("doctor", "--bundle", "-o", "json", "--on", "local").wait(200.0)
    told: dict[str, Any] = json.loads(said.out)
    held = bundles.texts(home.work / told["bundle"]["file"])
    assert {one["path"]: one["size"] for one in told["bundle"]["entries"]} == {
        path: len(text.encode()) for path, text in held.items()
    }
    assert json.loads(held["doctor.json"]) == told["findings"]


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("--bundle", "there.tar.gz"), "there.tar.gz is there already"),
        (("--bundle", "--run", "nothing-1234"), 'no run "nothing-1234"'),
        (("--run", "nothing-1234"), "--bundle"),
        (("--bundle", "--rbac"), "leave out"),
    ],
)
def test_what_is_wrong_with_it_is_told_before_anything_is_looked_at(
    home: Home, argv: tuple[str, ...], word: str
) -> None:
    (home.work / "there.tar.gz").touch()
    said = home.call("doctor", *argv, "--on", "local")
    assert (said.code, said.out) == (2, "")
    assert word in said.err
    assert [one.name for one in home.work.iterdir()] == ["there.tar.gz"]
