"""Whether a picture looks like a face at all (Turk and Pentland, 1991).

Faces are much alike: a few directions, learned from pictures, say most of what differs between
them. What these cannot say of a picture is its distance from face space; of a wall, a text or noise
it is large. An embedding alone would not tell: it puts everything near somebody.
"""

from __future__ import annotations

import numpy as np

#: Pictures are looked at in grey, this many points a side.
SIDE = 24
#: How many directions; the most that is left of a face is exceeded by this factor before a picture
#: is refused.
_DIRECTIONS, _MERCY = 24, 1.25


def learn(learned: np.ndarray, others: np.ndarray) -> dict[str, np.ndarray]:
    """The space of some pictures, and how far from it others, that are faces too, may lie."""
    points = _points(learned)
    middle = points.mean(axis=0)
    _, _, directions = np.linalg.svd(points - middle, full_matrices=False)
    space = {"middle": middle, "directions": directions[:_DIRECTIONS]}
    seen = others if len(others) else learned
    return {**space, "limit": np.float32(distance(space, seen).max() * _MERCY)}


def distance(space: dict[str, np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """Of each picture: the share of it that is no face, from 0 to about 1."""
    rest = _points(pictures) - space["middle"]
    rest = rest - rest @ space["directions"].T @ space["directions"]
    return (rest**2).mean(axis=1)


def _points(pictures: np.ndarray) -> np.ndarray:
    """In grey, small, and all equally bright and contrasted; a flat picture is flat."""
    count, side = pictures.shape[:2]
    at = (np.arange(SIDE + 1) * side) // SIDE
    grey = pictures.astype(np.float32).mean(axis=3)
    sums = np.add.reduceat(np.add.reduceat(grey, at[:-1], axis=1), at[:-1], axis=2)
    areas = np.diff(at)[:, None] * np.diff(at)[None, :]
    small = (sums / areas).reshape(count, -1)
    centred = small - small.mean(axis=1, keepdims=True)
    return centred / np.maximum(centred.std(axis=1, keepdims=True), 1.0)
