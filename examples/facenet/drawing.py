"""Faces that are drawn: an identity is a handful of numbers, a picture of it adds pose and light.

Everything is a function of a random generator, so equal seeds give equal faces. Points of a face
are in units of half its picture: x to the right, y downwards, the middle is 0, 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Identity(NamedTuple):
    """What stays the same in all pictures of somebody."""

    skin: Array
    hair: Array
    iris: Array
    lips: Array
    width: float
    height: float
    jaw: float  # how angular the outline is: 2 is an ellipse
    hairline: float
    parting: float
    long_hair: bool
    eyes_apart: float
    eyes_at: float
    eye_size: float
    brow_lift: float
    brow_tilt: float
    brow_thick: float
    nose_length: float
    nose_width: float
    mouth_at: float
    mouth_width: float
    mouth_curve: float
    beard: float
    glasses: float


class Look(NamedTuple):
    """What differs from picture to picture."""

    shift: Array
    roll: float
    scale: float
    turn: float  # of the head to a side: moves eyes, nose and mouth against the outline
    smile: float
    light: Array  # how much brighter it gets along x and y
    gain: float
    tint: Array
    back: Array  # the background's colour, above and below
    noise: float


def identity(rng: np.random.Generator) -> Identity:
    between = rng.uniform
    tone = between(0.0, 1.0)
    skin = (1 - tone) * np.array([0.96, 0.80, 0.69]) + tone * np.array([0.42, 0.27, 0.18])
    hairs = [[0.08, 0.07, 0.07], [0.32, 0.2, 0.1], [0.75, 0.58, 0.3], [0.55, 0.2, 0.08], [0.7] * 3]
    irises = [[0.25, 0.15, 0.08], [0.25, 0.42, 0.65], [0.3, 0.48, 0.28], [0.4, 0.42, 0.45]]
    return Identity(
        skin=skin + between(-0.03, 0.03, 3),
        hair=np.array(hairs[rng.integers(len(hairs))]) + between(-0.05, 0.05, 3),
        iris=np.array(irises[rng.integers(len(irises))]),
        lips=skin * [0.85, 0.55, 0.55] + [between(0.0, 0.15), 0, 0],
        width=between(0.50, 0.68),
        height=between(0.70, 0.86),
        jaw=between(2.0, 3.2),
        hairline=between(-0.62, -0.34),
        parting=between(-0.5, 0.5),
        long_hair=bool(rng.random() < 0.4),
        eyes_apart=between(0.19, 0.30),
        eyes_at=between(-0.20, -0.06),
        eye_size=between(0.07, 0.12),
        brow_lift=between(0.13, 0.22),
        brow_tilt=between(-0.25, 0.25),
        brow_thick=between(0.018, 0.05),
        nose_length=between(0.18, 0.34),
        nose_width=between(0.06, 0.14),
        mouth_at=between(0.36, 0.50),
        mouth_width=between(0.14, 0.28),
        mouth_curve=between(-0.08, 0.14),
        beard=between(0.4, 0.9) if rng.random() < 0.25 else 0.0,
        glasses=between(0.13, 0.17) if rng.random() < 0.3 else 0.0,
    )


def look(rng: np.random.Generator) -> Look:
    return Look(
        shift=rng.normal(0, 0.05, 2),
        roll=rng.normal(0, 0.09),
        scale=rng.normal(1.0, 0.05),
        turn=rng.normal(0, 0.06),
        smile=rng.normal(0, 0.05),
        light=rng.normal(0, 0.16, 2),
        gain=rng.normal(1.0, 0.12),
        tint=rng.normal(1.0, 0.03, 3),
        back=rng.uniform(0.1, 0.9, (2, 3)),
        noise=rng.uniform(0.01, 0.04),
    )


def draw(who: Identity, how: Look, size: int, rng: np.random.Generator) -> Array:
    """A picture, size x size x 3 of uint8. The rng is the noise's alone."""
    paper = _Paper(how, size)
    _head(paper, who)
    paper.x = paper.x - how.turn
    _eyes(paper, who)
    _nose_and_mouth(paper, who, how.smile)
    lit = paper.colours * (how.gain * how.tint)
    lit = lit * (1 + paper.across * how.light[0] + paper.down * how.light[1])[..., None]
    lit = lit + rng.normal(0, how.noise, lit.shape)
    return (lit.clip(0, 1) * 255).round().astype(np.uint8)


class _Paper:
    """Colours, and each point's place on the face. Shapes have soft edges of one pixel."""

    def __init__(self, how: Look, size: int) -> None:
        line = (np.arange(size) + 0.5) / size * 2 - 1
        self.across, self.down = np.meshgrid(line, line)
        x, y = (self.across - how.shift[0]) / how.scale, (self.down - how.shift[1]) / how.scale
        self.x = np.cos(how.roll) * x + np.sin(how.roll) * y
        self.y = np.cos(how.roll) * y - np.sin(how.roll) * x
        self._edge = 2 / size
        blend = (self.down[..., None] + 1) / 2
        self.colours = how.back[0] * (1 - blend) + how.back[1] * blend

    def inside(self, distance: Array) -> Array:
        """How much of a point is within a shape, from its distance to the edge."""
        return (0.5 - distance / self._edge).clip(0, 1)

    def fill(self, covered: Array, colour: Array, strength: float = 1.0) -> None:
        part = covered[..., None] * strength
        self.colours = self.colours * (1 - part) + np.asarray(colour) * part

    def ellipse(self, x: float, y: float, wide: float, high: float, power: float = 2.0) -> Array:
        far = (abs((self.x - x) / wide) ** power + abs((self.y - y) / high) ** power) ** (1 / power)
        return self.inside((far - 1) * min(wide, high))

    def stroke(self, x: float, y: float, half: float, bend: float, tilt: float, by: float) -> Array:
        """A line around x, y: half as long as `half` says, bent and tilted."""
        along = ((self.x - x) / half).clip(-1.2, 1.2)
        level = y + tilt * half * along + bend * along**2
        beyond = np.maximum(abs(self.x - x) - half, 0)
        return self.inside(np.hypot(self.y - level, beyond) - by)


def _head(paper: _Paper, who: Identity) -> None:
    if who.long_hair:
        paper.fill(paper.ellipse(0, 0.1, who.width + 0.14, who.height + 0.08), who.hair)
    paper.fill(paper.ellipse(0, -0.08, who.width + 0.06, who.height), who.hair)
    for side in (-1, 1):
        paper.fill(paper.ellipse(side * who.width, 0, 0.07, 0.13), who.skin * 0.88)
    face = paper.ellipse(0, 0.03, who.width, who.height, who.jaw)
    paper.fill(face, who.skin)
    if who.beard:
        low = paper.inside(who.mouth_at - 0.12 - paper.y + 0.25 * abs(paper.x))
        paper.fill(face * low, who.hair, who.beard)
    fringe = who.hairline + 0.35 * (paper.x - who.parting * who.width) ** 2
    paper.fill(face * paper.inside(paper.y - fringe), who.hair)


def _eyes(paper: _Paper, who: Identity) -> None:
    for side in (-1, 1):
        x, y, size = side * who.eyes_apart, who.eyes_at, who.eye_size
        paper.fill(paper.ellipse(x, y, size * 1.35, size * 0.8), np.full(3, 0.93))
        paper.fill(paper.ellipse(x, y, size * 0.68, size * 0.68), who.iris)
        paper.fill(paper.ellipse(x, y, size * 0.3, size * 0.3), np.full(3, 0.05))
        tilt = -side * who.brow_tilt
        brow = paper.stroke(x, y - who.brow_lift, size * 1.6, 0.03, tilt, who.brow_thick)
        paper.fill(brow, who.hair * 0.8)
        if who.glasses:
            outer = paper.ellipse(x, y, who.glasses + 0.02, who.glasses + 0.02, 3)
            inner = paper.ellipse(x, y, who.glasses - 0.02, who.glasses - 0.02, 3)
            paper.fill(outer - inner, np.full(3, 0.1))


def _nose_and_mouth(paper: _Paper, who: Identity, smile: float) -> None:
    tip = who.eyes_at + who.nose_length
    paper.fill(paper.ellipse(0, (who.eyes_at + tip) / 2, 0.03, who.nose_length / 2), who.skin * 0.9)
    paper.fill(paper.ellipse(0, tip, who.nose_width, 0.055), who.skin * 0.8)
    bend = -(who.mouth_curve + smile)
    paper.fill(paper.stroke(0, who.mouth_at - bend / 2, who.mouth_width, bend, 0, 0.04), who.lips)
