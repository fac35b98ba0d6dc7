"""Draw people who do not exist, in the form of Labeled Faces in the Wild: NAME/NAME_0001.png.

Equal arguments give equal pictures. It needs NumPy alone.
"""

from __future__ import annotations

from pathlib import Path

import drawing
import numpy as np
from pictures import png

FIRST = ("Ada", "Bela", "Cora", "Dana", "Emil", "Finn", "Gita", "Hugo")
LAST = ("Amsel", "Berg", "Clay", "Dorn", "Eiche", "Fels", "Gans", "Heide", "Insel", "Kolb", "Moor")


def generate(to: Path, identities: int, pictures: int, size: int, seed: int) -> None:
    for number, name in enumerate(names(identities)):
        rng = np.random.default_rng((seed, number))
        who, folder = drawing.identity(rng), to / name
        folder.mkdir(parents=True, exist_ok=True)
        for count in range(1, pictures + 1):
            picture = drawing.draw(who, drawing.look(rng), size, rng)
            (folder / f"{name}_{count:04}.png").write_bytes(png(picture))


def names(count: int) -> list[str]:
    """As many different names as wanted."""
    known = len(FIRST) * len(LAST)
    return [
        f"{FIRST[at % len(FIRST)]}_{LAST[at // len(FIRST) % len(LAST)]}"
        + (f"_{at // known + 1}" if at >= known else "")
        for at in range(count)
    ]
