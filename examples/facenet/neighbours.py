"""Who is nearest: identities in the order of their nearest picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Neighbour(NamedTuple):
    """owner: the identity's number. picture: the place of its nearest picture."""

    owner: int
    distance: float
    picture: int


def nearest(
    asked: np.ndarray, known: np.ndarray, owners: np.ndarray, places: np.ndarray, count: int = 3
) -> list[list[Neighbour]]:
    """For each embedding asked for, the nearest identities, nearest first.

    known, owners, places: of each picture that may be a neighbour, its embedding, identity and
    number. Distances are Euclidean, from 0 to 2.
    """
    order = np.argsort(owners, kind="stable")
    known, owners, places = known[order], owners[order], places[order]
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    groups = np.append(starts, len(owners))
    found = []
    for row in distances(asked, known):
        best = np.minimum.reduceat(row, starts)
        ranked = np.argsort(best, kind="stable")[:count]
        picked = [groups[at] + int(row[groups[at] : groups[at + 1]].argmin()) for at in ranked]
        found.append([Neighbour(int(owners[at]), float(row[at]), int(places[at])) for at in picked])
    return found


def distances(asked: np.ndarray, known: np.ndarray) -> np.ndarray:
    squares = (asked**2).sum(1)[:, None] + (known**2).sum(1)[None, :] - 2 * asked @ known.T
    return np.sqrt(np.maximum(squares, 0))
