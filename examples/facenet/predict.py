"""How well faces are told apart, and who is nearest to whom, from embeddings computed before.

Nothing is embedded here, so this takes a moment whatever the network's size; it needs NumPy alone.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from gallery import Gallery
from neighbours import Neighbour, nearest
from pictures import png

#: Rows of the picture of neighbours, and the frame around a picture, in points.
ROWS, FRAME = 12, 3
RIGHT, WRONG, ASKED = (46, 160, 67), (207, 34, 46), (87, 96, 106)


def main() -> None:
    options = parse()
    began = time.monotonic()
    gallery = Gallery.load(options.model)
    probes, found = identify(gallery, gallery.embeddings)
    _, by_pixels = identify(gallery, gallery.pictures.reshape(len(gallery.owners), -1) / 255.0)
    verified, threshold = verify(gallery)
    results = {
        "identities": len(gallery.names),
        "verification": {"accuracy": verified, "chance": 0.5, "threshold": threshold},
        "identification": {
            "accuracy": hits(gallery, probes, found, 1),
            "among_three": hits(gallery, probes, found, 3),
            "by_pixels": hits(gallery, probes, by_pixels, 1),
            "chance": 1 / len(gallery.names),
        },
        "started": options.started,
    }
    options.to.mkdir(parents=True, exist_ok=True)
    write(options.to / "results.json", results)
    write(options.to / "neighbours.json", named(gallery, probes, found))
    (options.to / "neighbours.png").write_bytes(png(sheet(gallery, probes, found)))
    report(results, len(probes))
    print(f"total {time.monotonic() - began:.2f} s")
    if options.tell_accuracy:
        accuracy = results["identification"]["accuracy"]
        options.tell_accuracy.write_text(f"{accuracy:.4f}\n")


def identify(gallery: Gallery, points: np.ndarray) -> tuple[np.ndarray, list[list[Neighbour]]]:
    """The pictures that are asked with, and each one's nearest identities among the others."""
    probes, known = np.flatnonzero(gallery.probes), np.flatnonzero(~gallery.probes)
    return probes, nearest(points[probes], points[known], gallery.owners[known], known)


def hits(gallery: Gallery, probes: np.ndarray, found: list[list[Neighbour]], among: int) -> float:
    """The share of pictures whose identity is among the first."""
    right = [
        any(one.owner == gallery.owners[probe] for one in some[:among])
        for probe, some in zip(probes, found, strict=True)
    ]
    return float(np.mean(right))


def verify(gallery: Gallery) -> tuple[float, float]:
    """How often "the same person" or "two people" is right, and up to which distance it is the
    same: chosen on those that were learned from, tested on those that were not."""
    strange = gallery.strangers[gallery.owners]
    far, same = pairs(gallery, ~strange)
    steps = np.linspace(0, 2, 401)
    threshold = float(steps[np.argmax([((far < one) == same).mean() for one in steps])])
    if strange.any():
        far, same = pairs(gallery, strange)
    return float(((far < threshold) == same).mean()), threshold


def pairs(gallery: Gallery, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As many pairs of one person's pictures as of two persons': distances, and which are which."""
    owners, points = gallery.owners[chosen], gallery.embeddings[chosen]
    first, second = np.triu_indices(len(owners), 1)
    same = owners[first] == owners[second]
    rng = np.random.default_rng(0)
    some = min(same.sum(), (~same).sum(), 20_000)
    taken = np.concatenate(
        [rng.choice(np.flatnonzero(kind), some, replace=False) for kind in (same, ~same)]
    )
    far = np.linalg.norm(points[first[taken]] - points[second[taken]], axis=1)
    return far, same[taken]


def named(gallery: Gallery, probes: np.ndarray, found: list[list[Neighbour]]) -> list[dict]:
    return [
        {
            "picture": gallery.paths[probe],
            "identity": gallery.names[gallery.owners[probe]],
            "nearest": [
                {
                    "identity": gallery.names[one.owner],
                    "distance": round(one.distance, 4),
                    "picture": gallery.paths[one.picture],
                }
                for one in some
            ],
        }
        for probe, some in zip(probes, found, strict=True)
    ]


def sheet(gallery: Gallery, probes: np.ndarray, found: list[list[Neighbour]]) -> np.ndarray:
    """A picture with a row for some of those asked with: itself, then its neighbours, framed in
    green where they are the same person."""
    rows = []
    for at in np.linspace(0, len(probes) - 1, min(ROWS, len(probes))).astype(int):
        owner = gallery.owners[probes[at]]
        row = [framed(gallery.pictures[probes[at]], ASKED)]
        for one in found[at]:
            row.append(
                framed(gallery.pictures[one.picture], RIGHT if one.owner == owner else WRONG)
            )
        rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows, axis=0)


def framed(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    large = picture.repeat(2, axis=0).repeat(2, axis=1)
    wide = np.pad(large, ((FRAME, FRAME), (FRAME, FRAME), (0, 0)))
    edge = np.ones(wide.shape[:2], bool)
    edge[FRAME:-FRAME, FRAME:-FRAME] = False
    wide[edge] = colour
    return np.pad(wide, ((2, 2), (2, 2), (0, 0)), constant_values=255)


def report(results: dict, asked: int) -> None:
    one, two = results["identification"], results["verification"]
    print(f"{asked} pictures asked with, of {results['identities']} identities")
    print(f"identification accuracy {one['accuracy']:.3f}  by chance {one['chance']:.3f}")
    print(f"among the nearest three {one['among_three']:.3f}")
    print(f"nearest by pixels alone {one['by_pixels']:.3f}")
    print(
        f"verification accuracy {two['accuracy']:.3f}  up to a distance of {two['threshold']:.2f}"
    )


def write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, default=Path("outputs/model"))
    parser.add_argument("--to", type=Path, default=Path("outputs/results"))
    parser.add_argument("--started", default="", help="when all of it began; kept in the results")
    parser.add_argument("--tell-accuracy", type=Path, help="a file for the accuracy alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
