"""What goes into a bundle, and that what cannot be had keeps nothing else back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from rankzero.backends.kubernetes.access.model import User
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.doctor.bundle import file, gathering, known
from rankzero.doctor.bundle.file import Bundle
from rankzero.doctor.bundle.gathering import Part, had
from rankzero.doctor.bundle.redaction import REMOVED, Redaction
from rankzero.errors import BadRequest, Refused
from support import bundles
from support.prepared import Served


def gathered(parts: Iterator[Part], beginning: str = "") -> dict[str, Any]:
    """Those whose paths begin so."""
    return {path: had(part) for path, part in parts if path.startswith(beginning)}


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, with no configuration but its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


# -- the file


def unpacked(path: Path) -> dict[str, str]:
    found = {}
    for entry, text in bundles.entries(path):
        assert entry.mode == 0o600 and entry.mtime == 1000
        found[entry.name] = text
    return found


def test_all_that_is_in_it_has_gone_through_the_redaction(tmp_path: Path) -> None:
    bundle = Bundle("b", Redaction(["known-to-us"]), 1000.9)
    bundle.add("a.txt", "HF_TOKEN=abc and known-to-us")
    bundle.add("b/c.json", {"password": "abc", "at": PurePosixPath("/x"), "n": [1, None]})
    bundle.add("b/d.txt", "half of a sign: \ud83d")
    bundle.write(tmp_path / "b.tar.gz")
    found = unpacked(tmp_path / "b.tar.gz")
    assert found["b/a.txt"] == f"HF_TOKEN={REMOVED} and {REMOVED}"
    assert json.loads(found["b/b/c.json"]) == {"password": REMOVED, "at": "/x", "n": [1, None]}
    assert found["b/b/d.txt"] == "half of a sign: ?"
    assert [(one.path, one.size) for one in bundle.entries] == [
        (name.removeprefix("b/"), len(text.encode())) for name, text in found.items()
    ]
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600


def test_of_a_long_text_the_end_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_MOST", 10)
    bundle = Bundle("b", Redaction(), 1000)
    bundle.add("long.txt", "first\nlast line\n")
    bundle.add("short.txt", "ten signs\n")
    bundle.write(tmp_path / "b.tar.gz")
    found = unpacked(tmp_path / "b.tar.gz")
    assert found["b/long.txt"] == "(what came before was left out)\nlast line\n"
    assert found["b/short.txt"] == "ten signs\n"


@pytest.mark.parametrize("there", ["file", "link"])
def test_what_is_there_already_is_nobody_s_to_write(tmp_path: Path, there: str) -> None:
    made, other = tmp_path / "b.tar.gz", tmp_path / "other"
    made.write_text("mine") if there == "file" else made.symlink_to(other)
    with pytest.raises(BadRequest, match="is there already"):
        Bundle("b", Redaction(), 1000).write(made)
    assert not other.exists()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"--bundle: .*/gone/b cannot be written: No such file"):
        Bundle("b", Redaction(), 1000).write(tmp_path / "gone" / "b")


# -- what is known to be secret


def test_secrets_of_the_environment_are_values_and_no_places(tmp_path: Path) -> None:
    said = {"HF_TOKEN": "abc", "MY_SECRET": str(tmp_path), "HOME": "/root", "API_KEY": ""}
    assert set(known.of_environment(said)) == {"abc", ""}


@pytest.mark.parametrize("held", [b"from-a-file\n", b"from-a-file\xff"])
def test_what_a_kubeconfig_holds_of_a_user_is_secret(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "token").write_bytes(held)
    user = User(token="abc", client_key_data="key", token_file=str(tmp_path / "token"))
    found = list(known.of_user(user))
    assert found[:2] == ["abc", "key"]
    assert found[2].startswith("from-a-file") and not found[2].endswith("\n")
    assert list(known.of_user(User(token_file=str(tmp_path / "gone")))) == []


# -- of this machine


def test_variables_that_matter_and_no_others(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name != "PATH":
            monkeypatch.delenv(name)
    said = {"NCCL_DEBUG": "INFO", "RANKZERO_X": "1", "https_proxy": "p", "HISTFILE": "x"}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    del said["HISTFILE"]
    found = gathered(gathering.of_machine(), "environment")
    assert found["environment.json"].items() == said.items()
    assert list(found["environment.json"]) == sorted(said)


def test_versions_of_packages_that_matter(at: Path) -> None:
    packages = gathered(gathering.of_machine())["versions.json"]["packages"]
    assert {"rankzero", "click", "PyYAML"} <= set(packages)
    assert "iniconfig" not in packages


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("rankzero.toml", "# my password\nimage = 'a:1'\n", {"image": "a:1"}),
        ("pyproject.toml", "[tool.rankzero]\nimage = 'a:1'\n[project]\nx = 1\n", {"image": "a:1"}),
        ("pyproject.toml", "# [tool.rankzero]\n[project]\nname = 'x'\n", {}),
        ("pyproject.toml", "tool = 3 # tool.rankzero\n", {}),
    ],
)
def test_a_configuration_is_told_as_data(at: Path, name: str, text: str, says: object) -> None:
    (at / name).write_text(text)
    found = gathered(gathering.of_machine(), "configuration")
    assert found[f"configuration/0-{name}.json"] == {"file": name, "says": says}


@pytest.mark.parametrize("data", [b"image = ", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_configuration_that_is_broken_is_told_and_keeps_nothing_back(
    at: Path, data: bytes
) -> None:
    (at / "rankzero.toml").write_bytes(data)
    found = gathered(gathering.of_machine())
    assert found["configuration/0-rankzero.toml.json"].keys() == {"file", "fault"}
    assert "versions.json" in found


# -- of a cluster


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with Served() as made:
        yield made


def items(*found: Any) -> dict[str, Any]:
    return {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": list(found)}


def test_what_a_cluster_says_without_what_nobody_reads(served: Served, tmp_path: Path) -> None:
    about = {"name": "one", "managedFields": [{"manager": "x"}]}
    status = {"nodeInfo": {"kubeletVersion": "v1"}, "images": [{"names": ["a"]}]}
    served.there = {
        "/version": {"gitVersion": "v1.34.2"},
        "/apis": {"groups": [{"name": "apps"}]},
        "/api/v1/nodes": items({"metadata": about, "status": status}),
        "/apis/storage.k8s.io/v1/storageclasses": items({"provisioner": "x"}),
        "/api/v1/namespaces/team/events": items(),
        "/apis/batch/v1/namespaces/team/jobs": items({"metadata": {"name": "j"}}),
    }
    found = gathered(gathering.of_cluster(served.known(tmp_path / "config")))
    assert found["cluster/access.json"]["server"] == served.url
    assert found["cluster/groups.json"] == ["apps"]
    (node,) = found["cluster/nodes.json"]
    assert (node["metadata"], node["status"]) == (
        {"name": "one"},
        {"nodeInfo": {"kubeletVersion": "v1"}},
    )
    assert found["cluster/storageclasses.json"] == [{"provisioner": "x"}]
    assert found["cluster/jobs.json"][0]["metadata"] == {"name": "j"}
    assert found["cluster/pods.json"]["fault"]  # which are not there in this one
    asked = [one for one in served.asked if "/jobs?" in one]
    assert asked and all("managed-by%3Drankzero" in one for one in asked)


def test_a_cluster_that_says_no_is_told_part_by_part(served: Served, tmp_path: Path) -> None:
    served.there = {"/version": {"gitVersion": "v1"}, "/api/v1/nodes": 403}
    found = gathered(gathering.of_cluster(served.known(tmp_path / "config")))
    assert found["cluster/version.json"] == {"gitVersion": "v1"}
    assert "nodes" in found["cluster/nodes.json"]["fault"]
    assert found["cluster/nodes.json"].keys() == {"fault", "remedy"}


def test_without_a_kubeconfig_each_part_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    found = gathered(gathering.of_cluster(Cluster(None, None)))
    assert all("fault" in said for said in found.values()) and len(found) == 8
