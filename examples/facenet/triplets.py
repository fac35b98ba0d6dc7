"""The triplet loss with semi-hard negatives (Schroff et al., 2015, section 3.2)."""

from __future__ import annotations

import tensorflow as tf


def loss(embeddings: tf.Tensor, owners: tf.Tensor, margin: float) -> tf.Tensor:
    """The mean over all pairs of pictures of one identity in the batch.

    Each pair gets the nearest picture of another identity that is farther away than the pair's
    other one; where all others are nearer, the farthest of them. The very nearest would make the
    network collapse to a point.
    """
    near = distances(embeddings)
    same = tf.equal(owners[:, None], owners[None, :])
    pair = same & ~tf.eye(len(owners), dtype=tf.bool)
    farther = ~same[:, None, :] & (near[:, None, :] > near[:, :, None])
    nearest_farther = tf.reduce_min(tf.where(farther, near[:, None, :], 4.0), axis=2)
    farthest = tf.reduce_max(tf.where(same, 0.0, near), axis=1)[:, None]
    negative = tf.where(tf.reduce_any(farther, axis=2), nearest_farther, farthest)
    losses = tf.where(pair, tf.nn.relu(near - negative + margin), 0.0)
    return tf.reduce_sum(losses) / tf.reduce_sum(tf.cast(pair, tf.float32))


def distances(embeddings: tf.Tensor) -> tf.Tensor:
    """Squared distances of all to all, from 0 to 4."""
    return tf.maximum(2 - 2 * tf.matmul(embeddings, embeddings, transpose_b=True), 0.0)
