"""Changes of a service. Each is made from a version of its Deployment that it names; where somebody
else was faster, it is made anew from theirs, so that no change is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rankzero.backends.kubernetes import submitting
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.services import looking
from rankzero.backends.kubernetes.trouble import Taken
from rankzero.driver.cluster import deployments
from rankzero.driver.cluster.deployments import revision as revision
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.services import objects, pods
from rankzero.spec.services.changes import changes
from rankzero.spec.services.model import Service

#: So often somebody else may be faster.
_TRIES = 10
#: From a service as it is to what it is to be; the Deployment, for what is made on the way.
Change = Callable[[Service, Object], Service]


class Changed(NamedTuple):
    """deployment: as it is now; before: the number of the version that serves on meanwhile.
    what: the changes, in words; empty where there was nothing to change."""

    deployment: Object
    before: int
    what: tuple[str, ...]


def update(cluster: Cluster, name: str, change: Change) -> Changed:
    """change: of the request as it is; it may be asked several times.

    Errors: SpecError, Refused."""
    for _ in range(_TRIES):
        made = looking.deployment(cluster, name)
        before = requested(cluster, made)
        after = change(before, made)
        what = changes(before.to_json(), after.to_json())
        number = revision(made)
        if not what:
            return Changed(made, number, what)
        template = pods.template(after)
        notes = objects.notes(after, ", ".join(what), time.time())
        try:
            return Changed(_put(cluster, made, template, notes), number, what)
        except Taken:
            continue
    raise _busy(name)


def requested(cluster: Cluster, made: Object) -> Service:
    """What a Deployment was asked for. Errors: Refused for one that another release made."""
    name = str(made["metadata"]["name"])
    try:
        return Service.model_validate_json(_text(made))
    except ValueError as error:
        raise Refused(
            f"what was asked for of {name} cannot be read by this release: {error}",
            f"Delete it, and deploy it anew: rankzero serve delete {cluster.called(name)}",
        ) from error


def undo(cluster: Cluster, name: str, to: int | None = None, why: str = "") -> Changed:
    """Back to a version, by default to the one before that has served. why: what was wrong with
    this one.

    Errors: BadRequest where there is no such version."""
    for _ in range(_TRIES):
        made = looking.deployment(cluster, name)
        target = _earlier(cluster, made, to)
        what = deployments.undone(target, why)
        asked = deployments.note(target, names.REQUEST) or _text(made)
        notes = deployments.notes(asked, what, time.time())
        template = deployments.template_of(target)
        try:
            return Changed(_put(cluster, made, template, notes), revision(made), (what,))
        except Taken:
            continue
    raise _busy(name)


def undo_own(cluster: Cluster, name: str, changed: Changed, why: str) -> Changed | None:
    """Take an update back, unless somebody has changed the service since: then None."""
    made = looking.deployment(cluster, name)
    if _stamp(made) != _stamp(changed.deployment):
        return None
    return undo(cluster, name, changed.before or None, why)


def scale(cluster: Cluster, name: str, replicas: int) -> Object:
    """Who scaled it by itself does so no more. Errors: Refused."""
    looking.deployment(cluster, name)
    cluster.delete("HorizontalPodAutoscaler", name)
    return cluster.patch("Deployment", name, {"spec": {"replicas": replicas}})


def autoscale(cluster: Cluster, name: str, change: Callable[[Service], Service]) -> Service:
    """Let the cluster choose the number of pods. change: of the request. Errors: SpecError,
    Refused."""
    made = looking.deployment(cluster, name)
    after = change(requested(cluster, made))
    scaler = objects.scaler(after)
    assert scaler is not None, "it was asked for"
    _create_or_change(cluster, scaler, made, {"spec": scaler["spec"]})
    return after


def expose(cluster: Cluster, name: str, change: Callable[[Service], Service]) -> None:
    """Give it its Service, or another kind of one. Errors: SpecError, Refused."""
    made = looking.deployment(cluster, name)
    address = objects.address(change(requested(cluster, made)))
    kept = {key: address["spec"][key] for key in ("type", "ports")}
    _create_or_change(cluster, address, made, {"spec": kept})


def unexpose(cluster: Cluster, name: str) -> None:
    """Take the Service away; the pods stay. Errors: Refused."""
    looking.deployment(cluster, name)
    cluster.delete("Service", name)


def delete(cluster: Cluster, name: str) -> None:
    """All of it. Errors: BadRequest where there is none."""
    looking.deployment(cluster, name)
    cluster.delete("Deployment", name)
    # They are its own, and would go a moment later; whoever deploys the name anew would meet them.
    for kind in ("Service", "HorizontalPodAutoscaler"):
        cluster.delete(kind, name)


# -- inside


def _put(
    cluster: Cluster, made: Object, template: Mapping[str, Any], notes: Mapping[str, str]
) -> Object:
    """A version in the place of another. Errors: Taken where somebody was faster."""
    meta = made["metadata"]
    parts: dict[Sequence[str], object] = {("spec", "template"): dict(template)}
    parts |= {("metadata", "annotations", key): value for key, value in notes.items()}
    return cluster.replace("Deployment", meta["name"], parts, meta["resourceVersion"])


def _earlier(cluster: Cluster, made: Object, to: int | None) -> Object:
    name = str(made["metadata"]["name"])
    sets = cluster.every("ReplicaSet", f"{names.SERVICE}={name}")["items"]
    current = revision(made)
    known = {int(one["metadata"]["annotations"][names.REVISION]): one for one in sets}
    others = sorted(number for number in known if number != current)
    if to == current and to is not None:
        raise BadRequest(f"{name} is at version {to} already.")
    if not others:
        hint = f"See: rankzero serve history {cluster.called(name)}"
        raise BadRequest(f"{name} has no earlier version.", hint)
    bad = deployments.taken_back(sets)
    served = [one for one in others if one not in bad]
    number = (served or others)[-1] if to is None else to
    if number not in known:
        there = ", ".join(map(str, others))
        raise BadRequest(f"{name} has no version {number}. There is: {there}.")
    return dict(known[number])


def _create_or_change(
    cluster: Cluster, manifest: Mapping[str, Any], owner: Object, change: Mapping[str, Any]
) -> None:
    made = submitting.filled(manifest, {}, deployments.owner_of(owner))
    try:
        cluster.create(made)
    except Taken:
        cluster.patch(made["kind"], made["metadata"]["name"], change)


def _text(made: Object) -> str:
    return deployments.note(made, names.REQUEST) or "{}"


def _stamp(made: Object) -> str:
    return str(deployments.note(made, names.UPDATED))


def _busy(name: str) -> Refused:
    return Refused(f"others change {name} at the same time, again and again.", "Try it again.")
