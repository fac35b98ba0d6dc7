"""A page where one uploads a picture, and sees whom it resembles most.

    rankzero serve app.py:Neighbours --model MODEL

MODEL is what the pipeline publishes, or the folder `model` of a training.
"""

from __future__ import annotations

from pathlib import Path

import facelike
import model
import numpy as np
import pictures
import tensorflow as tf
from gallery import Gallery as Known
from gallery import arrays
from neighbours import Neighbour, nearest

from rankzero.serving import BadInput, Gallery, Image, Picture, Sample

SAMPLES = 6


class Neighbours:
    """Upload a picture of a face: the three people who look most like it, and how far away they
    are."""

    title = "Who looks like this?"
    input = Image(
        mode=None,
        formats=("png", "jpeg"),
        title="A picture",
        help="With one face in the middle, seen from the front.",
    )
    output = Gallery(title="The three nearest")

    def load(self, path: Path) -> None:
        settings = model.settings(path)
        self._size, self._crop = settings["shape"]["size"], settings["crop"]
        self._same = settings.get("results", {}).get("verification", {}).get("threshold", 2.0)
        self._judge = arrays(path / "facelike.npz")
        self._known = Known.load(path)
        self._places = np.flatnonzero(~self._known.probes)
        shape = [None, self._size, self._size, 3]
        self._embed = tf.function(model.network(path), [tf.TensorSpec(shape, tf.uint8)])
        self._embed(np.zeros([1, self._size, self._size, 3], np.uint8))  # traced before it is asked

    def predict(self, batch: list[bytes]) -> list[list[Picture] | BadInput]:
        looked_at = [self._looked_at(data) for data in batch]
        faces = [one for one in looked_at if isinstance(one, np.ndarray)]
        found = iter(self._nearest(np.stack(faces)) if faces else ())
        return [
            self._shown(next(found)) if isinstance(one, np.ndarray) else one for one in looked_at
        ]

    def samples(self) -> list[Sample]:
        """Pictures that are nobody's neighbours, as they were kept to ask with."""
        probes = np.flatnonzero(self._known.probes)
        some = probes[np.linspace(0, len(probes) - 1, min(SAMPLES, len(probes))).astype(int)]
        return [
            Sample(self._name(place), pictures.png(self._known.pictures[place])) for place in some
        ]

    def _looked_at(self, data: bytes) -> np.ndarray | BadInput:
        try:
            picture = pictures.fit(data, self._size, self._crop)
        except ValueError:
            return BadInput("The picture cannot be read.", "Send another PNG or JPEG.", status=400)
        if facelike.score(self._judge, picture[None])[0] < self._judge["limit"]:
            hint = "Send one with a face in the middle that fills most of it, seen from the front."
            return BadInput("There is no face in this picture.", hint)
        return picture

    def _nearest(self, faces: np.ndarray) -> list[list[Neighbour]]:
        known = self._known
        of_known = known.embeddings[self._places], known.owners[self._places], self._places
        return nearest(self._embed(faces).numpy(), *of_known)

    def _shown(self, found: list[Neighbour]) -> list[Picture]:
        return [
            Picture(
                image=pictures.png(self._known.pictures[one.picture]),
                caption=self._name(one.picture) + self._doubt(one.distance),
                distance=round(one.distance, 3),
            )
            for one in found
        ]

    def _doubt(self, distance: float) -> str:
        return "" if distance <= self._same else " (looks alike, but is somebody else)"

    def _name(self, place: int) -> str:
        return str(self._known.names[self._known.owners[place]]).replace("_", " ")
