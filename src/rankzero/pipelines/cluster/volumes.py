"""A pipeline's volumes on a cluster: claims, made before its first step, and mounted by all of its
runs."""

from __future__ import annotations

from typing import Any

from rankzero.driver.cluster import words
from rankzero.plan.kubernetes import claims, names
from rankzero.spec.pipelines import mounting
from rankzero.spec.pipelines.model import Pipeline, Step
from rankzero.spec.pods import Source


def claim_of(pipeline: Pipeline, name: str, run: str) -> str | None:
    """What a volume of the pipeline is called in the cluster; one that goes with its run is called
    after it. None for what is no claim."""
    found = pipeline.volumes[name]
    if found.claim is None:
        return None
    return found.claim if found.keep else names.claim(run, found.claim)


def mounted(pipeline: Pipeline, step: Step, run: str) -> dict[str, Any]:
    """What the runs of a step mount, as a job has it: the claims are there already."""
    found = {}
    for name, volume in mounting.volumes_of(pipeline, step).items():
        as_it_is = {
            "claim": claim_of(pipeline, name, run),
            "size": None,
            "access": None,
            "storage_class": None,
            "keep": True,
        }
        there = volume.model_copy(update=as_it_is)
        found[name] = there.model_dump(mode="json", by_alias=True, exclude_none=True)
    return found


def made(pipeline: Pipeline, run: str) -> list[dict[str, Any]]:
    """The claims that are made where they are not there."""
    return [
        _claim(str(claim_of(pipeline, name, run)), mounting.source(pipeline, name), run)
        for name, volume in pipeline.volumes.items()
        if volume.made
    ]


def _claim(name: str, source: Source, run: str) -> dict[str, Any]:
    """One that goes with the pipeline bears its label."""
    return claims.claim(name, source, labels={} if source.keep else {words.PIPELINE: run})


def of_outputs(pipeline: Pipeline, run: str) -> str | None:
    """The claim on which what steps hand on lies: one of the pipeline's volumes by its name, or one
    that is there."""
    named = pipeline.output_volume
    if named is None or named not in pipeline.volumes:
        return named
    return claim_of(pipeline, named, run)
