"""Pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from rankzero.serving.types import sniffing
from rankzero.serving.types.base import (
    JSON,
    UNTYPED,
    BadInput,
    BadOutput,
    Kind,
    Sampled,
    data_url,
    from_base64,
    mismatch,
    name_of,
    raw_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image as Pillow

FORMATS = ("png", "jpeg", "webp", "gif", "bmp")


class Image(Kind):
    """A picture. The predictor gets a `PIL.Image.Image`, turned as the camera was held; it may
    return one, or an array of bytes (height x width, or height x width x 3 or 4), or a file's
    bytes.

    What comes is known by its content, not by its name, and its size is read from its head before
    it is decoded. Of an animation the first picture counts.
    """

    kind = "image"

    def __init__(
        self,
        *,
        mode: str | None = "RGB",
        max_pixels: int = 25_000_000,
        formats: Sequence[str] = ("png", "jpeg", "webp", "gif"),
        camera: bool = True,
        title: str = "",
        help: str = "",
    ) -> None:
        """mode: Pillow's (RGB, L, RGBA); None: the predictor gets the checked file's bytes, and
        Pillow is not needed. formats: those that are taken, of png, jpeg, webp, gif and bmp.
        camera: whether the page offers one. Errors: ValueError."""
        super().__init__(title=title, help=help)
        if unknown := set(formats) - set(FORMATS):
            raise ValueError(
                f"unknown image format {sorted(unknown)[0]}; known: {', '.join(FORMATS)}"
            )
        self.mode, self.max_pixels, self.formats = mode, max_pixels, tuple(formats)
        self.camera = camera
        self.needs = (("PIL", "pillow"),) if mode else ()
        self.media = (*(f"image/{one}" for one in self.formats), JSON)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "contentEncoding": "base64"}

    def limits(self) -> dict[str, Any]:
        return {"max_pixels": self.max_pixels, "formats": list(self.formats)}

    def ui(self) -> dict[str, Any]:
        return {"camera": self.camera}

    def cost(self, body: BinaryIO, size: int) -> int:
        seen = sniffing.picture(body)
        pixels = 0 if seen is None else min(seen.width * seen.height, self.max_pixels)
        return 4 * size if seen is None or self.mode is None else 2 * size + 4 * pixels

    def decode(self, body: BinaryIO, content_type: str) -> Pillow | bytes:
        if content_type == JSON:
            body, content_type = io.BytesIO(from_base64(body, "an image")), ""
        seen = self._admitted(body, content_type)
        return body.read() if self.mode is None else self._opened(body, seen)

    def _admitted(self, body: BinaryIO, declared: str) -> sniffing.Seen:
        """What it is, where it may be decoded. Errors: BadInput."""
        seen = sniffing.picture(body)
        if seen is None:
            head = body.read(16)
            if not head:
                raise BadInput("The file is empty.", "Send a picture.", status=400)
            hint = f"Send one of: {', '.join(self.formats)}"
            raise BadInput(f"This is no picture, but {sniffing.other(head)}.", hint, status=415)
        if declared not in (*UNTYPED, f"image/{seen.format}", "image/*"):
            if not declared.startswith("image/"):
                self.unwelcome(declared)
            hint = f"Send it as image/{seen.format}, or with its right ending."
            raise BadInput(f"This was sent as {declared} and is {seen.format}.", hint, status=415)
        if seen.format not in self.formats:
            self.unwelcome(f"image/{seen.format}")
        if not seen.width or not seen.height:
            raise BadInput(f"The {seen.format} file is broken: it has no size.", status=400)
        if seen.width * seen.height > self.max_pixels:
            says = f"The picture has {seen.width} x {seen.height} pixels"
            most = f"at most {self.max_pixels:,} are taken."
            raise BadInput(f"{says}; {most}", "Make it smaller.", status=413)
        return seen

    def _opened(self, body: BinaryIO, seen: sniffing.Seen) -> Pillow:
        import PIL.Image
        from PIL import ImageOps

        try:
            with PIL.Image.open(body, formats=[seen.format.upper()]) as opened:
                if opened.width * opened.height > self.max_pixels:
                    raise BadInput("The picture is larger than its head says.", status=413)
                opened.load()
                ImageOps.exif_transpose(opened, in_place=True)  # a copy would cost as much again
                picture: Pillow = opened if opened.mode == self.mode else opened.convert(self.mode)
                return picture
        except BadInput:
            raise
        except Exception as error:  # decoders raise whatever a broken file makes them raise
            raise BadInput(f"The {seen.format} file is broken: {error}", status=400) from None

    def encode(self, value: Any) -> Any:
        raw = bytes(value) if isinstance(value, bytes | bytearray) else _png(value)
        seen = sniffing.picture(io.BytesIO(raw))
        if seen is None:
            raise BadOutput("the bytes that it returned are no picture")
        return {
            "src": data_url(raw, f"image/{seen.format}"),
            "width": seen.width,
            "height": seen.height,
        }

    def sample(self, value: Any) -> Sampled:
        raw = raw_of(value)
        raw = _png(value) if raw is None else raw
        seen = sniffing.picture(io.BytesIO(raw))
        if seen is None:
            raise BadOutput("a sample is no picture")
        return Sampled(raw, f"image/{seen.format}")


def _png(value: Any) -> bytes:
    """A picture or an array as a file. Errors: BadOutput."""
    try:
        import PIL.Image
    except ImportError:
        raise BadOutput(
            f"to send {name_of(value)} as a picture, pillow has to be installed"
        ) from None
    if not isinstance(value, PIL.Image.Image):
        value = _of_array(value)
    file = io.BytesIO()
    value.save(file, "PNG")
    return file.getvalue()


def _of_array(value: Any) -> Pillow:
    import numpy as np
    import PIL.Image

    shape, dtype = getattr(value, "shape", None), str(getattr(value, "dtype", ""))
    if shape is None or not dtype.endswith("uint8"):
        if shape is not None:
            raise BadOutput(f"a picture was declared, it returned an array of {dtype}, not uint8")
        raise mismatch("a picture (PIL.Image, a file's bytes, or an array of uint8)", value)
    try:
        return PIL.Image.fromarray(np.asarray(value))
    except (TypeError, ValueError):
        raise BadOutput(f"an array of shape {tuple(shape)} is no picture") from None
