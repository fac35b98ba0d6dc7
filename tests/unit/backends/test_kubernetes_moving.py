"""Files to and from a volume through a helper pod, with the agent's side in a thread."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.fetch import Fetch
from rankzero.agent.outputs import Server
from rankzero.backends.base import Fetching, Helper
from rankzero.backends.kubernetes import helping, staying
from rankzero.backends.kubernetes.channels import ERROR, STDERR, STDIN, STDOUT
from rankzero.backends.kubernetes.claims import ClusterVolumes
from rankzero.backends.viewer import Lost
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import helper, names
from rankzero.spec.pods import Source
from support.apiserver import BORN, ApiServer, Asked, Object
from support.entered import Entered
from support.runs import pod, submit

KIND = "PersistentVolumeClaim"
RUNNING = {
    "phase": "Running",
    "containerStatuses": [
        {"name": "rank", "ready": True, "state": {"running": {"startedAt": BORN}}}
    ],
}


class Agent:
    """What the agent does in a helper pod. volume: what it has mounted; said: its commands."""

    def __init__(self, volume: Path) -> None:
        self.volume, self.said = volume, list[list[str]]()

    def __call__(self, asked: Asked, way: Entered) -> None:
        words = shlex.split(asked.words[-1].partition(" volume ")[2].partition(";")[0])
        self.said.append(words)
        verb, _, *path = words
        at = str(self.volume) + "".join(path)
        stream = Inside(way)
        if verb == "take":
            self._take(Fetch(stream, at))
        elif verb == "give":
            Server(at, stream, follows=False).serve(stream.lines())
        else:
            stream.send(b'a banner\n{"kind": "proven", "free": 7000}\n')
        way.send(ERROR, b'{"status": "Success"}')

    def _take(self, work: Fetch) -> None:
        for at, told in enumerate(work.items()):
            if at == 0:
                work.say({"kind": "missing", **told._asdict()})
        work.say({"kind": "done", **told._asdict()})


class Inside:
    """A command's stdin and stdout."""

    def __init__(self, way: Entered) -> None:
        self._way, self._frames = way, way.frames()

    def send(self, data: bytes) -> None:
        self._way.send(STDOUT, data)

    def write(self, data: bytes) -> int:
        self.send(data)
        return len(data)

    def flush(self) -> None:
        """What is sent is sent."""

    def receive(self, _: float | None) -> bytes:
        for channel, data in self._frames:
            if channel == STDIN:
                return data
        raise Lost("the other side has ended")

    def lines(self) -> Iterator[bytes]:
        rest = b""
        while True:
            try:
                *whole, rest = (rest + self.receive(None)).split(b"\n")
            except Lost:
                return
            yield from whole


@pytest.fixture
def agent(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """The archive is not looked at here, and to pack it takes longer than all else."""
    monkeypatch.setattr(helping, "agent_zip", lambda: b"the agent")
    (tmp_path / "volume").mkdir()
    api.pod = made = Agent(tmp_path / "volume")
    labels = {names.VOLUME: "kept"}
    spec = {"accessModes": ["ReadWriteOnce"]}
    api.put(KIND, "data", labels=labels, spec=spec, status={"phase": "Bound"})
    api.put("StorageClass", "disk")
    return made


@pytest.fixture
def volumes(api: ApiServer, agent: Agent) -> ClusterVolumes:
    return ClusterVolumes(api.cluster())


def labels_of(one: Object) -> dict[str, str]:
    return dict(one["metadata"].get("labels", {}))


def starts(api: ApiServer, jobs: list[Object] | None = None, **status: Any) -> None:
    """The next helper's pod, as soon as its archive is there. jobs: gets its Job."""

    def start() -> None:
        all_ = [api.api.one("Job", one) for one in api.api.names("Job")]
        (name,) = [one[helper.LABEL] for one in map(labels_of, all_) if helper.LABEL in one]
        if jobs is not None:
            jobs.append(api.api.one("Job", name))
        labels = {helper.LABEL: name, names.ROLE: helper.ROLE, names.INDEX: "0"}
        spec = {"nodeName": "a"}
        api.put("Pod", f"{name}-x", labels=labels, spec=spec, status=status or RUNNING)

    api.meanwhile["POST ConfigMap"] = start


def left(api: ApiServer) -> list[str]:
    """What is there beside what was there before."""
    kinds = ("Job", "ConfigMap", KIND)
    return [name for kind in kinds for name in api.api.names(kind) if name != "data"]


def quiet(_: Fetching) -> None:
    """What comes is looked at by itself."""


def test_a_folder_goes_there_and_comes_back_and_no_helper_is_left(
    api: ApiServer, volumes: ClusterVolumes, agent: Agent, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    (here / "inner").mkdir(parents=True)
    (here / "inner" / "large").write_bytes(bytes(range(256)) * 2_000)
    (here / "small").write_text("s")

    starts(api)
    put = volumes.put(here, "data", "/models", quiet, Helper())
    assert (put.files, put.size, put.to) == (2, 512_001, "data:/models")
    starts(api)
    got = volumes.get("data", "/models", tmp_path / "back", quiet, Helper())

    assert (got.files, got.size) == (2, 512_001)
    for name in ("inner/large", "small"):
        assert (tmp_path / "back" / name).read_bytes() == (here / name).read_bytes()
    assert [words[0] for words in agent.said] == ["take", "give"]
    assert left(api) == []


def test_what_is_not_on_the_volume_is_told(
    api: ApiServer, volumes: ClusterVolumes, tmp_path: Path
) -> None:
    starts(api)
    with pytest.raises(BadRequest, match="there is no /gone on the volume data; nothing came"):
        volumes.get("data", "/gone", tmp_path / "back", quiet, Helper())
    assert left(api) == []


@pytest.mark.parametrize("writes", [True, False])
def test_a_helper_is_on_the_machine_that_has_the_volume_with_the_run_s_image(
    api: ApiServer, volumes: ClusterVolumes, tmp_path: Path, writes: bool
) -> None:
    mounts = [{"persistentVolumeClaim": {"claimName": "data"}}]
    containers = [{"name": "rank", "image": "mine:1"}]
    spec = {"volumes": mounts, "containers": containers, "nodeName": "b"}
    api.put("Pod", "run-0", labels={names.RUN: "run-0000"}, spec=spec, status=RUNNING)
    jobs: list[Object] = []
    starts(api, jobs)
    (tmp_path / "one").write_text("1")
    if writes:
        volumes.put(tmp_path / "one", "data", "/one", quiet, Helper(user="7:8"))
    else:
        (tmp_path / "volume" / "one").write_text("1")
        volumes.get("data", "/one", tmp_path / "back", quiet, Helper(user="7:8"))

    pod = jobs[0]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "mine:1"
    mount = next(one for one in container["volumeMounts"] if one["name"] != "agent")
    assert mount.get("readOnly", False) is not writes
    terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert terms["nodeSelectorTerms"][0]["matchFields"][0]["values"] == ["b"]
    assert pod["securityContext"]["runAsUser"] == 7


def test_a_check_makes_a_volume_proves_it_and_takes_it_away(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    source = Source.model_validate({"claim": "any", "size": "5Gi", "class": "disk"})
    starts(api)
    claims: list[Object] = []
    api.meanwhile["PATCH Job"] = lambda: claims.extend(
        api.api.one(KIND, name) for name in api.api.names(KIND) if name != "data"
    )
    proof = volumes.check(source, Helper(image="python:3"))

    assert (proof.storage_class, proof.access, proof.free) == ("disk", "ReadWriteOnce", 7000)
    assert claims[0]["spec"]["resources"]["requests"] == {"storage": "5Gi"}
    assert left(api) == []


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            {"kind": "failed", "error": "Read-only file system"},
            r"disk gives no ReadWriteOnce volume of 5Gi that can be written: Read-only file",
        ),
        (None, r"gives no ReadWriteOnce volume of 5Gi that answers: no such file"),
    ],
)
def test_a_volume_that_cannot_be_written_or_does_not_answer_is_told(
    api: ApiServer, volumes: ClusterVolumes, said: Any, text: str
) -> None:
    def answer(_: Asked, way: Entered) -> None:
        if said is not None:
            way.send(STDOUT, json.dumps(said).encode() + b"\n")
        way.send(ERROR, b'{"status": "Failure", "message": "no such file"}')

    api.pod = answer
    starts(api)
    source = Source.model_validate({"claim": "any", "size": "5Gi", "class": "disk"})
    with pytest.raises(Refused, match=text):
        volumes.check(source, Helper(image="python:3"))
    assert left(api) == []


def test_a_helper_that_does_not_start_is_told_with_why_and_taken_away(
    api: ApiServer, volumes: ClusterVolumes, tmp_path: Path
) -> None:
    lacks = "0/2 nodes are available: 2 node(s) had untolerated taint(s)."
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    waiting = {"phase": "Pending", "conditions": [{**refused, "message": lacks}]}
    starts(api, **waiting)
    (tmp_path / "one").write_text("1")
    with pytest.raises(
        Refused, match=r"cannot reach the volume data: its helper pod did not"
    ) as raised:
        volumes.put(tmp_path / "one", "data", "/one", quiet, Helper(wait=0.2))
    assert "after 0.2 s" in str(raised.value)
    assert left(api) == []


def test_who_may_make_no_helper_is_told_what_it_was_for(
    api: ApiServer, volumes: ClusterVolumes, tmp_path: Path
) -> None:
    api.refuses["POST Job"] = 403
    (tmp_path / "one").write_text("1")
    with pytest.raises(
        Refused, match="cannot reach the volume data, which takes a helper pod: may"
    ):
        volumes.put(tmp_path / "one", "data", "/one", quiet, Helper())
    assert left(api) == []


def test_the_last_words_of_an_agent_that_fails_are_told(
    api: ApiServer, volumes: ClusterVolumes, tmp_path: Path
) -> None:
    def fail(_: Asked, way: Entered) -> None:
        way.send(STDERR, b"rankzero: no Python here\n")
        way.send(ERROR, b'{"message": "command terminated with exit code 1"}')

    api.pod = fail
    starts(api)
    (tmp_path / "one").write_text("1")
    with pytest.raises(Refused, match="exit code 1: rankzero: no Python here"):
        volumes.put(tmp_path / "one", "data", "/one", quiet, Helper())


def test_outputs_on_a_volume_come_also_where_their_pod_has_just_ended(
    api: ApiServer, agent: Agent, tmp_path: Path
) -> None:
    """It runs for some seconds yet, as far as the cluster has heard."""
    claim = {"claim": "data", "path": "/data"}
    found = submit(api, volumes={"data": claim}, output_volume="data")
    ended = pod(api, found, status=RUNNING)["metadata"]["name"]
    outputs = tmp_path / "volume" / found.run / "outputs"
    outputs.mkdir(parents=True)
    (outputs / "model").write_text("trained")

    def answer(asked: Asked, way: Entered) -> None:
        if asked.name == ended:
            way.cut()
        else:
            stream = Inside(way)
            Server(str(outputs), stream, follows=False).serve(stream.lines())
            way.send(ERROR, b'{"status": "Success"}')

    api.pod = answer
    starts(api)
    copied = staying.copy(api.cluster(), found.run, tmp_path / "back", quiet, Helper())
    assert (copied / "model").read_text() == "trained"
    assert [path.name for path in copied.iterdir()] == ["model"]
