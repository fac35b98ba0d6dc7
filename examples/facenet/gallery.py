"""Everybody a model knows, with embeddings that were computed once; it needs NumPy alone."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Gallery(NamedTuple):
    """Of each picture: its path, whose it is (a place in `names`), whether it is only asked with,
    its embedding, and itself as it is shown. strangers: of each identity, whether nothing of it was
    learned from."""

    names: np.ndarray
    strangers: np.ndarray
    paths: np.ndarray
    owners: np.ndarray
    probes: np.ndarray
    embeddings: np.ndarray
    pictures: np.ndarray

    @classmethod
    def load(cls, model: Path) -> Gallery:
        return cls(**arrays(model / "gallery.npz"))

    def save(self, model: Path) -> None:
        np.savez_compressed(model / "gallery.npz", **self._asdict())


def arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a file. Nothing in it is run: pickles are refused."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
