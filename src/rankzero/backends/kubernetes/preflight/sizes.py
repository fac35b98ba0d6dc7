"""Whether what travels fits into the objects that carry it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Question,
    Refusal,
    Request,
    Verdict,
)

NAME = "sizes"

#: What an API server takes at most, in bytes: the data of a ConfigMap, an object's annotations.
_DATA, _ANNOTATIONS = 1024 * 1024, 256 * 1024
_SMALLER = "say less in env, args and params: put long values into a file of the folder"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    return iter(())


def judge(request: Request, answers: Answers) -> Verdict:
    refusals = [
        Refusal(
            f"ConfigMap {name} would hold {_kib(size)}, and {_kib(_DATA)} is the most",
            _SMALLER,
            request=True,
        )
        for name, size in request.sizes.items()
        if size > _DATA
    ]
    for made in request.objects:
        notes = made["metadata"].get("annotations") or {}
        size = sum(len(key.encode()) + len(value.encode()) for key, value in notes.items())
        if size > _ANNOTATIONS:
            text = (
                f"what is noted of the run takes {_kib(size)}, and {_kib(_ANNOTATIONS)} is the most"
            )
            refusals.append(Refusal(text, _SMALLER, request=True))
    return Verdict(tuple(refusals), said=f"{_kib(sum(request.sizes.values()))} travel")


def _kib(size: int) -> str:
    return f"{-(-size // 1024):,} KiB"
