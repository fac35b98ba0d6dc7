"""Which digit is in a picture: the model that `examples/digits` trains, as a server.

rankzero serve app.py:Digits --model outputs/
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from rankzero.serving import BadInput, Image, Labels, Sample

if TYPE_CHECKING:
    from PIL.Image import Image as Pillow

#: A digit has 8 x 8 points, from 0 (paper) to 1 (ink).
SIDE = 8
#: One of each, to try: a hexadecimal figure a point.
SCANS = (
    "006fdb1000ffcf1003f70d6004f00a8008f00e6005f79f5001ffff10006fe600",
    "006cc60000bffd0000cff800008ffc0002dffc0001fffa0000fff800002ba400",
    "00fd100000ee40000014c0000006c000000ba000001f865000dfffe000ada620",
    "02acf8000485df000007f700006fa0000005fb0000006f300000af5002efc900",
    "0003f400004fc00000cf343007f53f800dfdff200cfffd000045f8000001f400",
    "00aff10000fc500002f9400004fffe2001a41f4000002f700078ef30006da400",
    "002da00000ad000000f6000003f8200007fffb0004f24b9001db8cc0001cfe40",
    "01aff20001cdf4000000f800007bfd8008ffff6002af9000003f400000af2000",
    "00ae810002fe610000ff8f00005ffa0000cffc0004f64f6008fa8f80018cec10",
    "002a700000efff1004f73f7005fa7f40005eef4000000f2000477f20005cfc00",
)


class Digits:
    """A digit that was written by hand, dark on light or light on dark."""

    title = "Which digit is it?"
    input = Image(mode="L", title="A digit", help="One digit that fills most of the picture.")
    output = Labels(top=3, title="It is")

    def load(self, path: Path) -> None:
        """path: a training's outputs folder. Its checkpoint is data: nothing in it is run."""
        torch.set_num_threads(1)  # more workers do more than more threads of one
        checkpoint = torch.load(path / "checkpoint.pt", map_location="cpu", weights_only=True)
        self._network = network()
        self._network.load_state_dict(checkpoint["model"])
        self._network.eval()

    @torch.inference_mode()
    def predict(self, batch: list[Pillow]) -> list[dict[str, float] | BadInput]:
        inks = [ink(picture) for picture in batch]
        seen = [one for one in inks if one is not None]
        scores = iter(self._network(torch.stack(seen)).softmax(dim=1).tolist() if seen else ())
        return [
            BadInput("There is nothing in this picture.", "Write a digit, large and dark.")
            if one is None
            else {str(digit): score for digit, score in enumerate(next(scores))}
            for one in inks
        ]

    def samples(self) -> list[Sample]:
        return [Sample(f"a {digit}", _scan(text)) for digit, text in enumerate(SCANS)]


def network() -> nn.Module:
    """As `examples/digits/train.py` has it."""
    return nn.Sequential(
        nn.Unflatten(1, (1, SIDE, SIDE)),
        nn.Conv2d(1, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )


def ink(picture: Pillow) -> torch.Tensor | None:
    """What the network takes: 64 numbers. None where a picture is all of one colour."""
    points = np.asarray(picture, np.float32)
    darkest, brightest = points.min(), points.max()
    if brightest - darkest < 16:
        return None
    inked = (points - darkest) / (brightest - darkest)
    edge = np.concatenate([inked[0], inked[-1], inked[:, 0], inked[:, -1]])
    if np.median(edge) > 0.5:  # the paper is bright
        inked = 1 - inked
    high, wide = inked.shape
    rows = np.add.reduceat(inked, np.arange(SIDE) * high // SIDE, axis=0)
    cells = np.add.reduceat(rows, np.arange(SIDE) * wide // SIDE, axis=1)
    return torch.from_numpy(cells / cells.max()).flatten()


def _scan(text: str) -> np.ndarray:
    """A picture of one of SCANS, large enough to be looked at."""
    points = np.array([int(figure, 16) for figure in text], np.uint8).reshape(SIDE, SIDE)
    return (255 - points * 17).repeat(16, axis=0).repeat(16, axis=1)
