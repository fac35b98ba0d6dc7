"""A pipeline's volumes on this machine: folders, of which some are the run's alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.backends.local.folders import Folders
from rankzero.errors import Refused
from rankzero.plan import agents

if TYPE_CHECKING:
    from rankzero.spec.pipelines.model import Pipeline, Step

#: In the folder of a run, those that go with it.
OWN = "volumes"


class Wanted(NamedTuple):
    """places: where each volume is, by its name. kept: those to be made, as claims; own: folders of
    the run's."""

    places: Mapping[str, Path]
    kept: tuple[Mapping[str, Any], ...] = ()
    own: tuple[str, ...] = ()


def wanted(pipeline: Pipeline, run: Path, folders: Folders) -> Wanted:
    """run: the run's folder. Errors: Refused where one is there otherwise; what only pods have is
    nowhere here."""
    from rankzero.plan.kubernetes import claims
    from rankzero.spec.pipelines import mounting

    places, kept, own = dict[str, Path](), list[Mapping[str, Any]](), list[str]()
    for name in pipeline.volumes:
        source = mounting.source(pipeline, name)
        if source.claim is None:
            continue
        if not source.keep:
            places[name] = run / OWN / name
            own.append(name)
            continue
        there = folders.claim(source.claim)
        if source.made:
            claim = claims.claim(source.claim, source)
            if there is None:
                kept.append(claim)
            elif fault := claims.differs(there, claim):
                hint = "Name another one, or leave out what it is made with."
                raise Refused(f"the volume {source.claim} {fault}; nothing was started.", hint)
        elif there is None:
            continue
        places[name] = folders.data(source.claim)
    return Wanted(places, tuple(kept), tuple(own))


def variables(step: Step, places: Mapping[str, Path]) -> dict[str, str]:
    """How a step finds the volumes that it mounts."""
    found = {
        name: str(places[name] / (mount.sub_path or ""))
        for name, mount in step.mounts.items()
        if name in places
    }
    return agents.volumes(found)


def make(folders: Folders, claims: Iterable[Mapping[str, Any]]) -> None:
    """Errors: Refused."""
    for claim in claims:
        folders.make(claim)


def missing(pipeline: Pipeline, places: Mapping[str, Path]) -> list[str]:
    """Claims that steps mount, and this machine has not."""
    mounted = {name for step in pipeline.steps.values() for name in step.mounts}
    return sorted(name for name in mounted - places.keys() if pipeline.volumes[name].claim)


def notice(pipeline: Pipeline, places: Mapping[str, Path]) -> str:
    """What of its volumes means nothing on this machine; empty for none."""
    said = ["output_volume"] if pipeline.output_volume is not None else []
    if absent := sorted(pipeline.volumes.keys() - places.keys()):
        said.append(f"volumes ({', '.join(absent)})")
    return f"ignored on one machine: {', '.join(said)}" if said else ""
