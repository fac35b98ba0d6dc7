"""Arrays of numbers, of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from rankzero.serving.types.base import (
    JSON,
    UNTYPED,
    BadInput,
    BadOutput,
    Kind,
    Sampled,
    name_of,
    parsed,
)

if TYPE_CHECKING:
    import numpy

#: numpy's own file: a header with type and shape, then the numbers.
NPY = "application/x-npy"
_KINDS = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}


class Array(Kind):
    """A numpy array: nested lists in JSON, or an `.npy` file (application/x-npy)."""

    kind = "array"
    media = (JSON, NPY)
    needs = (("numpy", "numpy"),)

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: str = "float32",
        *,
        title: str = "",
        help: str = "",
    ) -> None:
        """shape: of one input, without the batch; None: any length. dtype: numpy's word for it."""
        super().__init__(title=title, help=help)
        self.shape, self.dtype = tuple(shape), dtype

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "boolean" if self.dtype == "bool" else "number"}
        for length in reversed(self.shape):
            schema = {"type": "array", "items": schema}
            if length is not None:
                schema |= {"minItems": length, "maxItems": length}
        return schema

    def limits(self) -> dict[str, Any]:
        return {"shape": list(self.shape), "dtype": self.dtype}

    def decode(self, body: BinaryIO, content_type: str) -> numpy.ndarray[Any, Any]:
        import numpy as np

        if content_type in (JSON, *UNTYPED):
            try:
                found = np.asarray(parsed(body))
            except ValueError:
                raise BadInput("The lists are not of one length, so they are no array.") from None
        elif content_type == NPY:
            found = _npy(body)
        else:
            self.unwelcome(content_type)
        if wrong := self._wrong(found):
            raise BadInput(wrong)
        return self._cast(found)

    def encode(self, value: Any) -> Any:
        import numpy as np

        try:
            found = np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            raise BadOutput(f"{name_of(value)} cannot become an array: {error}") from None
        if wrong := self._wrong(found):
            raise BadOutput(wrong)
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise BadOutput("the array holds numbers that are not finite, which JSON cannot hold")
        return found.tolist()

    def sample(self, value: Any) -> Sampled:
        return super().sample(self.encode(value))

    def _wrong(self, found: numpy.ndarray[Any, Any]) -> str | None:
        import numpy as np

        if found.dtype.kind not in _KINDS[np.dtype(self.dtype).kind] and found.size:
            return f"The array holds {found.dtype.name}; {self.dtype} is wanted."
        fits = len(found.shape) == len(self.shape) and all(
            wanted in (None, length) for wanted, length in zip(self.shape, found.shape, strict=True)
        )
        return (
            None
            if fits
            else f"The array's shape is {_shape(found.shape)}; {_shape(self.shape)} is wanted."
        )

    def _cast(self, found: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
        import numpy as np

        dtype = np.dtype(self.dtype)
        if dtype.kind in "iu" and found.size:
            limits = np.iinfo(dtype)
            if found.min() < limits.min or found.max() > limits.max:
                span = f"{limits.min} to {limits.max}"
                raise BadInput(f"The array's numbers do not fit {self.dtype}: {span}.")
        return found.astype(dtype, copy=False)


def _shape(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"


def _npy(body: BinaryIO) -> numpy.ndarray[Any, Any]:
    """An .npy file. The header is read first: it may promise more than there is. Errors:
    BadInput."""
    import numpy as np
    from numpy.lib import format as npy

    try:
        version = npy.read_magic(body)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(body)
        raw = body.read()
        if dtype.hasobject:
            raise ValueError("it holds objects")
        found: numpy.ndarray[Any, Any] = np.ndarray(
            shape, dtype, raw, order="F" if fortran else "C"
        )
        return found
    except (ValueError, TypeError, SyntaxError, EOFError) as error:
        raise BadInput(f"The body is no .npy file: {error}", status=400) from None
