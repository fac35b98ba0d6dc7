"""A trained model's folder: the network, everybody it knows, and what faces look like to it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import facelike
import numpy as np
from batches import Split
from gallery import Gallery, arrays
from network import InceptionResNetV1, Shape
from pictures import Faces, resized

#: Pictures are kept at most this large, to be shown.
SHOWN = 64
_AT_ONCE = 256


def export(
    folder: Path,
    net: InceptionResNetV1,
    faces: Faces,
    parts: Split,
    options: argparse.Namespace,
) -> None:
    """Write the folder: weights.npz, settings.json, facelike.npz, gallery.npz.

    All pictures are embedded here, once, by a network of this process alone: the one that was
    trained belongs to all workers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "weights.npz", **net.numpy())
    said = {"shape": net.shape._asdict(), "crop": options.crop, "started": options.started}
    (folder / "settings.json").write_text(json.dumps(said, indent=1) + "\n")
    learned = parts.learned(faces.owners)
    judge = facelike.learn(faces.pictures[learned], faces.pictures[~learned])
    np.savez(folder / "facelike.npz", **judge)
    large = net.shape.size > SHOWN
    gallery = Gallery(
        names=np.array(faces.names),
        strangers=parts.strangers,
        paths=np.array(faces.paths),
        owners=faces.owners,
        probes=parts.probes,
        embeddings=embed(network(folder), faces.pictures),
        pictures=np.stack([resized(one, SHOWN) for one in faces.pictures])
        if large
        else faces.pictures,
    )
    gallery.save(folder)


def network(folder: Path) -> InceptionResNetV1:
    """The network of a folder."""
    net = InceptionResNetV1(Shape(**settings(folder)["shape"]))
    net.load(arrays(folder / "weights.npz"))
    return net


def embed(net: InceptionResNetV1, pictures: np.ndarray) -> np.ndarray:
    parts = [net(pictures[at : at + _AT_ONCE]).numpy() for at in range(0, len(pictures), _AT_ONCE)]
    return np.concatenate(parts)


def settings(folder: Path) -> dict:
    return json.loads((folder / "settings.json").read_text())
