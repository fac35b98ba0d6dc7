"""Whether a registry could have an image of this name. Pure; the rest a pull tells."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Question,
    Refusal,
    Request,
    Verdict,
)
from rankzero.images.names import wrong

NAME = "image"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    return iter(())


def judge(request: Request, answers: Answers) -> Verdict:
    images = dict.fromkeys(
        container.get("image", "") for pods in request.pods for container in pods.containers
    )
    refusals = [
        Refusal(f'"{image}" is no image name: {fault}', "write REGISTRY/NAME:TAG", request=True)
        for image in images
        if (fault := wrong(image))
    ]
    return Verdict(tuple(refusals), said=f"a possible name: {', '.join(images)}")
