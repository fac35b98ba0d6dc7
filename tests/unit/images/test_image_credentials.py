"""Names and passwords, where Docker and its helpers keep them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from rankzero.errors import BadRequest, Refused
from rankzero.images.registry import credentials
from rankzero.images.registry.credentials import Login

#: Stands for a system's own keeper of passwords: knows one registry, and notes what it was told.
HELPER = """#!/bin/sh
read -r said
echo "$1 $said" >> "$(dirname "$0")/told"
case "$1 $said" in
"get kept.example") echo '{"Username": "ada", "Secret": "s3cret"}' ;;
"get token.example") echo '{"Username": "<token>", "Secret": "t0ken"}' ;;
"get broken.example") echo 'nonsense' ;;
get*) echo "credentials not found in native keychain"; exit 1 ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    helper = tmp_path / "bin" / "docker-credential-safe"
    helper.parent.mkdir()
    helper.write_text(HELPER)
    helper.chmod(0o755)
    angry = helper.with_name("docker-credential-angry")
    angry.write_text("#!/bin/sh\necho the safe is locked >&2; exit 1\n")
    angry.chmod(0o755)
    monkeypatch.setenv("PATH", str(helper.parent), prepend=":")
    return tmp_path / "docker" / "config.json"


def wrote(docker: Path, **config: Any) -> None:
    docker.parent.mkdir(exist_ok=True)
    docker.write_text(json.dumps(config))


def test_nothing_is_known_where_there_is_no_file(docker: Path) -> None:
    assert credentials.find("lab.example") is None
    assert not credentials.forget("lab.example")


def test_what_is_kept_is_found_and_forgotten_and_nobody_else_reads_it(docker: Path) -> None:
    wrote(docker, auths={"other.example": {"auth": "eDp5"}}, theme="dark")
    docker.chmod(0o644)
    said = credentials.keep("lab.example", Login("ada", "a:b"))

    assert str(docker) in said
    assert docker.stat().st_mode & 0o777 == 0o600
    assert credentials.find("lab.example") == Login("ada", "a:b")
    assert credentials.find("other.example") == Login("x", "y")
    assert credentials.forget("lab.example")
    assert credentials.find("lab.example") is None
    assert json.loads(docker.read_text())["theme"] == "dark"


@pytest.mark.parametrize("key", ["lab.example", "https://lab.example", "https://lab.example/v1/"])
def test_older_spellings_are_known(docker: Path, key: str) -> None:
    wrote(docker, auths={key: {"auth": base64.b64encode(b"ada:x").decode()}})
    assert credentials.find("lab.example") == Login("ada", "x")


def test_a_name_and_a_password_may_stand_as_they_are(docker: Path) -> None:
    wrote(docker, auths={"lab.example": {"username": "ada", "password": "x"}, "b.example": {}})
    assert credentials.find("lab.example") == Login("ada", "x")
    assert credentials.find("b.example") is None


def test_a_link_to_the_configuration_stays_one(docker: Path, tmp_path: Path) -> None:
    wrote(docker)
    docker.rename(tmp_path / "real.json")
    docker.symlink_to(tmp_path / "real.json")
    credentials.keep("lab.example", Login("ada", "x"))
    assert docker.is_symlink()
    assert "lab.example" in (tmp_path / "real.json").read_text()


def test_docker_hub_has_a_name_of_its_own(docker: Path) -> None:
    wrote(docker, auths={"https://index.docker.io/v1/": {"identitytoken": "t"}})
    assert credentials.find("docker.io") == Login("", "", "t")


@pytest.mark.parametrize("how", [{"credsStore": "safe"}, {"credHelpers": {"kept.example": "safe"}}])
def test_a_helper_is_asked_and_told(docker: Path, how: dict[str, Any], tmp_path: Path) -> None:
    wrote(docker, **how)
    assert credentials.find("kept.example") == Login("ada", "s3cret")
    assert "docker-credential-safe" in credentials.keep("kept.example", Login("ben", "x"))
    assert credentials.forget("kept.example")
    told = (tmp_path / "bin" / "told").read_text()
    assert '"Username": "ben"' in told
    assert "erase kept.example" in told
    assert "s3cret" not in docker.read_text()


def test_a_helper_may_give_a_token_or_know_nothing(docker: Path) -> None:
    wrote(docker, credsStore="safe")
    assert credentials.find("token.example") == Login("", "", "t0ken")
    assert credentials.find("unknown.example") is None


@pytest.mark.parametrize(
    ("config", "kind", "said"),
    [
        ({"credsStore": "gone"}, BadRequest, "docker-credential-gone, which is not on the PATH"),
        ({"credHelpers": {"broken.example": "safe"}}, Refused, "nothing that can be read"),
        ({"auths": {"broken.example": {"auth": "%%%"}}}, Refused, "cannot be read"),
        ({"auths": {"broken.example": {"auth": "bm9uZQ=="}}}, Refused, "cannot be read"),
        ({"auths": {"broken.example": {"auth": 7}}}, Refused, "cannot be read"),
        ({"auths": {"broken.example": {"username": "ada"}}}, Refused, "cannot be read"),
        ({"auths": {"broken.example": "ada:x"}}, Refused, "cannot be read"),
        ({"auths": ["broken.example"]}, Refused, "no configuration of Docker's"),
        ({"credHelpers": "safe"}, Refused, "no configuration of Docker's"),
        ({"credHelpers": {"broken.example": "angry"}}, Refused, "get says: the safe is locked"),
    ],
)
def test_what_is_broken_is_told(
    docker: Path, config: dict[str, Any], kind: type[Exception], said: str
) -> None:
    wrote(docker, **config)
    with pytest.raises(kind, match=said):
        credentials.find("broken.example")
    docker.write_text("{")
    with pytest.raises(Refused, match="cannot read"):
        credentials.find("broken.example")
