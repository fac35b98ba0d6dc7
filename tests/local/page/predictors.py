"""Predictors without a framework, one for each way in which the page asks and shows."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageDraw, ImageStat

from rankzero import serving
from rankzero.serving import Picture, Sample

#: Name -> the colours of sky, hill and sun.
SCENES = {
    "Morning at sea": ((247, 201, 160), (64, 122, 160), (255, 240, 210)),
    "Moss and stone": ((196, 214, 190), (72, 104, 66), (240, 240, 214)),
    "Evening heath": ((226, 150, 170), (110, 66, 110), (255, 206, 150)),
    "Snow field": ((206, 224, 240), (236, 242, 248), (255, 252, 236)),
    "Desert noon": ((150, 196, 226), (222, 174, 106), (255, 250, 220)),
    "Night harbour": ((34, 44, 78), (16, 22, 40), (226, 226, 200)),
}


def scene(name: str, size: int = 240) -> Pillow.Image:
    """A hill under a sun: something to look at that needs no licence."""
    sky, hill, sun = SCENES[name]
    drawn = Pillow.new("RGB", (size, size), sky)
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((size * 0.58, size * 0.14, size * 0.8, size * 0.36), fill=sun)
    for far, shade in ((0.62, 1.14), (0.76, 1.0), (0.9, 0.84)):
        colour = tuple(min(255, int(part * shade)) for part in hill)
        ridge = [
            (x, size * (far + 0.07 * math.sin(x / size * 5 + far * 20))) for x in range(size + 1)
        ]
        pen.polygon([*ridge, (size, size), (0, size)], fill=colour)
    return drawn


def mean(picture: Pillow.Image) -> tuple[float, ...]:
    return tuple(ImageStat.Stat(picture.convert("RGB")).mean)


class Colours:
    """Which of three colours a picture has most of."""

    title = "Main colour"
    input = serving.Image(title="Picture", help="Any picture. Only its mean colour counts.")
    output = serving.Labels()

    def predict(self, batch: list[Pillow.Image]) -> list[dict[str, float]]:
        return [self._shares(picture) for picture in batch]

    def _shares(self, picture: Pillow.Image) -> dict[str, float]:
        parts = mean(picture)
        whole = sum(parts) or 1
        return dict(zip(("red", "green", "blue"), (part / whole for part in parts), strict=True))

    def samples(self) -> list[Sample]:
        return [Sample(name, scene(name)) for name in list(SCENES)[:4]]


class Nearest:
    """The three pictures of a small collection whose colours are nearest to yours."""

    title = "Nearest pictures"
    input = serving.Image(title="Your picture")
    output = serving.Gallery(
        title="The nearest three", help="Distance of mean colours; 0 is the same."
    )
    #: What a collection may be called; a test gives another name.
    prefix = ""

    def load(self, path: Path | None) -> None:
        self._known = {name: scene(name) for name in SCENES}

    def predict(self, batch: list[Pillow.Image]) -> list[list[Picture]]:
        return [self._nearest(mean(picture)) for picture in batch]

    def _nearest(self, colour: tuple[float, ...]) -> list[Picture]:
        far = {name: math.dist(colour, mean(one)) / 255 for name, one in self._known.items()}
        nearest = sorted(far, key=lambda name: far[name])[:3]
        return [
            Picture(self._known[name], self.prefix + name, distance=far[name]) for name in nearest
        ]

    def samples(self) -> list[Sample]:
        return [Sample(name, scene(name)) for name in SCENES]


class Evil(Nearest):
    """Its captions try to be HTML."""

    prefix = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    title = prefix


class Words:
    """How often each word of a text occurs."""

    title = "Word counts"
    input = serving.Text(max_length=2000, placeholder="Paste some prose")
    output = serving.Table(["word", "count", "share"])

    def predict(self, batch: list[str]) -> list[list[dict[str, object]]]:
        return [self._counted(text) for text in batch]

    def _counted(self, text: str) -> list[dict[str, object]]:
        words = [word.strip(".,;:!?").lower() for word in text.split()]
        if "refuse" in words:
            raise serving.BadInput("The word “refuse” is not counted here.", "Leave it out.")
        common = Counter(words).most_common(8)
        return [{"word": w, "count": n, "share": n / len(words)} for w, n in common]

    def samples(self) -> list[Sample]:
        rose = "A rose is a rose is a rose, and a name is a name."
        return [Sample("Roses", rose), Sample("One word", "hello")]


class Curve:
    """A damped swing, and its envelope."""

    title = "Damped swing"
    input = serving.Json(
        {
            "type": "object",
            "required": ["damping"],
            "properties": {
                "damping": {"type": "number", "minimum": 0, "maximum": 2},
                "steps": {"type": "integer", "minimum": 2, "maximum": 500},
            },
        },
        title="Parameters",
    )
    output = serving.Plot(x="seconds", y="metres", title="Position over time")

    def predict(self, batch: list[dict[str, float]]) -> list[dict[str, object]]:
        return [self._swing(one["damping"], int(one.get("steps", 120))) for one in batch]

    def _swing(self, damping: float, steps: int) -> dict[str, object]:
        times = [10 * i / steps for i in range(steps + 1)]
        envelope = [math.exp(-damping * t) for t in times]
        position = [e * math.cos(3 * t) for e, t in zip(envelope, times, strict=True)]
        return {"x": times, "series": {"position": position, "envelope": envelope}}

    def samples(self) -> list[Sample]:
        return [
            Sample("Light damping", {"damping": 0.2}),
            Sample("Heavy", {"damping": 0.8, "steps": 60}),
        ]


MEANS = {
    "setosa": (5.0, 3.4, 1.5, 0.2),
    "versicolor": (5.9, 2.8, 4.3, 1.3),
    "virginica": (6.6, 3.0, 5.6, 2.0),
}


class Flower:
    """Which kind of iris has leaves of these four lengths: by the nearest mean."""

    title = "Iris"
    input = serving.Array(
        [4], title="Four lengths in cm", help="Sepal length and width, petal length and width."
    )
    output = serving.Labels()

    def predict(self, batch: list[object]) -> list[dict[str, float]]:
        return [self._scores([float(x) for x in one]) for one in batch]  # type: ignore[attr-defined]

    def _scores(self, lengths: list[float]) -> dict[str, float]:
        near = {name: math.exp(-math.dist(lengths, mean)) for name, mean in MEANS.items()}
        return {name: one / sum(near.values()) for name, one in near.items()}

    def samples(self) -> list[Sample]:
        return [
            Sample("A small one", [5.1, 3.5, 1.4, 0.2]),
            Sample("A large one", [6.9, 3.1, 5.4, 2.1]),
        ]


class Loudness:
    """How long and how loud a sound is."""

    title = "Loudness"
    input = serving.Audio(max_seconds=30)
    output = serving.Json()

    def predict(self, batch: list[serving.Sound]) -> list[dict[str, float]]:
        return [
            {
                "seconds": len(sound.samples) / sound.rate,
                "loudest": float(abs(sound.samples).max()),
                "rate": sound.rate,
            }
            for sound in batch
        ]


class Slow(Words):
    """Loads until a file is there, and answers as slowly as its text says."""

    def load(self, path: Path | None) -> None:
        while path is not None and not path.exists():
            time.sleep(0.01)

    def predict(self, batch: list[str]) -> list[list[dict[str, object]]]:
        gate = os.environ.get("GATE")
        while gate and "wait" in batch and not Path(gate).exists():
            time.sleep(0.01)
        return super().predict(batch)
