"""Pictures with captions, scores and distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rankzero.serving.types.base import BadOutput, Kind, name_of
from rankzero.serving.types.images import Image
from rankzero.serving.types.numbers import number


class Picture(NamedTuple):
    """One of a gallery. image: as `Image` takes it from a predictor. score: the higher, the better;
    distance: the lower, the nearer."""

    image: Any
    caption: str = ""
    score: float | None = None
    distance: float | None = None


class Gallery(Kind):
    """Pictures in the order in which the predictor returns them: a list of `Picture`."""

    kind = "gallery"

    def __init__(self, *, title: str = "", help: str = "") -> None:
        super().__init__(title=title, help=help)
        self._image = Image()

    def schema(self) -> dict[str, Any]:
        number_or_none = {"type": ["number", "null"]}
        whole = {"type": "integer"}
        image = {"src": {"type": "string"}, "width": whole, "height": whole}
        properties = {
            "image": {"type": "object", "properties": image},
            "caption": {"type": "string"},
            "score": number_or_none,
            "distance": number_or_none,
        }
        return {"type": "array", "items": {"type": "object", "properties": properties}}

    def encode(self, value: Any) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise BadOutput(
                f"a gallery (a list of Picture) was declared, it returned {name_of(value)}"
            )
        return [self._one(one, place) for place, one in enumerate(value)]

    def _one(self, value: Any, place: int) -> dict[str, Any]:
        try:
            picture = Picture(**value) if isinstance(value, Mapping) else Picture(*value)
        except TypeError:
            raise BadOutput(f"[{place}] is {name_of(value)}, not a Picture") from None
        try:
            image = self._image.encode(picture.image)
        except BadOutput as error:
            raise BadOutput(f"[{place}]: {error}") from None
        return {
            "image": image,
            "caption": str(picture.caption),
            "score": _maybe(picture.score, f"[{place}]'s score"),
            "distance": _maybe(picture.distance, f"[{place}]'s distance"),
        }


def _maybe(value: Any, where: str) -> float | None:
    return None if value is None else number(value, where)
