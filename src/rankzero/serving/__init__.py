"""A trained model as a server: `rankzero serve app.py:Predictor --model outputs/`.

A predictor is a class:

    from rankzero.serving import Image, Labels

    class Predictor:
        input = Image(mode="RGB")
        output = Labels(top=3)

        def load(self, path): ...           # once a worker; path: what --model names, or None
        def predict(self, batch): ...       # a list of inputs -> as many outputs, in their order
        def samples(self): ...              # optional: inputs to try, see `types.base.Sample`

The half that runs beside a model (`types`, `app`, `batching`, `workers`, ...) is started in
anybody's image: it needs Starlette and uvicorn, which are pure Python, and nothing else that is not
in the standard library. Each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.serving.types import (
        Array,
        Audio,
        BadInput,
        BadOutput,
        Gallery,
        Image,
        Json,
        Kind,
        Labels,
        Picture,
        Plot,
        Sample,
        Sound,
        Table,
        Text,
    )
    from rankzero.serving.weights import weights

__all__ = [
    "Array",
    "Audio",
    "BadInput",
    "BadOutput",
    "Gallery",
    "Image",
    "Json",
    "Kind",
    "Labels",
    "Picture",
    "Plot",
    "Sample",
    "Sound",
    "Table",
    "Text",
    "weights",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'rankzero.serving' has no attribute {name!r}")
    home = "rankzero.serving.weights" if name == "weights" else "rankzero.serving.types"
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
