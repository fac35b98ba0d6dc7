"""`export yaml`: a file for each kind of thing, for `kubectl apply`."""

from __future__ import annotations

from rankzero.export import objects, readme
from rankzero.export.model import Files, Outline
from rankzero.export.pods import job
from rankzero.export.terms import Plainly, Terms
from rankzero.export.text import Page


def files(outline: Outline) -> Files:
    """All of it, with a README that says how it is used."""
    return {"README.md": readme.plain(outline), **manifests(outline)}


def manifests(outline: Outline, *, code: bool = True) -> Files:
    """The objects alone. code: with the ConfigMap of the folder."""
    terms, page = Plainly(outline), Page()
    made: Files = {
        "service.yaml": page.dump(objects.service(outline, terms)),
        **beside(outline, terms, code=code),
    }
    for part in outline.parts:
        made[f"{part.role}.yaml"] = page.dump(job(outline, part, terms, page))
    return made


def beside(outline: Outline, terms: Terms, *, code: bool = True) -> Files:
    """What pods of any form need."""
    page = Page()
    made: Files = {}
    folder = objects.code_map(outline, terms, page) if code else None
    if folder is not None:
        made["code.yaml"] = page.dump(folder)
    if claims := objects.volume_claims(outline, terms):
        made["claims.yaml"] = page.dump(*claims)
    if rights := objects.rights(outline, terms):
        made["rights.yaml"] = page.dump(*rights)
    return made
