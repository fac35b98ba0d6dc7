"""Bringing here what steps on a cluster handed on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero.backends.base import Helper
from rankzero.backends.fetching import NoFolder
from rankzero.backends.fetching import fetch as bring
from rankzero.backends.kubernetes.helping import HelperPod, helping
from rankzero.driver.cluster import words
from rankzero.pipelines.results import copied, gone, room_for
from rankzero.plan.kubernetes import layout
from rankzero.plan.kubernetes.helper import Like, like_the_run

if TYPE_CHECKING:
    from rankzero.pipelines.cluster.there import There
    from rankzero.pipelines.results import Handed


def fetch(there: There, found: Sequence[Handed], to: Path) -> None:
    """Files and folders come from the volume that they lie on, by one helper pod for all of them,
    whatever is left of the runs that made them. Errors: Refused."""
    copied([one for one in found if not one.output.where], to)
    for like, some in _by_volume(there, [one for one in found if one.output.where]):
        with helping(there.cluster, there.run, like, None, Helper().wait) as pod:
            for one in some:
                _bring(pod, one, to)


def address(body: Mapping[str, Any], run: str, where: str) -> str:
    """`volume:CLAIM/PATH`, as `volume get` and `serve deploy --model` take it; of another kind of
    volume its path in the pods. body, run: see `like_a_step`."""
    claim = like_a_step(body, run).volume.get("persistentVolumeClaim", {}).get("claimName")
    inner = where.removeprefix(layout.OUTPUT_VOLUME + "/")
    return f"volume:{claim}/{inner}" if claim and inner != where else where


def _by_volume(there: There, found: Sequence[Handed]) -> Iterator[tuple[Like, list[Handed]]]:
    """A job may have its outputs on a volume of its own."""
    groups: dict[str, tuple[Like, list[Handed]]] = {}
    for one in found:
        like = like_a_step(there.graph()[one.part.step].body, there.run)
        groups.setdefault(json.dumps(like.volume, sort_keys=True), (like, []))[1].append(one)
    yield from groups.values()


def like_a_step(body: Mapping[str, Any], run: str) -> Like:
    """A helper like a step's own pods. body: of the step, see `driver.cluster.parts`. run: of the
    pipeline."""
    python = body["configs"][body["role"]].get("python") or None
    plan = {"job": {**body.get("job", {}), "python": python}}
    template = body["manifests"][0]["spec"]["template"]
    like = like_the_run(plan, template, layout.OUTPUT_VOLUME)
    assert like is not None, "a step that hands on files has a volume for them"
    account = str(like.pod.get("serviceAccountName", ""))
    if words.template(run) not in account:
        return like
    # Of an attempt's own account, there is none outside of it.
    return like._replace(pod={**like.pod, "serviceAccountName": "default"})


def _bring(pod: HelperPod, one: Handed, to: Path) -> None:
    with room_for(one, to) as place:
        try:
            for _ in bring(partial(pod.dial, "files", one.output.where), place):
                pass
        except NoFolder as error:
            raise gone(one) from error
