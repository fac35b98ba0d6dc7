"""What a predictor takes and gives: one kind a module. This is the seam between the server, the
page and whoever writes a client.

`GET /api` answers

    {"name": "Predictor", "version": "0.1.0",     the predictor's class, rankzero's version
     "title": "", "description": "",              its `title`, and its docstring's first paragraph
     "ready": true,                               false while the model loads
     "input": DESCRIPTION, "output": DESCRIPTION,
     "samples": [{"name": "a cat", "media": "image/png", "url": "samples/0", "value": ...}],
     "limits": {"max_body": 10485760, "timeout": 30.0},      bytes; seconds
     "batching": {"max_batch": 32, "wait_ms": 0.0, "queue": 256}}

A sample's url gives the body that `POST /predict` takes, of that media type; `value` is there where
it is JSON or text. `samples` is empty while the model loads. All urls are relative: a server may
lie behind a path.

DESCRIPTION is `Kind.describe()`:

    {"kind": "image",               json text array image audio | table labels gallery plot
     "title": "", "help": "",       what the predictor's author wrote for people
     "schema": {...},               JSON Schema of an input's JSON body, or of the output
     "media": ["image/png", ...],   what /predict takes for it; empty for outputs
     "limits": {...},               image: max_pixels; audio: max_seconds; text: max_length; ...
     "ui": {...}}                   image: camera; text: lines, placeholder; table: columns; ...

`POST /predict` takes one input: a body of one of its media types, or a form (multipart/form-data)
with one part, called `input` (or `file`). It answers 200 `{"output": OUTPUT}`, where OUTPUT is

    json       any JSON                 text   "..."            array  nested lists of numbers
    image      {"src": "data:image/png;base64,...", "width": 3, "height": 2}
    audio      {"src": "data:audio/wav;base64,...", "seconds": 1.5, "rate": 16000}
    labels     [{"label": "cat", "score": 0.9}, ...]            best first
    table      {"columns": ["a", "b"], "rows": [[1, "x"], ...]}
    gallery    [{"image": IMAGE, "caption": "Ada", "score": null, "distance": 0.4}, ...]
    plot       {"x": {"label": "", "values": [...]}, "y": {"label": ""}, "style": "line",
                "series": [{"name": "loss", "values": [...]}]}  values may be null; x: numbers or
                words

or an error's status and `{"error": {"status": 413, "code": "too-large", "message": "...", "hint":
"..." or null, "request_id": "..."}}`. Codes: bad-input (400, 422), unauthorized (401), not-found,
slow-body (408), too-large (413), wrong-type (415), busy (429, with Retry-After), predictor-failed
(500), loading, draining or stuck (503, with Retry-After), timeout (504). Every answer has
`X-Request-Id`.

Where the server has a token, all but `/live`, `/ready` and the page wants `Authorization: Bearer
TOKEN`, else it answers 401.
"""

from __future__ import annotations

from rankzero.serving.types.arrays import Array
from rankzero.serving.types.base import BadInput, BadOutput, Kind, Sample
from rankzero.serving.types.galleries import Gallery, Picture
from rankzero.serving.types.images import Image
from rankzero.serving.types.plain import Json, Text
from rankzero.serving.types.plots import Plot
from rankzero.serving.types.sounds import Audio, Sound
from rankzero.serving.types.tables import Labels, Table

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
]
