"""FaceNet, from drawn people through three workers to their neighbours: one pipeline, done once,
and looked at from all sides."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from rankzero.spec.pipelines.making import load_pipeline
from support.pipelines import Works

FACENET = Path(__file__).parents[2] / "examples" / "facenet"
FILE = str(FACENET / "pipeline.yaml")
#: Seconds for the whole pipeline, of which half a minute is enough on a machine that is free.
PATIENT = 400
IDENTITIES, EPOCHS = 32, 8
SMALL = [
    f"--set={setting}"
    for setting in (f"identities={IDENTITIES}", "pictures=16", "size=32", f"epochs={EPOCHS}")
]


@pytest.fixture(scope="module")
def parts() -> Iterator[SimpleNamespace]:
    """The example's modules that need NumPy alone."""
    pytest.importorskip("numpy")
    names = ("batches", "generate", "neighbours", "pictures")
    sys.path.insert(0, str(FACENET))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    sys.path.remove(str(FACENET))


def test_its_pipeline_is_whole_and_names_the_files_that_its_steps_depend_on() -> None:
    pipeline = load_pipeline(FILE)

    assert [*pipeline.steps] == ["load", "train", "predict", "publish", "serve"]
    for step in filter(lambda step: step.service is None, pipeline.steps.values()):
        names = {path.stem for path in FACENET.glob("*.py")}
        reached, new = set(), {Path(step.code[0]).stem}
        while new:
            reached |= new
            texts = [(FACENET / f"{name}.py").read_text() for name in new]
            imported = {
                name for text in texts for name in re.findall(r"^(?:from|import) (\w+)", text, re.M)
            }
            new = (imported & names) - reached
        assert {Path(file).stem for file in step.code} == reached


def test_the_same_people_are_drawn_again(parts: SimpleNamespace, tmp_path: Path) -> None:
    for name in ("one", "two"):
        parts.generate.generate(tmp_path / name, identities=3, pictures=2, size=32, seed=7)

    one, two = (parts.pictures.find(tmp_path / name) for name in ("one", "two"))
    assert [path.name for path in one["Ada_Amsel"]] == ["Ada_Amsel_0001.png", "Ada_Amsel_0002.png"]
    files = [[path.read_bytes() for some in each.values() for path in some] for each in (one, two)]
    assert files[0] == files[1]
    assert len(set(files[0])) == 6
    assert len(set(parts.generate.names(500))) == 500


def load(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, FACENET / "load.py", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENT, check=False)


@pytest.mark.tensorflow
def test_a_folder_of_jpegs_is_taken_in_the_form_of_lfw(
    parts: SimpleNamespace, tmp_path: Path
) -> None:
    import PIL.Image

    lfw = tmp_path / "lfw"
    for name, count in {"Zoe_Ball": 1, "George_W_Bush": 5, "Aaron_Peirsol": 4}.items():
        (lfw / name).mkdir(parents=True)
        for number in range(1, count + 1):
            picture = PIL.Image.new("RGB", (250, 250), (0, 0, 255))
            picture.paste((200, 40 * number, 0), (50, 50, 200, 200))
            picture.save(lfw / name / f"{name}_{number:04}.jpg", quality=90)
    (lfw / "pairs.txt").write_text("10 300\n")
    (lfw / "Aaron_Peirsol" / "notes.txt").write_text("no picture\n")

    said = load("--from", lfw, "--least", "4", "--to", tmp_path / "faces")

    assert said.returncode == 0, said.stderr
    assert "left out 1 names with fewer than 4 pictures" in said.stdout
    assert f"9 pictures of 2 identities in {tmp_path / 'faces'}" in said.stdout
    faces = parts.pictures.read(tmp_path / "faces", size=32, crop=0.5)
    assert faces.names == ["Aaron_Peirsol", "George_W_Bush"]
    assert faces.owners.tolist() == [0] * 4 + [1] * 5
    assert faces.paths[4] == "George_W_Bush/George_W_Bush_0001.jpg"
    assert faces.pictures.shape == (9, 32, 32, 3)
    for picture, number in zip(faces.pictures, [1, 2, 3, 4, 1, 2, 3, 4, 5], strict=True):
        # The middle alone: nothing of the blue around it, however JPEG rounds.
        assert abs(picture.astype(int) - (200, 40 * number, 0)).max() < 12

    refused = load("--from", lfw, "--least", "6", "--to", tmp_path / "none")
    assert refused.returncode == 1
    assert f"{lfw} has no pictures NAME/NAME_0001.png of which anybody has 6" in refused.stderr
    (tmp_path / "faces" / "Aaron_Peirsol" / "Aaron_Peirsol_0009.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"Aaron_Peirsol_0009.jpg is no PNG and no JPEG"):
        parts.pictures.read(tmp_path / "faces", size=32)


def test_identities_are_ranked_by_their_nearest_picture(parts: SimpleNamespace) -> None:
    import numpy

    rng = numpy.random.default_rng(3)
    known, owners = rng.normal(size=(60, 4)), rng.permutation(60) % 7
    places = numpy.arange(100, 160)
    asked = rng.normal(size=(9, 4))

    found = parts.neighbours.nearest(asked, known, owners, places, count=7)

    for point, some in zip(asked, found, strict=True):
        far = numpy.linalg.norm(known - point, axis=1)
        best = sorted((far[owners == one].min(), one) for one in range(7))
        assert [one.owner for one in some] == [owner for _, owner in best]
        assert [one.distance for one in some] == pytest.approx([distance for distance, _ in best])
        assert all(owners[one.picture - 100] == one.owner for one in some)


def test_each_worker_learns_from_people_of_its_own(parts: SimpleNamespace) -> None:
    import numpy

    owners = numpy.repeat(numpy.arange(25), 8)
    split = parts.batches.split(owners)
    batches = parts.batches.Batches(owners, split.learned(owners), size=12, each=3)

    every = [[*batches.of(1, worker, 3, seed=0)] for worker in range(3)]

    steps = [*zip(*every, strict=True)]
    assert len(steps) == -(-batches.pictures // 36)
    for step in steps:
        assert all(len(set(owners[one])) <= 4 and len(one) == 12 for one in step)
        if step is steps[0]:
            assert len({owner for one in step for owner in owners[one]}) == 12
        assert not split.strangers[owners[numpy.concatenate(step)]].any()
        assert not split.probes[numpy.concatenate(step)].any()
    with pytest.raises(ValueError, match="two pictures each, of two identities"):
        parts.batches.Batches(owners, split.learned(owners), size=3, each=3)


@pytest.mark.tensorflow
def test_each_pair_is_compared_with_the_nearest_other_that_is_farther_away(
    parts: SimpleNamespace,
) -> None:
    import numpy

    rng = numpy.random.default_rng(1)
    points = rng.normal(size=(12, 3)).astype("float32")
    points /= numpy.linalg.norm(points, axis=1, keepdims=True)
    owners, margin = numpy.arange(12) % 4, 0.2
    far = ((points[:, None] - points[None]) ** 2).sum(-1)
    losses = []
    for one, other in zip(*numpy.nonzero(owners[:, None] == owners[None]), strict=True):
        if one != other:
            against = far[one][owners != owners[one]]
            farther = against[against > far[one, other]]
            negative = farther.min() if len(farther) else against.max()
            losses.append(max(far[one, other] - negative + margin, 0))

    loss = importlib.import_module("triplets").loss(points, owners, margin)

    assert float(loss) == pytest.approx(numpy.mean(losses), abs=1e-5)


@pytest.mark.tensorflow
def test_a_training_goes_on_from_what_it_saved_and_not_from_another_one_s(
    parts: SimpleNamespace, tmp_path: Path
) -> None:
    import numpy
    import tensorflow

    network, training = (importlib.import_module(name) for name in ("network", "training"))
    alone = tensorflow.distribute.get_strategy()

    def made(seed: int, mark: int) -> tuple[Any, Any]:
        net = network.InceptionResNetV1(network.Shape(32, 0.05, 0.1, 8), seed)
        return net, training.Training(alone, net, 0.2, mark)

    first, before = made(seed=1, mark=7)
    pictures = numpy.random.default_rng(0).integers(0, 255, (8, 32, 32, 3)).astype("uint8")
    untrained = first.numpy()
    before.step(pictures, numpy.arange(8) // 2, tensorflow.constant(0.01))
    assert before.save(tmp_path, 3) == tmp_path / "epoch-0003.npz"

    second, after = made(seed=2, mark=7)
    assert after.resume(tmp_path) == 3
    for name, value in first.numpy().items():
        numpy.testing.assert_array_equal(second.numpy()[name], value)
    assert any((untrained[name] != value).any() for name, value in first.numpy().items())
    for name, some in (("before", before), ("after", after)):
        some.save(tmp_path / name, 4)
    one, two = (numpy.load(tmp_path / name / "newest.npz") for name in ("before", "after"))
    assert all((one[name] == two[name]).all() for name in one)

    _, other = made(seed=1, mark=8)
    assert other.resume(tmp_path) == 0
    assert not [*tmp_path.glob("*.npz")]


class Done(NamedTuple):
    """The whole pipeline, once it was done."""

    works: Works
    run: str

    def handed(self, output: str) -> dict[str, Any]:
        """What is known of an output: `where` it is, or its `value`."""
        said = self.works.call("pipeline", "outputs", self.run, "-o", "json")
        rows = json.loads(said.out)["outputs"]
        found: dict[str, Any] = next(
            row for row in rows if f"{row['step']}.{row['name']}" == output
        )
        return found

    def folder(self, output: str) -> Path:
        return Path(self.handed(output)["where"])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    works = Works(tmp_path_factory.mktemp("facenet"))
    try:
        running = works.start("pipeline", "run", FILE, *SMALL, env={"CUDA_VISIBLE_DEVICES": ""})
        said = running.wait(PATIENT)
        assert said.code == 0, said.out + said.err
        yield Done(works, works.status()["run"])
        assert works.call("serve", "delete", "facenet-serve").code == 0
        works.nothing_left()
    finally:
        works.close()


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    made = Works(tmp_path)
    yield made
    made.close()


@pytest.mark.tensorflow
@pytest.mark.timeout(PATIENT + 100)
def test_a_killed_worker_s_training_goes_on_with_the_next_epoch(works: Works) -> None:
    tiny = ("identities=10", "pictures=8", "size=32", "width=0.05", "depth=0.1", "batch=8")
    wanted = [f"--set={setting}" for setting in (*tiny, "epochs=40", "wanted=0")]
    running = works.start("pipeline", "run", FILE, *wanted, env={"CUDA_VISIBLE_DEVICES": ""})
    running.until_said("[0] epoch 3 ", PATIENT)
    os.kill(works.ranks()[1].pid, signal.SIGKILL)

    said = running.wait(PATIENT)

    assert said.code == 0, said.out + said.err
    (resumed,) = {int(one) for one in re.findall(r"resumed after epoch (\d+)$", said.out, re.M)}
    assert resumed >= 3
    for rank in range(3):
        lines = re.findall(rf"^\[train\] \[{rank}\] (.*)$", said.out, re.M)
        at = lines.index(f"resumed after epoch {resumed}")
        epochs = [line.split()[1] for line in lines[at:] if line.startswith("epoch ")]
        assert epochs == [str(number) for number in range(resumed + 1, 41)]
        assert re.fullmatch(r"total [\d.]+ s", lines[-1])
    assert works.call("serve", "delete", "facenet-serve").code == 0
    works.nothing_left()


@pytest.mark.tensorflow
@pytest.mark.timeout(PATIENT + 100)
def test_three_workers_learn_as_one(done: Done) -> None:
    lines = done.works.call("pipeline", "logs", done.run, "--step", "train").out

    for rank in range(3):
        assert f"[{rank}] worker {rank} of 3  " in lines
        assert f"[{rank}] effective batch size 96 = 32 x 3 workers" in lines
        assert f"[{rank}] learning rate 0.006 = 0.002 x 3 workers" in lines
        assert re.search(rf"\[{rank}\] total [\d.]+ s$", lines, re.M)
    told = {
        rank: dict(re.findall(rf"\[{rank}\] epoch (\d+)  loss (\S+)", lines)) for rank in range(3)
    }
    assert len(told[0]) == EPOCHS
    assert told[0] == told[1] == told[2]


@pytest.mark.tensorflow
def test_the_weights_of_every_epoch_are_there(done: Done) -> None:
    names = sorted(path.name for path in done.folder("train.weights").iterdir())

    assert names == [*(f"epoch-{number:04}.npz" for number in range(1, EPOCHS + 1)), "newest.npz"]


@pytest.mark.tensorflow
def test_it_knows_people_far_better_than_by_chance_and_than_by_their_pixels(done: Done) -> None:
    results = json.loads((done.folder("predict.results") / "results.json").read_text())

    found = results["identification"]
    assert results["identities"] == IDENTITIES
    assert found["chance"] == pytest.approx(1 / IDENTITIES)
    assert found["accuracy"] > max(0.4, found["by_pixels"])
    assert found["among_three"] >= found["accuracy"]
    assert results["verification"]["accuracy"] > 0.7
    assert float(done.handed("predict.accuracy")["value"]) == pytest.approx(
        found["accuracy"], abs=1e-4
    )
    began = datetime.fromisoformat(done.handed("load.start_time")["value"])
    assert datetime.fromisoformat(results["started"]) == began


@pytest.mark.tensorflow
def test_neighbours_come_nearest_first(done: Done) -> None:
    folder = done.folder("predict.results")
    rows = json.loads((folder / "neighbours.json").read_text())

    assert len(rows) == 2 * IDENTITIES
    for row in rows:
        distances = [one["distance"] for one in row["nearest"]]
        assert len({one["identity"] for one in row["nearest"]}) == 3
        assert distances == sorted(distances)
        assert row["picture"] not in [one["picture"] for one in row["nearest"]]
    assert (folder / "neighbours.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.tensorflow
def test_its_page_finds_who_looks_most_like_a_picture_and_says_where_there_is_no_face(
    parts: SimpleNamespace, done: Done
) -> None:
    import numpy

    from rankzero.serving import BadInput

    sys.modules.pop("app", None)  # another example has one as well
    neighbours = importlib.import_module("app").Neighbours()
    neighbours.load(done.folder("publish.served"))
    samples = neighbours.samples()
    wall = parts.pictures.png(numpy.full((40, 60, 3), 90, "uint8"))
    chequered = numpy.indices((64, 64)).sum(0) // 8 % 2 * 255
    board = parts.pictures.png(numpy.stack([chequered] * 3, axis=-1).astype("uint8"))

    *found, none, neither, broken = neighbours.predict(
        [*(one.value for one in samples), wall, board, b"no picture"]
    )

    # What the pipeline found for the very pictures that the page offers to ask with.
    rows = json.loads((done.folder("predict.results") / "neighbours.json").read_text())
    for sample, some in zip(samples, found, strict=True):
        whose = sample.name.replace(" ", "_") + "/"
        nearest = [row["nearest"] for row in rows if row["picture"].startswith(whose)]
        wanted = [[one["distance"] for one in each] for each in nearest]
        which = wanted.index(pytest.approx([one.distance for one in some], abs=2e-3))
        for shown, known in zip(some, nearest[which], strict=True):
            assert shown.caption.startswith(known["identity"].replace("_", " "))
            assert shown.image.startswith(b"\x89PNG")
    for refused in (none, neither):
        assert isinstance(refused, BadInput)
        assert "no face" in str(refused)
    assert isinstance(broken, BadInput)


@pytest.mark.tensorflow
def test_embeddings_are_computed_once_and_a_bad_model_is_not_published(done: Done) -> None:
    works = done.works
    again = ("--rerun", "predict", "--set", "wanted=1.1")
    telling = {"PYTHONPROFILEIMPORTTIME": "1"}  # each step says what it imports

    said = works.call("pipeline", "run", FILE, *SMALL, *again, env=telling)

    assert said.code == 0, said.out + said.err
    assert works.states() == {
        "load": "succeeded",
        "train": "succeeded",
        "predict": "succeeded",
        "publish": "skipped",
        "serve": "skipped",
    }
    assert "train cached" in said.out + said.err
    lines = works.call("pipeline", "logs", "-", "--step", "predict").out
    assert "numpy" in lines
    assert "tensorflow" not in lines
