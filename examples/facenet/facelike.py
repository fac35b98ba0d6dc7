"""Whether there is a face in a picture at all.

An embedding cannot tell: it puts everything near somebody. So a plain linear discriminant learns it
from the same pictures, by the edges in them (their directions, in cells; Dalal and Triggs, 2005):
faces on one side, on the other what is made here: faces upside down, on their side and cut to
pieces, and surfaces, patterns and shapes.
"""

from __future__ import annotations

import numpy as np

CELLS, DIRECTIONS = 8, 6
#: As many faces as it learns from at most, and the share of other faces that may be refused.
_FACES, _REFUSED = 500, 0.01
_RIDGE = 0.01


def learn(faces: np.ndarray, others: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """The discriminant. others: faces that are not learned from, for where the limit lies."""
    rng = np.random.default_rng(seed)
    some = faces[rng.permutation(len(faces))[:_FACES]].astype(np.float32)
    none = not_faces(some, rng)
    seen = np.concatenate([_features(some), _features(none)])
    wanted = np.concatenate([np.ones(len(some)), -np.ones(len(none))])
    weight = np.concatenate([np.ones(len(some)), np.full(len(none), len(some) / len(none))])
    square = (seen * weight[:, None]).T @ seen + _RIDGE * np.eye(seen.shape[1])
    plane = np.linalg.solve(square, (seen * weight[:, None]).T @ wanted)
    judged = score({"plane": plane}, others if len(others) else faces)
    return {"plane": plane, "limit": np.quantile(judged, _REFUSED)}


def score(learned: dict[str, np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """Of each picture: about 1 for faces, about -1 for everything else."""
    return _features(pictures.astype(np.float32)) @ learned["plane"]


def _features(pictures: np.ndarray) -> np.ndarray:
    """How strong the edges of each direction are in each cell, as shares of the whole picture's."""
    grey = pictures.mean(axis=3)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    strong = np.hypot(across, down)
    direction = np.arctan2(down, across) % np.pi / np.pi * DIRECTIONS
    starts = np.arange(CELLS) * grey.shape[1] // CELLS
    found = []
    for one in range(DIRECTIONS):
        apart = abs(direction - one)
        near = np.maximum(0, 1 - np.minimum(apart, DIRECTIONS - apart)) * strong
        cells = np.add.reduceat(np.add.reduceat(near, starts, axis=1), starts, axis=2)
        found.append(np.sqrt(cells).reshape(len(grey), -1))
    rows = np.concatenate(found, axis=1)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 20)
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


def not_faces(faces: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pictures that are none, of the faces' size."""
    count, size = faces.shape[:2]
    made = [
        faces[:, ::-1],
        faces.transpose(0, 2, 1, 3),
        np.stack([_shuffled(face, 2, rng) for face in faces]),
        np.stack([_shuffled(face, 4, rng) for face in faces]),
        np.stack([_pattern(size, rng) for _ in range(2 * count)]),
        np.stack([_shapes(size, rng) for _ in range(2 * count)]),
    ]
    every = np.concatenate(made)
    noise = rng.normal(0, 1, every.shape) * rng.uniform(0, 15, (len(every), 1, 1, 1))
    return (every + noise).clip(0, 255).astype(np.float32)


def _shuffled(face: np.ndarray, parts: int, rng: np.random.Generator) -> np.ndarray:
    side = len(face) // parts
    cut = face[: side * parts, : side * parts].reshape(parts, side, parts, side, 3)
    pieces = rng.permutation(cut.transpose(0, 2, 1, 3, 4).reshape(-1, side, side, 3))
    whole = pieces.reshape(parts, parts, side, side, 3).transpose(0, 2, 1, 3, 4)
    wide = len(face) - side * parts
    return np.pad(whole.reshape(side * parts, -1, 3), ((0, wide), (0, wide), (0, 0)), mode="edge")


def _pattern(size: int, rng: np.random.Generator) -> np.ndarray:
    """A surface: of one colour, shaded, spotted, striped or chequered."""
    points = int(rng.choice([1, 2, 3, 4, 6, 8, 16, size]))
    colours = rng.uniform(0, 255, (points, points, int(rng.choice([1, 3])))) * np.ones(3)
    at = np.linspace(0, points - 1, size)
    first = np.floor(at).astype(int)
    second = np.minimum(first + 1, points - 1)
    for _ in range(2):  # along one side, then along the other
        part = at - first if rng.random() < 0.7 else (at - first).round()
        colours = colours[first] * (1 - part[:, None, None]) + colours[second] * part[:, None, None]
        colours = colours.transpose(1, 0, 2)
    return colours


def _shapes(size: int, rng: np.random.Generator) -> np.ndarray:
    """A few ellipses, boxes and diamonds on top of each other."""
    y, x = np.mgrid[0:size, 0:size] / size * 2 - 1
    picture = np.ones((size, size, 3)) * rng.uniform(0, 255, 3)
    for _ in range(rng.integers(1, 5)):
        (left, top), (wide, high) = rng.normal(0, 0.3, 2), rng.uniform(0.1, 0.9, 2)
        power = rng.choice([1, 2, 8])
        inside = abs((x - left) / wide) ** power + abs((y - top) / high) ** power < 1
        picture[inside] = rng.uniform(0, 255, 3)
    return picture
