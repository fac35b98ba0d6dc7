"""Which pictures are learned from, and which of them each worker gets in each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """strangers: of each identity, whether nothing of it is learned from. probes: of each picture,
    whether it is kept to ask with, and so neither learned from nor a neighbour."""

    strangers: np.ndarray
    probes: np.ndarray

    def learned(self, owners: np.ndarray) -> np.ndarray:
        return ~self.strangers[owners] & ~self.probes


def split(owners: np.ndarray, *, asked: int = 2, every: int = 5) -> Split:
    """Every fifth identity is a stranger; of all, the last two pictures are asked with, as long as
    two others stay."""
    identities = int(owners.max()) + 1
    probes = np.zeros(len(owners), bool)
    for one in range(identities):
        places = np.flatnonzero(owners == one)
        probes[places[max(2, len(places) - asked) :]] = True
    return Split(strangers=np.arange(identities) % every == every - 1, probes=probes)


class Batches:
    """Each step takes the next identities of one long row, which all workers know, and each worker
    its own part of them: with `each` pictures, drawn anew every time."""

    def __init__(self, owners: np.ndarray, learned: np.ndarray, size: int, each: int) -> None:
        """size: pictures a step of one worker. Errors: ValueError, where they hold no triplet."""
        self._places = [
            np.flatnonzero(learned & (owners == one)) for one in np.unique(owners[learned])
        ]
        self._places = [some for some in self._places if len(some) > 1]
        self._each, self._at_once = each, size // each
        self.pictures = sum(len(some) for some in self._places)
        if each < 2 or self._at_once < 2 or len(self._places) < 2:
            raise ValueError(
                f"a batch of {size} with {each} pictures each, of {len(self._places)} identities: "
                "there must be two pictures each, of two identities, to compare"
            )

    def of(self, epoch: int, worker: int, workers: int, seed: int) -> Iterator[np.ndarray]:
        """One epoch's batches of one worker, as places of pictures."""
        common, own = (np.random.default_rng((seed, epoch, extra)) for extra in (0, worker + 1))
        steps = -(-self.pictures // (self._at_once * self._each * workers))
        wanted = steps * workers * self._at_once
        rounds = -(-wanted // len(self._places))
        row = np.concatenate([common.permutation(len(self._places)) for _ in range(rounds)])
        for mine in row[:wanted].reshape(steps, workers, self._at_once)[:, worker]:
            yield np.concatenate([self._draw(self._places[one], own) for one in mine])

    def _draw(self, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return rng.choice(places, self._each, replace=len(places) < self._each)
