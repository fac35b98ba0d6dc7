"""Inception-ResNet-v1 (Szegedy et al., 2016) that ends in an embedding (Schroff et al., 2015).

Written in TensorFlow's own operations, so that nothing but TensorFlow is needed, and so that one
reduction a step is enough: the statistics of batch normalisation are plain variables that the
training sets, not variables that every worker keeps for itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

#: From here on pictures are cut at the edges as in the paper; smaller ones would vanish.
LARGE = 139
#: How much a block's branches add to what passes by them; the paper wants 0.1 to 0.3.
RESIDUAL = 0.2
DROPOUT = 0.1


class Shape(NamedTuple):
    """size: of the pictures' sides. width, depth: shares of the paper's filters and blocks."""

    size: int
    width: float
    depth: float
    embedding: int


class InceptionResNetV1(tf.Module):
    """Pictures of uint8 -> embeddings of length 1. Its variables are made with it."""

    def __init__(self, shape: Shape, seed: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self._seed = seed
        self.weights: dict[str, tf.Variable] = {}
        self.statistics: dict[str, tf.Variable] = {}
        self._seen: dict[str, tf.Tensor] | None = None
        self(tf.zeros([1, shape.size, shape.size, 3], tf.uint8))

    @property
    def parameters(self) -> int:
        return sum(int(np.prod(one.shape)) for one in self.weights.values())

    def __call__(self, pictures: tf.Tensor) -> tf.Tensor:
        """As it is used: with the statistics that were learned."""
        self._seen = None
        return self._embed(pictures)

    def learning(self, pictures: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """As it is trained: with this batch's own statistics, which come as well."""
        self._seen = {}
        embeddings = self._embed(pictures)
        seen, self._seen = self._seen, None
        return embeddings, seen

    def numpy(self) -> dict[str, np.ndarray]:
        return {name: one.numpy() for name, one in {**self.weights, **self.statistics}.items()}

    def load(self, values: dict[str, np.ndarray]) -> None:
        for name, variable in {**self.weights, **self.statistics}.items():
            variable.assign(values[name])

    # -- the paper's figures 10 to 15, the left path of each first

    def _embed(self, pictures: tf.Tensor) -> tf.Tensor:
        x = self._stem(tf.cast(pictures, tf.float32) / 127.5 - 1)
        for number in range(self._blocks(5)):
            x = self._block(
                x, f"a{number}", [[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (32, 3), (32, 3)]]
            )
        x = self._reduction(x, "to-b", [[(384, 3)], [(192, 1), (192, 3), (256, 3)]])
        for number in range(self._blocks(10)):
            x = self._block(x, f"b{number}", [[(128, 1)], [(128, 1), (128, (1, 7)), (128, (7, 1))]])
        x = self._reduction(
            x, "to-c", [[(256, 1), (384, 3)], [(256, 1), (256, 3)], [(256, 1), (256, 3), (256, 3)]]
        )
        for number in range(self._blocks(5)):
            x = self._block(x, f"c{number}", [[(192, 1)], [(192, 1), (192, (1, 3)), (192, (3, 1))]])
        x = tf.reduce_mean(x, [1, 2], keepdims=True)
        if self._seen is not None:
            x = tf.nn.dropout(x, DROPOUT)
        x = self._conv(x, "embedding", self.shape.embedding, 1, plain=True)
        return tf.math.l2_normalize(x[:, 0, 0], axis=1, epsilon=1e-10)

    def _stem(self, x: tf.Tensor) -> tf.Tensor:
        x = self._conv(x, "stem1", self._filters(32), 3, stride=2)
        x = self._conv(x, "stem2", self._filters(32), 3, cut=True)
        x = self._conv(x, "stem3", self._filters(64), 3)
        x = tf.nn.max_pool2d(x, 3, 2, self._edges(True))
        x = self._conv(x, "stem4", self._filters(80), 1)
        x = self._conv(x, "stem5", self._filters(192), 3, cut=True)
        return self._conv(x, "stem6", self._filters(256), 3, stride=2)

    def _block(self, x: tf.Tensor, name: str, branches: list[list[tuple]]) -> tf.Tensor:
        """Branches side by side, whose sum is added to what came in."""
        ends = [self._branch(x, f"{name}-{at}", steps) for at, steps in enumerate(branches)]
        added = self._conv(tf.concat(ends, -1), f"{name}-sum", x.shape[-1], 1, plain=True)
        return tf.nn.relu(x + RESIDUAL * added)

    def _reduction(self, x: tf.Tensor, name: str, branches: list[list[tuple]]) -> tf.Tensor:
        """Half the height and width: by pooling and, beside that, by branches."""
        pooled = tf.nn.max_pool2d(x, 3, 2, self._edges(True))
        ends = [self._branch(x, f"{name}-{at}", one, 2) for at, one in enumerate(branches)]
        return tf.concat([pooled, *ends], -1)

    def _branch(self, x: tf.Tensor, name: str, steps: list[tuple], stride: int = 1) -> tf.Tensor:
        """Convolutions one after the other; the stride is the last one's."""
        for at, (filters, kernel) in enumerate(steps):
            last = stride if at == len(steps) - 1 else 1
            x = self._conv(x, f"{name}-{at}", self._filters(filters), kernel, stride=last)
        return x

    # -- what layers are made of

    def _filters(self, count: int) -> int:
        return max(4, round(count * self.shape.width))

    def _blocks(self, count: int) -> int:
        return max(1, round(count * self.shape.depth))

    def _edges(self, cut: bool) -> str:
        return "VALID" if cut and self.shape.size >= LARGE else "SAME"

    def _conv(
        self,
        x: tf.Tensor,
        name: str,
        filters: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        cut: bool = False,
        plain: bool = False,
    ) -> tf.Tensor:
        """plain: with a bias, and neither normalised nor rectified."""
        high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        inputs = high * wide * x.shape[-1]
        weights = self._weight(f"{name}/weights", [high, wide, x.shape[-1], filters], inputs)
        x = tf.nn.conv2d(x, weights, stride, self._edges(cut or stride > 1))
        shift = self._weight(f"{name}/shift", [filters], None)
        return x + shift if plain else tf.nn.relu(self._normalised(x, name, shift))

    def _normalised(self, x: tf.Tensor, name: str, shift: tf.Tensor) -> tf.Tensor:
        """Batch normalisation; what follows makes a factor needless."""
        learning, mean, variance = self._seen is not None, None, None
        if not learning:
            mean = self._statistic(f"{name}/mean", x.shape[-1], 0.0)
            variance = self._statistic(f"{name}/variance", x.shape[-1], 1.0)
        x, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, tf.ones([x.shape[-1]]), shift, mean, variance, 1e-3, is_training=learning
        )
        if learning:
            self._seen[f"{name}/mean"], self._seen[f"{name}/variance"] = mean, variance
        return x

    def _weight(self, name: str, shape: list[int], inputs: int | None) -> tf.Variable:
        """A variable; at first random, so that what comes out is as large as what goes in."""
        if name not in self.weights:
            first = tf.zeros(shape)
            if inputs is not None:
                seed = [self._seed, len(self.weights)]
                first = tf.random.stateless_normal(shape, seed, stddev=(2 / inputs) ** 0.5)
            self.weights[name] = tf.Variable(first, name=name)
        return self.weights[name]

    def _statistic(self, name: str, length: int, first: float) -> tf.Variable:
        if name not in self.statistics:
            self.statistics[name] = tf.Variable(tf.fill([length], first), trainable=False)
        return self.statistics[name]
