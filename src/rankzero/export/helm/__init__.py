"""`export helm`: a chart. What people change is in its values; the templates are its objects."""

from __future__ import annotations

import zlib

from rankzero.errors import BadRequest
from rankzero.export import readme
from rankzero.export.code import SMALLER, folder
from rankzero.export.helm import helpers, schema, templates, values
from rankzero.export.model import Files, Outline
from rankzero.export.text import Page

#: Helm keeps a release in a Secret of at most 1 MiB: compressed, and spelt in base64, the chart's
#: files, and once more the objects that are made of them.
_MOST = 380 * 1024


def files(outline: Outline) -> Files:
    """Errors: BadRequest where the code is too large for a release."""
    _check(outline)
    return {
        "Chart.yaml": _chart(outline),
        "README.md": readme.helm(outline),
        "values.yaml": values.text(outline),
        "values.schema.json": schema.text(outline),
        "templates/_helpers.tpl": helpers.text(outline),
        "templates/NOTES.txt": helpers.notes(outline),
        **templates.files(outline),
        **folder(outline.code),
    }


def _chart(outline: Outline) -> str:
    page = Page()
    framework = "" if outline.framework == "plain" else f" with {outline.framework}"
    roles = " and ".join(part.role for part in outline.parts)
    return page.dump(
        {
            "apiVersion": "v2",
            "name": outline.job.name,
            "description": f"A training{framework}: an Indexed Job for {roles}",
            "type": "application",
            page.comment("Of the chart; count it up when you change it."): None,
            "version": "0.1.0",
        }
    )


def _check(outline: Outline) -> None:
    contents = b"".join(
        one.encode() if isinstance(one, str) else one for one in folder(outline.code).values()
    )
    packed = 2 * len(zlib.compress(contents))
    if packed > _MOST:
        raise BadRequest(
            f"the folder's files are too large for a Helm release: {packed >> 10:,} KiB "
            f"compressed, and there is room for {_MOST >> 10} KiB.",
            SMALLER,
        )
