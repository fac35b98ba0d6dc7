"""An image that was built, as people and programs see it."""

from __future__ import annotations

from typing import Any

from rankzero.cli.show.amounts import duration, size
from rankzero.cli.show.table import say_table
from rankzero.cli.show.terminal import Screen
from rankzero.images.building import Image
from rankzero.images.publishing import Built

_HEADS = ("LAYER", "FILES", "SIZE", "NOTE")


def say_built(out: Screen, err: Screen, built: Built, seconds: float) -> None:
    """What it is made of, then what it is called, and what it took."""
    for image in built.images:
        err.say(f"{built.name}  on {image.base.repository.name} · {image.base.platform}")
        if image.parts:
            say_table(err, _HEADS, [_row(image, at) for at in range(len(image.parts))])
    if built.left_out:
        err.say(f"  note: secrets stay here: {', '.join(built.left_out)}")
    for note in built.notes:
        err.say(f"  note: {note}")
    if built.digest:
        out.say(f"{built.name}@{built.digest}")
        err.say(f"✓ sent {size(built.sent)} in {duration(seconds)}")


def _row(image: Image, at: int) -> tuple[str, ...]:
    part = image.parts[at]
    notes = [part.note] if part.note else []
    notes += ["made before"] if part.cached else []
    return (part.what, str(part.layer.files), size(part.layer.size), ", ".join(notes))


def built_json(built: Built) -> dict[str, Any]:
    """See `rankzero image build --help`."""
    return {
        "name": str(built.name),
        "digest": built.digest or None,
        "sent": built.sent,
        "images": [_image(one) for one in built.images],
        "left_out": list(built.left_out),
        "notes": list(built.notes),
    }


def _image(image: Image) -> dict[str, Any]:
    layers = [
        {
            "what": part.what,
            "digest": part.layer.digest,
            "bytes": part.layer.size,
            "files": part.layer.files,
            "cached": part.cached,
            "note": part.note,
        }
        for part in image.parts
    ]
    base = f"{image.base.repository.name}@{image.base.document.digest}"
    return {
        "platform": str(image.base.platform),
        "digest": image.manifest.digest,
        "base": base,
        "layers": layers,
    }
