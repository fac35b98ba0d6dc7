"""Sounds."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from rankzero.serving.types.base import (
    JSON,
    UNTYPED,
    BadInput,
    BadOutput,
    Kind,
    Sampled,
    data_url,
    from_base64,
    name_of,
    raw_of,
)

if TYPE_CHECKING:
    import numpy

WAV = "audio/wav"
#: What browsers and programs call one.
_WAVS = (WAV, "audio/x-wav", "audio/wave", "audio/vnd.wave")
_OTHERS = ("audio/flac", "audio/ogg", "audio/mpeg")


class Sound(NamedTuple):
    """samples: float32 from -1 to 1, frames x channels. rate: frames a second."""

    samples: numpy.ndarray[Any, Any]
    rate: int


class Audio(Kind):
    """A sound. The predictor gets, and may return, a `Sound`. WAV needs numpy alone; FLAC, Ogg and
    MP3 are taken where soundfile is installed."""

    kind = "audio"
    needs = (("numpy", "numpy"),)

    def __init__(self, *, max_seconds: float = 60.0, title: str = "", help: str = "") -> None:
        super().__init__(title=title, help=help)
        self.max_seconds = max_seconds
        self.media = (*_WAVS, *_OTHERS, JSON)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "contentEncoding": "base64"}

    def limits(self) -> dict[str, Any]:
        return {"max_seconds": self.max_seconds}

    def cost(self, body: BinaryIO, size: int) -> int:
        return 40 * size  # MP3 becomes floats of 20 times its size

    def decode(self, body: BinaryIO, content_type: str) -> Sound:
        if content_type == JSON:
            body, content_type = io.BytesIO(from_base64(body, "audio")), ""
        if content_type not in (*UNTYPED, *self.media):
            self.unwelcome(content_type)
        head = body.read(12)
        body.seek(0)
        if not head:
            raise BadInput("The file is empty.", "Send a sound.", status=400)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return self._wav(body)
        if head[:4] in (b"fLaC", b"OggS") or head[:3] == b"ID3" or head[0] == 0xFF:
            return self._other(body)
        raise BadInput("This is no sound that is known.", "Send a WAV file.", status=415)

    def _wav(self, body: BinaryIO) -> Sound:
        try:
            with wave.open(body, "rb") as file:
                self._allow(file.getnframes(), file.getframerate())
                raw = file.readframes(file.getnframes())
                samples = _floats(raw, file.getsampwidth(), file.getnchannels())
                return Sound(samples, file.getframerate())
        except (wave.Error, EOFError):
            return self._other(body)  # of floats, or compressed

    def _other(self, body: BinaryIO) -> Sound:
        try:
            import soundfile
        except (ImportError, OSError):
            hint = "Send a WAV file of whole numbers, or install soundfile beside the predictor."
            raise BadInput("This sound cannot be read here.", hint, status=415) from None
        body.seek(0)
        try:
            with soundfile.SoundFile(body) as file:
                self._allow(file.frames, file.samplerate)
                return Sound(file.read(dtype="float32", always_2d=True), file.samplerate)
        except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
            raise BadInput(f"The sound is broken: {error}", status=400) from None

    def _allow(self, frames: int, rate: int) -> None:
        """Errors: BadInput."""
        if rate <= 0 or frames <= 0:
            raise BadInput("The sound has no frames.", status=400)
        if frames / rate > self.max_seconds:
            says = (
                f"The sound lasts {frames / rate:.0f} s; at most {self.max_seconds:g} s are taken."
            )
            raise BadInput(says, status=413)

    def encode(self, value: Any) -> Any:
        import numpy as np

        if not isinstance(value, tuple) or len(value) != 2:
            raise BadOutput(f"a Sound (samples, rate) was declared, it returned {name_of(value)}")
        samples, rate = np.asarray(value[0], dtype="float32"), int(value[1])
        if samples.ndim not in (1, 2) or rate <= 0:
            raise BadOutput(
                "a sound's samples are frames, or frames x channels, and its rate is over 0"
            )
        whole = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(whole.tobytes())
        src = data_url(file.getvalue(), WAV)
        return {"src": src, "seconds": len(samples) / rate, "rate": rate}

    def sample(self, value: Any) -> Sampled:
        raw = raw_of(value)
        if raw is not None:
            return Sampled(raw, WAV if raw[:4] == b"RIFF" else "application/octet-stream")
        import base64

        return Sampled(base64.b64decode(self.encode(value)["src"].partition(",")[2]), WAV)


def _floats(raw: bytes, width: int, channels: int) -> numpy.ndarray[Any, Any]:
    """Whole numbers of 1 to 4 bytes as float32 from -1 to 1. Errors: wave.Error."""
    import numpy as np

    raw = raw[: len(raw) - len(raw) % (width * channels)]
    if width == 1:  # the one width that has no sign
        samples = np.frombuffer(raw, "u1").astype("float32") / 128 - 1
    elif width == 3:
        bytes3 = np.frombuffer(raw, "u1").reshape(-1, 3)
        wide = np.zeros((len(bytes3), 4), "u1")
        wide[:, 1:] = bytes3
        samples = wide.view("<i4").reshape(-1).astype("float32") / 2**31
    elif width in (2, 4):
        samples = np.frombuffer(raw, f"<i{width}").astype("float32") / 2 ** (8 * width - 1)
    else:
        raise wave.Error("of a strange width")
    return samples.reshape(-1, channels)
