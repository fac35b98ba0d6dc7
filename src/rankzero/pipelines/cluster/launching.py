"""A pipeline made real on a cluster, so that a crash at any point leaves nothing behind: as for a
run, the first Job comes first, suspended, and owns the rest."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rankzero.agent.events import to_line
from rankzero.backends.base import ignore
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.layering import Tell, deliver
from rankzero.backends.kubernetes.preflight.rights import LESS
from rankzero.backends.kubernetes.submitting import filled, submit_all
from rankzero.backends.kubernetes.trouble import Forbidden
from rankzero.code.shipment import PART
from rankzero.driver import facts
from rankzero.driver.cluster import jobs, ledger, words
from rankzero.plan.kubernetes import driver
from rankzero.plan.kubernetes.rights import is_client
from rankzero.plan.model import Layered


class Ready(NamedTuple):
    """All that a pipeline on a cluster is made from. plan: see `driver.cluster.driving.Driver`.
    objects: what is created, the driver's Job first; blobs: what takes their digests' place.
    known: what its ledger begins with. layers: how the code travels, where it is in images."""

    run: str
    plan: Mapping[str, Any]
    objects: tuple[Mapping[str, Any], ...]
    blobs: Mapping[str, bytes]
    known: tuple[facts.Fact, ...] = ()
    layers: Layered | None = None

    @classmethod
    def of(
        cls,
        wanted: driver.Wanted,
        plan: Mapping[str, Any],
        shared: Iterable[Mapping[str, Any]],
        blobs: Mapping[str, bytes],
        known: tuple[facts.Fact, ...],
    ) -> Ready:
        """shared: the objects of all steps, with their blobs: volumes, agent, code."""
        named = {f"sha256:{hashlib.sha256(one).hexdigest()}": one for one in packed(plan)}
        wanted = wanted._replace(plans=tuple(named))
        objects = (driver.job(wanted), *driver.others(wanted), *shared)
        return cls(wanted.run, plan, objects, {**blobs, **named}, known)


def packed(plan: Mapping[str, Any]) -> list[bytes]:
    """The plan as parts of one gzip, each of which a ConfigMap holds."""
    whole = gzip.compress(json.dumps(plan).encode(), mtime=0)
    return [whole[at : at + PART] for at in range(0, len(whole), PART)]


def launch(cluster: Cluster, ready: Ready, tell: Tell = ignore) -> None:
    """tell: how far the code is sent. Errors: Refused; nothing is left then, or it is said."""
    if ready.layers is not None:
        deliver(ready.layers, tell)
    first, *others = ready.objects
    run = ready.run

    def more(owner: Mapping[str, str]) -> Iterable[dict[str, Any]]:
        yield from (filled(one, ready.blobs, owner) for one in others)
        yield from begun(run, ready.known, owner)

    start = None if is_client(first) else jobs.start(None)
    try:
        submit_all(cluster, first, more, start, run, "rankzero pipeline delete")
    except Forbidden as error:
        if not any(one["kind"] == "ServiceAccount" for one in others):
            raise
        raise Forbidden(error.args[0], f"{error.hint}{LESS}") from error


def begun(
    run: str, known: Iterable[facts.Fact], owner: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The ledger's first ConfigMaps, all but the last one full."""
    at, made, size = 0, ledger.config_map(run, 0, "nobody", owner), 0
    for seq, fact in enumerate(known, 1):
        line = to_line(facts.to_event(seq, fact))
        if size and size + len(line) > ledger.FULL:
            made["metadata"]["annotations"][words.FULL] = "yes"
            yield made
            at, size = at + 1, 0
            made = ledger.config_map(run, at, "nobody", owner)
        made["data"][ledger.key(seq)] = line
        size += len(line)
    yield made
