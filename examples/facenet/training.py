"""One step of a training that all workers take together, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
import triplets
from network import InceptionResNetV1

#: In the folder of weights: the newest, with the optimiser's state.
NEWEST = "newest.npz"
_DECAYS = (0.9, 0.999)


class Training:
    """A network, the state of its optimiser (Adam), and the number of steps that were taken.

    A step costs one reduction over the workers: gradients, statistics and loss travel as one row.
    All variables change outside the replicas, by the same numbers everywhere, so that every worker
    always has all of them, and one alone may save.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy, net: InceptionResNetV1, margin: float, mark: int
    ) -> None:
        """Within the strategy's scope. mark: what is saved under another one is another
        training's."""
        self._strategy, self._net, self._margin, self._mark = strategy, net, margin, mark
        self._weights = [*net.weights.values()]
        self._slopes, self._squares = (tf.Variable(tf.zeros([net.parameters])) for _ in range(2))
        self._steps = tf.Variable(0.0)

    @tf.function
    def step(self, pictures: tf.Tensor, owners: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        """Learn from every worker's own batch; the mean loss over all of them."""
        each = self._strategy.run(self._learn, (pictures, owners))
        mean = self._strategy.reduce("MEAN", each, axis=None)
        count = self._net.parameters
        self._adam(mean[1 : count + 1], rate)
        statistics = [*self._net.statistics.values()]
        for variable, seen in zip(statistics, _cut(mean[count + 1 :], statistics), strict=True):
            variable.assign(0.9 * variable + 0.1 * seen)
        return mean[0]

    def _learn(self, pictures: tf.Tensor, owners: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            embeddings, seen = self._net.learning(pictures)
            loss = triplets.loss(embeddings, owners, self._margin)
        gradients = tape.gradient(loss, self._weights)
        statistics = [seen[name] for name in self._net.statistics]
        return tf.concat([tf.reshape(one, [-1]) for one in (loss, *gradients, *statistics)], 0)

    def _adam(self, gradient: tf.Tensor, rate: tf.Tensor) -> None:
        first, second = _DECAYS
        self._steps.assign(self._steps + 1)
        self._slopes.assign(first * self._slopes + (1 - first) * gradient)
        self._squares.assign(second * self._squares + (1 - second) * gradient**2)
        slope = self._slopes / (1 - first**self._steps)
        square = self._squares / (1 - second**self._steps)
        change = rate * slope / (tf.sqrt(square) + 1e-7)
        for variable, part in zip(self._weights, _cut(change, self._weights), strict=True):
            variable.assign(variable - part)

    # -- what is kept

    def save(self, folder: Path, epoch: int) -> Path:
        """The network after an epoch, and all that the training needs to go on, each whole or not
        at all."""
        folder.mkdir(parents=True, exist_ok=True)
        network = self._net.numpy()
        path = _written(folder / f"epoch-{epoch:04}.npz", network)
        optimiser = {name: one.numpy() for name, one in self._optimiser().items()}
        _written(
            folder / NEWEST,
            {"epoch": np.array([epoch]), "mark": np.array(self._mark), **optimiser, **network},
        )
        return path

    def resume(self, folder: Path | None) -> int:
        """Go on from what the chief's folder has, and remove what it has of another training.

        The epoch after which it was saved, or 0. The others, who have no folder, are told by the
        chief.
        """
        kept: dict[str, np.ndarray] = {}
        if folder is not None and (folder / NEWEST).exists():
            with np.load(folder / NEWEST) as file:
                kept = dict(file) if file["mark"] == self._mark else {}
        if folder is not None and not kept:
            for old in folder.glob("*.npz"):
                old.unlink()
        epoch = int(self._told(kept.get("epoch", np.zeros(1)))[0])
        if epoch:
            every = {**self._optimiser(), **self._net.weights, **self._net.statistics}
            rows = [np.ravel(kept.get(name, np.zeros(one.shape))) for name, one in every.items()]
            told = _cut(self._told(np.concatenate(rows)), [*every.values()])
            for variable, value in zip(every.values(), told, strict=True):
                variable.assign(value)
        return epoch

    def meet(self) -> None:
        """Wait until all workers are here."""
        self._sum(tf.zeros([1]))

    def _optimiser(self) -> dict[str, tf.Variable]:
        return {"steps": self._steps, "slopes": self._slopes, "squares": self._squares}

    def _told(self, value: np.ndarray) -> tf.Tensor:
        """What the chief knows, where all others bring zeros."""
        return self._sum(tf.constant(value, tf.float32))

    @tf.function(reduce_retracing=True)
    def _sum(self, own: tf.Tensor) -> tf.Tensor:
        return self._strategy.reduce("SUM", self._strategy.run(tf.identity, (own,)), axis=None)


def _cut(row: tf.Tensor, like: list[tf.Variable]) -> list[tf.Tensor]:
    """A row of numbers, as tensors of the variables' shapes."""
    parts = tf.split(row, [int(np.prod(one.shape)) for one in like])
    return [tf.reshape(part, one.shape) for part, one in zip(parts, like, strict=True)]


def _written(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    part = path.with_name("unfinished.part")
    with part.open("wb") as file:
        np.savez(file, **arrays)
    part.replace(path)
    return path
