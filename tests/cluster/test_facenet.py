"""FaceNet on a cluster: one command from nothing to a model, on a volume that it makes, with a
worker that is killed on the way; then its page."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from support.pods import KILL_RANK

from .lab.places import ROOT
from .lab.target import Cluster
from .piping import rules
from .shared import shared
from .team import ROLE, Team

#: The first test may build the image, and every node pulls 1.5 GB of it.
pytestmark = pytest.mark.timeout(1200)
PATIENCE = 600
FACENET = ROOT / "examples" / "facenet"
#: What the pipeline leaves running.
SERVED = "facenet-serve"
IDENTITIES, EPOCHS = 32, 12
SMALL = [
    f"--set={setting}"
    for setting in (f"identities={IDENTITIES}", "pictures=16", "size=32", f"epochs={EPOCHS}")
]


class Done(NamedTuple):
    """The pipeline, once it was done. lines: all that its steps wrote, as the command showed it.
    machines: where each of the three workers was, by number."""

    team: Team
    run: str
    image: str
    lines: str
    machines: dict[str, str]

    def handed(self, output: str) -> dict[str, Any]:
        """What is known of an output, such as `train.weights`."""
        said = self.team.call("pipeline", "outputs", self.run, "-o", "json")
        rows: list[dict[str, Any]] = json.loads(said.out)["outputs"]
        (found,) = (row for row in rows if f"{row['step']}.{row['name']}" == output)
        return found

    def of(self, rank: int) -> list[str]:
        """What a worker wrote."""
        return re.findall(rf"^\[train\] \[{rank}\] (.*)$", self.lines, re.MULTILINE)


@pytest.fixture(scope="module")
def done(
    cluster: Cluster, tensorflow: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Done]:
    with shared(cluster, tmp_path_factory.mktemp("facenet")) as place:
        team = place.member({"rules": [*ROLE["rules"], *rules("--pipelines")]})
        try:
            yield _done(team, tensorflow)
        finally:
            # A namespace waits for ever for Jobs whose pods it has deleted.
            team.call("serve", "delete", SERVED)
            team.call("pipeline", "stop", "-")
            team.call("pipeline", "delete", "--all")


def _done(team: Team, image: str) -> Done:
    file = str(FACENET / "pipeline.yaml")
    running = team.start("pipeline", "run", file, *SMALL, env={"RANKZERO_IMAGE": image})
    running.until_said("[0] epoch 2 ", PATIENCE)
    run = running.err.split()[0]
    pods = {
        one["metadata"]["name"]: one["spec"]["nodeName"]
        for one in team.admin.get("pods", "-l", f"rankzero/pipeline={run}")["items"]
        if one["status"]["phase"] == "Running"
    }
    workers = {number[1]: name for name in pods if (number := re.search(r"-2-worker-(\d)-", name))}
    team.admin("exec", workers["1"], "--", "python3", "-c", KILL_RANK, "1", "9")

    said = running.wait(PATIENCE)

    assert said.code == 0, said.err
    machines = {number: pods[name] for number, name in workers.items()}
    return Done(team, run, image, said.out, machines)


def test_a_volume_is_made_that_all_machines_may_write(done: Done) -> None:
    (made,) = done.team.admin.get("persistentvolumeclaims")["items"]

    assert made["metadata"]["name"] == "facenet"
    assert made["spec"]["accessModes"] == ["ReadWriteMany"]
    assert made["status"]["phase"] == "Bound"
    assert len(set(done.machines.values())) > 1, "its workers are on more than one"


def test_a_step_begins_when_what_it_takes_is_whole(done: Done) -> None:
    said = done.team.call("pipeline", "events", done.run, "-o", "json").out
    told = [json.loads(line) for line in said.splitlines()]

    assert [(one["kind"], one.get("step")) for one in told] == [
        *((kind, step) for step in ("load", "train", "predict", "publish", "serve")
          for kind in ("started", "committed")),
        ("finished", None),
    ]  # fmt: skip


def test_three_workers_learn_as_one_and_go_on_after_one_was_killed(done: Done) -> None:
    (resumed,) = {int(one) for one in re.findall(r"resumed after epoch (\d+)$", done.lines, re.M)}
    losses = []
    for rank in range(3):
        lines = done.of(rank)
        assert [line for line in lines if line.startswith(f"worker {rank} of 3  ")]
        assert "effective batch size 96 = 32 x 3 workers" in lines
        assert "learning rate 0.006 = 0.002 x 3 workers" in lines
        after = lines[lines.index(f"resumed after epoch {resumed}") :]
        told = re.findall(r"epoch (\d+)  loss (\S+)", "\n".join(after))
        assert [epoch for epoch, _ in told] == [str(one) for one in range(resumed + 1, EPOCHS + 1)]
        assert re.fullmatch(r"total [\d.]+ s", lines[-1])
        losses.append(told)
    assert resumed >= 2
    assert losses[0] == losses[1] == losses[2]


def test_the_weights_of_every_epoch_are_on_the_volume(done: Done) -> None:
    said = done.team.start(
        "pipeline", "outputs", done.run, "--step", "train", "--to", "../got"
    ).wait(PATIENCE)

    assert said.code == 0, said
    names = sorted(path.name for path in (done.team.work / ".." / "got/train/weights").iterdir())
    assert names == [*(f"epoch-{number:04}.npz" for number in range(1, EPOCHS + 1)), "newest.npz"]


def test_it_tells_people_apart(done: Done) -> None:
    said = re.search(r"^\[predict\] identification accuracy (\S+)", done.lines, re.MULTILINE)

    assert said is not None, done.lines
    assert float(said[1]) > 10 / IDENTITIES
    assert float(done.handed("predict.accuracy")["value"]) == pytest.approx(
        float(said[1]), abs=1e-3
    )
    assert re.search(r"^\[predict\] total [\d.]+ s$", done.lines, re.MULTILINE)


def test_its_page_shows_whom_an_uploaded_picture_looks_like(done: Done) -> None:
    import PIL.Image

    opened = done.team.start("serve", "open", SERVED, "--no-browser", "--path", "/upload")
    try:
        opened.until_said("-> facenet-serve")
        found = re.search(r"(http://\S+/)upload", opened.out)
        assert found
        page = fetch(f"{found[1]}upload")
        assert b"<html" in page
        samples = json.loads(fetch(f"{found[1]}api"))["samples"]
        right = 0
        for number, sample in enumerate(samples):
            picture = fetch(f"{found[1]}samples/{number}")
            shown = json.loads(fetch(f"{found[1]}predict", picture, "image/png"))["output"]
            distances = [one["distance"] for one in shown]
            assert len(shown) == 3 and distances == sorted(distances)
            right += any(one["caption"].startswith(sample["name"]) for one in shown)
        assert right > len(samples) / 2 > 2
        wall = done.team.work / "wall.jpg"
        PIL.Image.new("RGB", (80, 80), (90, 90, 90)).save(wall)
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(f"{found[1]}predict", wall.read_bytes(), "image/jpeg")
        assert b"There is no face in this picture" in refused.value.read()
    finally:
        opened.end()


def fetch(url: str, data: bytes | None = None, kind: str = "") -> bytes:
    asked = urllib.request.Request(url, data, {"Content-Type": kind} if kind else {})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return bytes(answer.read())
