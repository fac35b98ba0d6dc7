"""The README of each form: what there is, what to type, what to change, what is missing."""

from __future__ import annotations

from rankzero.export.code import MOST_APPLIED
from rankzero.export.model import Outline
from rankzero.export.pods import APP, COMPONENT


def plain(outline: Outline) -> str:
    name = outline.job.name
    apply = "kubectl apply --server-side" if _large(outline) else "kubectl apply"
    return _page(
        f"# {name}",
        _what(outline, "Plain objects of Kubernetes; nothing else has to be installed."),
        "## Use it",
        _console(f"{apply} -f .", *_looking(outline), "kubectl delete -f ."),
        _again(f"`kubectl delete -f . && {apply} -f .`"),
        *_claims(outline),
        "## Change it",
        _numbers(outline),
        *_missing(outline),
    )


def _page(*parts: str) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _what(outline: Outline, first: str) -> str:
    roles = ", ".join(
        f"{part.pods} {'pod' if part.pods == 1 else 'pods'} of {part.role}"
        + (f" with {part.each} ranks each" if part.each > 1 else "")
        for part in outline.parts
    )
    return f"{first} It runs {roles} ({outline.framework}): each role is an Indexed Job."


def _console(*lines: str) -> str:
    return "\n".join(("```console", *(f"$ {line}" for line in lines), "```"))


def _looking(outline: Outline) -> list[str]:
    name, first = outline.job.name, outline.parts[0].role
    jobs = " ".join(f"job/{name}-{part.role}" for part in outline.parts if part.completes)
    return [
        f"kubectl get pods -l {APP}={name} -o wide",
        f"kubectl logs -f -l {APP}={name} --all-containers --prefix --max-log-requests 50",
        f"kubectl logs -f -l {APP}={name},{COMPONENT}={first} --prefix",
        f"kubectl wait --for condition=complete --timeout 24h {jobs}",
    ]


def _again(how: str) -> str:
    return (
        "A Job cannot be changed, nor run twice. After a change of any file, and to run it again: "
        f"{how}."
    )


def _claims(outline: Outline) -> list[str]:
    made = [*outline.job.volumes.values()]
    made += [one for part in outline.parts for one in part.asked.volumes.values()]
    if not any(one.made for one in made):
        return []
    return [
        "**What deletes everything also deletes the claims in `claims.yaml`, with all that is on "
        "them.** Delete the other files by their names to keep them."
    ]


def _numbers(outline: Outline) -> str:
    where = {
        "tensorflow": "every `TF_CONFIG`",
        "jax": "`JAX_NUM_PROCESSES` and `OMPI_COMM_WORLD_SIZE`",
    }.get(outline.framework, "every `WORLD_SIZE`")
    if any(part.each > 1 for part in outline.parts):
        where = "every `PET_NNODES`"
    return (
        "Another number of pods takes `completions`, `parallelism` and "
        f"{where}, in all files. The name stands in the Service, in `subdomain`, in the labels and "
        "in the addresses of the environment: change it everywhere or nowhere."
    )


def _large(outline: Outline) -> bool:
    if outline.code is None:
        return False
    texts = sum(len(text.encode()) for text in outline.code.texts.values())
    return texts + sum(map(len, outline.code.binaries.values())) > MOST_APPLIED


def _missing(outline: Outline) -> list[str]:
    rows = [f"| {note.what} | {note.instead} |" for note in outline.notes]
    table = ["| with rankzero | here |", "|---|---|", *rows]
    return ["## What is not here", "\n".join(table)]
