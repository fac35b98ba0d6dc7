"""Images built without a daemon, sent to a real registry, and run."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rankzero.images import names
from rankzero.images.registry import blobs
from rankzero.images.registry.pushing import Pushing
from rankzero.images.registry.reach import Reach, Trust
from rankzero.images.registry.repository import Repository
from rankzero.images.registry.sessions import Sessions
from support.gate import Gate
from support.home import Home, Said

from .lab.places import PRIVATE_PASSWORD, PRIVATE_REGISTRY, PRIVATE_USER, REGISTRY
from .lab.target import Cluster
from .team import Team

APP = "import humanize\nprint('came', humanize.naturalsize(12345678), open('data').read())\n"


class Builder(Home):
    """Builds in the work folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.extra = {"DOCKER_CONFIG": str(folder / "docker")}
        self.cache = "cache"

    def build(self, *argv: str, insecure: bool = True, **how: Any) -> Said:
        env = {**self.extra, "XDG_CACHE_HOME": str(self.work.with_name(self.cache))}
        words = (
            "image",
            "build",
            "-o",
            "json",
            *(["--insecure", "--insecure-base"] if insecure else []),
            *argv,
        )
        return self.call(*words, env=env, **how)

    def login(self, password: str) -> Said:
        """To the registry that wants a password."""
        said = self.work.with_name("password")
        said.write_text(f"{password}\n")
        words = ("image", "login", PRIVATE_REGISTRY, "-u", PRIVATE_USER, "--insecure")
        with said.open() as file:
            return self.call(*words, "--password-stdin", env=self.extra, stdin=file)

    def built(self, *argv: str, **how: Any) -> dict[str, Any]:
        said = self.build(*argv, **how)
        assert said.code == 0, said
        found: dict[str, Any] = json.loads(said.out)
        return found


@pytest.fixture
def builder(lab: Cluster, tmp_path: Path) -> Iterator[Builder]:
    made = Builder(tmp_path / "builder")
    (made.work / "train.py").write_text(APP)
    (made.work / "data").write_text("here")
    (made.work / "requirements.txt").write_text("humanize==4.*\n")
    (made.work / ".env").write_text("TOKEN=secret\n")
    yield made
    made.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A repository of the test's own."""
    digest = hashlib.sha256(request.node.name.encode()).hexdigest()
    return f"{REGISTRY}/tests/images-{digest[:12]}:1"


def test_what_is_built_runs_and_one_changed_line_is_all_that_is_sent_again(
    builder: Builder, name: str, cluster: Cluster, new_namespace: Callable[[], str]
) -> None:
    first = builder.built("-t", name, "--base", cluster.python, "-r", "requirements.txt")
    layers = [one["what"] for one in first["images"][0]["layers"]]
    assert layers == ["requirements", "code"]
    assert first["left_out"] == [".env"]

    kubectl = cluster.kubectl.within(new_namespace())
    image = f"{name.rpartition(':')[0]}@{first['digest']}"
    kubectl("run", "app", "--image", image, "--restart=Never", "--", "python3", "train.py")
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/app", "--timeout=90s")
    assert kubectl("logs", "app") == "came 12.3 MB here\n"

    (builder.work / "train.py").write_text(APP.replace("came", "went"))
    second = builder.built("-t", name, "--base", cluster.python, "-r", "requirements.txt")
    assert second["digest"] != first["digest"]
    assert second["sent"] < 100_000
    assert second["images"][0]["layers"][0] == first["images"][0]["layers"][0] | {
        "cached": True,
        "note": "Python 3.11",
    }
    third = builder.built("-t", name, "--base", cluster.python, "-r", "requirements.txt")
    assert third["digest"] == second["digest"]


def test_the_same_input_is_the_same_image_on_another_machine(
    builder: Builder, name: str, cluster: Cluster
) -> None:
    digests = set()
    for cache in ("one", "two"):
        builder.cache = cache
        os.utime(builder.work / "train.py", (1, len(digests) + 5))
        made = builder.built("-t", name, "--base", cluster.python, "-r", "requirements.txt")
        digests.add(made["digest"])
    assert len(digests) == 1


def test_a_registry_with_a_password(builder: Builder, cluster: Cluster) -> None:
    to = f"{PRIVATE_REGISTRY}/tests/with-a-password:1"
    denied = builder.build("-t", to, "--base", cluster.python)
    assert denied.code == 3
    assert "without a password" in denied.err and f"image login {PRIVATE_REGISTRY}" in denied.err

    wrong = builder.login("no")
    assert wrong.code == 3 and f"log in as {PRIVATE_USER}" in wrong.err
    assert builder.build("-t", to, "--base", cluster.python).code == 3
    assert builder.login(PRIVATE_PASSWORD).code == 0
    assert builder.built("-t", to, "--base", cluster.python)["digest"]

    assert builder.call("image", "logout", PRIVATE_REGISTRY, env=builder.extra).code == 0
    assert builder.build("-t", to, "--base", cluster.python).code == 3


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("--base", f"{REGISTRY}/lab/gone:1"), 2, "there is no image"),
        (("--base", f"{REGISTRY}/lab/python:1", "--platform", "arm64"), 2, "is for linux/amd64"),
        (("--base", f"{REGISTRY}/lab/python:1", "-r", "wrong.txt"), 2, "no-such-package-at-all"),
        (("--base", f"{REGISTRY}/lab/python:1", "--python", "3.4", "-r", "wrong.txt"), 2, "no 3.4"),
        (("--base", "127.0.0.1:1/lab/python:1"), 3, "127.0.0.1:1 does not answer"),
    ],
)
def test_what_cannot_be_built_is_told(
    builder: Builder, name: str, argv: tuple[str, ...], code: int, said: str
) -> None:
    (builder.work / "wrong.txt").write_text("no-such-package-at-all==1\n")
    found = builder.build("-t", name, *argv)
    assert found.code == code, found
    assert said in found.err
    if code == 2:
        assert "Traceback" not in found.err


def test_a_registry_without_tls_is_asked_only_where_one_says_so(
    builder: Builder, name: str, cluster: Cluster
) -> None:
    found = builder.build("-t", name, "--base", cluster.python, insecure=False)
    assert found.code == 3
    assert "speaks HTTP without TLS" in found.err and "--insecure" in found.err


def test_nothing_is_sent_of_a_dry_run(builder: Builder, name: str, cluster: Cluster) -> None:
    assert builder.built("-t", name, "--base", cluster.python, "--dry-run")["digest"] is None
    at = names.parse(name)
    with Reach(at.registry, at.host, Trust(insecure=True), None) as reach:
        answer = reach.call("GET", f"/v2/{at.repository}/manifests/{at.reference}")
    assert answer.status_code == 404


def test_several_platforms_are_one_name(builder: Builder, name: str, cluster: Cluster) -> None:
    base = two_platforms(cluster.python, f"{name.rpartition(':')[0]}-base:1")
    argv = ("-t", name, "--base", base, "--platform", "linux/amd64,arm64")
    made = builder.built(*argv)
    assert [one["platform"] for one in made["images"]] == ["linux/amd64", "linux/arm64"]

    at = names.parse(name)
    with Reach(at.registry, at.host, Trust(insecure=True), None) as reach:
        there = Repository(reach, at)
        index = there.document(at.reference)
        assert index.digest == made["digest"]
        for entry, one in zip(index.tree["manifests"], made["images"], strict=True):
            assert entry["digest"] == one["digest"]
            manifest = there.document(entry["digest"]).tree
            config = json.loads(there.small(manifest["config"]))
            assert config["architecture"] == entry["platform"]["architecture"]
            assert len(config["rootfs"]["diff_ids"]) == len(manifest["layers"])
            assert config["config"]["WorkingDir"] == "/app"
    assert builder.built("-t", name, "--base", base)["images"][0]["platform"] == "linux/amd64"


def two_platforms(image: str, called: str) -> str:
    """The lab's image under another name, and once more as if it were for arm64."""
    source, to = names.parse(image), names.parse(called)
    with Reach(source.registry, source.host, Trust(insecure=True), None) as reach:
        there = Repository(reach, source)
        document = there.document(source.reference)
        push = Pushing(Repository(reach, to), Sessions(None))
        entries = []
        for architecture in ("arm64", "amd64"):
            config = json.loads(there.small(document.tree["config"]))
            changed = json.dumps({**config, "architecture": architecture}).encode()
            blob = blobs.of_bytes(changed, document.tree["config"]["mediaType"])
            made = {**document.tree, "config": blob.descriptor}
            manifest = blobs.of_bytes(json.dumps(made).encode(), document.kind)
            push.push(blob)
            for layer in document.tree["layers"]:
                push.push(there.blob(layer), source.repository)
            data = json.dumps(made).encode()
            push.manifest(data, document.kind, manifest.digest)
            about = {"os": "linux", "architecture": architecture}
            entries.append({**manifest.descriptor, "platform": about})
        kind = "application/vnd.oci.image.index.v1+json"
        index = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
        push.manifest(json.dumps(index).encode(), kind, to.reference)
    return called


# -- a way that is cut


class Way:
    """To a repository of the lab's registry, through a gate that a test can shut."""

    def __init__(self, gate: Gate, folder: Path, repository: str) -> None:
        self.gate = gate
        registry = f"127.0.0.1:{gate.port}"
        name = names.parse(f"{registry}/{repository}:1")
        self.reach = Reach(registry, registry, Trust(), None)
        self.to = Repository(self.reach, name)
        self.sessions = folder / "uploads.json"

    def pushing(self, told: Callable[[str, int], None] = lambda _digest, _there: None) -> Pushing:
        return Pushing(self.to, Sessions(self.sessions), told)


@pytest.fixture
def way(lab: Cluster, tmp_path: Path, name: str) -> Iterator[Way]:
    host, _, port = REGISTRY.partition(":")
    with Gate(host, int(port)) as gate:
        made = Way(gate, tmp_path, names.parse(name).repository)
        with made.reach:
            yield made


@pytest.fixture
def blob(way: Way, request: pytest.FixtureRequest) -> Iterator[blobs.Blob]:
    """One that is not there before the test; the same each time, so that the registry keeps one."""
    data = random.Random(request.node.name).randbytes(3 * blobs.CHUNK + 5)
    made = blobs.of_bytes(data, "application/octet-stream")
    way.reach.call("DELETE", f"{way.to.path}/blobs/{made.digest}")
    yield made
    way.reach.call("DELETE", f"{way.to.path}/blobs/{made.digest}")


def test_an_upload_that_is_cut_goes_on_where_it_was(way: Way, blob: blobs.Blob) -> None:
    cut: list[int] = []

    def told(_digest: str, there: int) -> None:
        if there >= 2 * blobs.CHUNK and not cut:
            cut.append(there)
            with way.gate.away():
                pass

    pushing = way.pushing(told)
    pushing.push(blob)

    assert cut
    assert pushing.sent == blob.size
    assert way.to.has(blob.digest)


def test_an_upload_that_ended_in_the_middle_is_gone_on_with_by_the_next(
    way: Way, blob: blobs.Blob
) -> None:
    def told(_digest: str, there: int) -> None:
        if there >= 2 * blobs.CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        way.pushing(told).push(blob)

    again = way.pushing()
    again.push(blob)
    assert again.sent == blob.size - 2 * blobs.CHUNK
    assert way.to.has(blob.digest)

    nothing = way.pushing()
    nothing.push(blob)
    assert nothing.sent == 0


def test_what_was_built_is_what_a_run_takes(
    builder: Builder, name: str, team: Team, cluster: Cluster
) -> None:
    builder.built("-t", name, "--base", cluster.python, "-r", "requirements.txt")
    team.script("import humanize\nprint('with', humanize.__version__[:2])\n")
    said = team.call("run", "train.py", "--image", name)
    assert said.code == 0, said
    assert "[0] with 4." in said.out


def test_tools_that_build_are_handed_the_work(builder: Builder, tmp_path: Path) -> None:
    """With a stand-in for docker, which notes what it is told."""
    stand_in = tmp_path / "bin" / "docker"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\necho "$*" >> "$(dirname "$0")/told"\n')
    stand_in.chmod(0o755)
    (builder.work / "Dockerfile").write_text("FROM scratch\n")
    path = f"{stand_in.parent}:{os.environ['PATH']}"
    said = builder.call(
        "image", "build", "-t", "lab.example/app:1", "--builder", "docker", env={"PATH": path}
    )
    assert said.code == 0, said
    told = (stand_in.parent / "told").read_text().splitlines()
    assert told == [
        "build --file Dockerfile --tag lab.example/app:1 .",
        "push lab.example/app:1",
    ]
