"""FaceNet: an Inception-ResNet that learns, by triplets, which faces are the same person's.

Nothing in here knows rankzero: it reads TF_CONFIG, and without one it trains alone. Under
`rankzero run` every node is a worker, and the first of them is the chief, who alone saves.
"""

from __future__ import annotations

import argparse
import math
import os
import time
import zlib
from pathlib import Path

import model
import numpy as np
import pictures
import tensorflow as tf
from batches import Batches, split
from network import InceptionResNetV1, Shape
from training import Training

OUTPUTS = Path(os.environ.get("RANKZERO_OUTPUTS", "outputs"))


def main() -> None:
    options = parse()
    began = time.monotonic()
    strategy, worker, workers = join()
    faces = pictures.read(options.faces, options.size, options.crop)
    parts = split(faces.owners)
    batches = Batches(faces.owners, parts.learned(faces.owners), options.batch, options.each)
    rate = options.lr * workers
    shape = Shape(options.size, options.width, options.depth, options.embedding)
    with strategy.scope():
        net = InceptionResNetV1(shape, options.seed)
        training = Training(strategy, net, options.margin, mark(options, faces.pictures))
    print(f"worker {worker} of {workers}  {net.parameters:,} parameters")
    print(f"{batches.pictures} pictures to learn from, of {len(faces.pictures)}")
    print(f"effective batch size {options.batch * workers} = {options.batch} x {workers} workers")
    print(f"learning rate {rate:g} = {options.lr:g} x {workers} workers")

    chief = worker == 0
    first = training.resume(OUTPUTS / "weights" if chief else None) + 1
    if first > 1:
        print(f"resumed after epoch {first - 1}")
    for epoch in range(first, options.epochs + 1):
        at = time.monotonic()
        # Larger and larger steps at first, then ever smaller ones, by the epoch's number alone.
        now = rate * min(1, epoch / 3) * (1 + math.cos(math.pi * (epoch - 1) / options.epochs)) / 2
        losses = [
            float(training.step(faces.pictures[places], faces.owners[places], tf.constant(now)))
            for places in batches.of(epoch, worker, workers, options.seed)
        ]
        line = f"epoch {epoch}  loss {np.mean(losses):.4f}  {time.monotonic() - at:.1f} s"
        print(f"{line}  saved {training.save(OUTPUTS / 'weights', epoch).name}" if chief else line)
    if chief:
        folder = OUTPUTS / "model"
        model.export(folder, net, faces, parts, options)
        print(f"exported {folder} with the embeddings of {len(faces.pictures)} pictures")
    training.meet()  # one that left earlier would be taken for lost by the others
    print(f"total {time.monotonic() - began:.1f} s")


def mark(options: argparse.Namespace, learned_from: np.ndarray) -> int:
    """Another number for another training: what is saved of one is nothing for others. More epochs
    are the same one, continued."""
    free = ("epochs", "faces", "started")
    chosen = {name: one for name, one in vars(options).items() if name not in free}
    return zlib.crc32(repr(sorted(chosen.items())).encode(), zlib.crc32(learned_from.tobytes()))


def join() -> tuple[tf.distribute.Strategy, int, int]:
    """Meet the other workers; the strategy, this worker's number, and how many there are."""
    gpus = tf.config.list_physical_devices("GPU")
    tf.config.set_visible_devices(gpus[:1], "GPU")  # one replica a process
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    return strategy, strategy.cluster_resolver.task_id or 0, strategy.num_replicas_in_sync


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--faces", type=Path, default=Path("faces"), help="NAME/NAME_0001.png")
    parser.add_argument("--crop", type=float, default=1.0, help="part of a picture; LFW: 0.5")
    parser.add_argument("--size", type=int, default=48, help="pixels of a side; the paper: 160")
    parser.add_argument("--width", type=float, default=0.25, help="share of the paper's filters")
    parser.add_argument("--depth", type=float, default=0.2, help="share of the paper's blocks")
    parser.add_argument("--embedding", type=int, default=64, help="numbers; the paper: 128")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=32, help="pictures a step of one worker")
    parser.add_argument("--each", type=int, default=4, help="pictures of an identity in a batch")
    parser.add_argument("--lr", type=float, default=0.002, help="of one worker alone")
    parser.add_argument("--margin", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--started", default="", help="when the data was made; kept with the model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
