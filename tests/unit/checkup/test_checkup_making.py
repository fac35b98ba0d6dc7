"""A bundle from beginning to end: where it goes, what is asked, and what is not in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rankzero.backends.places import Where
from rankzero.doctor import here
from rankzero.doctor.bundle.making import Wanted
from rankzero.doctor.model import FINE, Finding
from rankzero.errors import BadRequest
from support import bundles
from support.kubeconfigs import kubeconfig
from support.prepared import Served


@pytest.fixture(autouse=True)
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, of a user who has set up nothing."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "KUBECONFIG"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RANKZERO_ON", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_one_without_a_name_is_called_after_the_time() -> None:
    wanted = Wanted("", None, Where())
    assert re.fullmatch(r"rankzero-doctor-\d{8}-\d{6}", wanted.name)
    assert wanted.file == Path(f"{wanted.name}.tar.gz")


def test_what_is_wrong_is_told_before_anything_is_looked_at(at: Path) -> None:
    (at / "there").touch()
    with pytest.raises(BadRequest, match="--bundle: there is there already"):
        Wanted("there", None, Where())
    with pytest.raises(BadRequest, match="there is no folder for no/b"):
        Wanted("no/b", None, Where())
    with pytest.raises(BadRequest, match="digits-0000"):
        Wanted("", "digits-0000", Where())
    assert [one.name for one in at.iterdir()] == ["there"]


def test_without_a_cluster_it_is_of_this_machine_alone(
    at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "a-long-secret")
    found = [Finding("machine", "Python", FINE, "it said a-long-secret")]
    bundle = Wanted("b.tar.gz", None, Where()).made("as it was shown: a-long-secret", found)
    texts = bundles.texts(at / "b.tar.gz")
    assert [one.path for one in bundle.entries] == list(texts)
    assert list(texts) == ["doctor.json", "doctor.txt", "environment.json", "versions.json"]
    assert "a-long-secret" not in "".join(texts.values())
    assert json.loads(texts["doctor.json"])[0]["said"] == "it said (removed)"


def test_a_cluster_that_says_no_to_everything_is_in_it_with_that(at: Path, tmp_path: Path) -> None:
    with Served() as served:
        kubeconfig(tmp_path / "KUBECONFIG", "lab", served.url, {"token": "proof-of-ada"})
        Wanted("b.tar.gz", None, Where(on="kubernetes")).made("said proof-of-ada", [])
    texts = bundles.texts(at / "b.tar.gz")
    assert texts["doctor.txt"] == "said (removed)"
    assert json.loads(texts["cluster/access.json"])["server"] == served.url
    assert "fault" in json.loads(texts["cluster/version.json"])
    assert "proof-of-ada" not in "".join(texts.values())


@pytest.mark.parametrize(
    ("contexts", "on", "meant"),
    [
        ("", None, None),
        ("lab", None, "lab"),
        ("lab", "local", None),
        ("lab", "kubernetes", "lab"),
        ("lab other", "kubernetes", "lab"),
    ],
)
def test_the_cluster_that_is_looked_at(
    tmp_path: Path, contexts: str, on: str | None, meant: str | None
) -> None:
    if contexts:
        kubeconfig(tmp_path / "KUBECONFIG", contexts)
    found = here.meant(Where(on=on))
    assert (found.context if found else None) == meant


def test_no_pods_look_around_on_this_machine() -> None:
    with pytest.raises(BadRequest, match="--pods: there are none on local") as told:
        next(here.findings(Where(on="local"), here.Inside()))
    assert "--on" in str(told.value.hint)


def test_what_pods_are_to_be_is_told_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    kubeconfig(tmp_path / "KUBECONFIG", "lab")
    with pytest.raises(BadRequest, match="gpus"):
        next(here.findings(Where(on="kubernetes"), here.Inside(gpus="many")))
