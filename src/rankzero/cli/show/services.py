"""Services on the screen, and for programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rankzero.backends.services.model import LOOPBACK
from rankzero.cli.show.amounts import age
from rankzero.cli.show.lines import visible
from rankzero.cli.show.programs import place_json, places_json
from rankzero.cli.show.table import say_table
from rankzero.cli.show.terminal import BOLD, DIM
from rankzero.why.blocked import Trouble, listed
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.backends.services.kept import Planned
    from rankzero.backends.services.model import Instance, Reach, Scaling, Service, Version
    from rankzero.cli.show.terminal import Screen

HEADS = ("SERVICE", "STATE", "PODS", "VERSION", "WHERE", "AGE", "ADDRESS", "NOTE")


def say_service_plan(screen: Screen, plan: Planned) -> None:
    """`web  image x:2 · 2 pods · port 8080 · ClusterIP · lab/team`"""
    screen.say(screen.paint(plan.service.name, BOLD) + "  " + " · ".join(plan.summary()))
    for notice in plan.notices:
        screen.say("  " + screen.paint(f"note: {notice}", "33"))
    unchecked = [f"{one.check} ({one.text})" for one in plan.checks if not one.done]
    if unchecked:
        screen.say("  " + screen.paint(f"not checked: {', '.join(unchecked)}", DIM))


def say_list(screen: Screen, found: list[Service]) -> None:
    if not found:
        screen.say("No services. Deploy one: rankzero serve deploy app.py:Predictor")
        return
    now = time.time()
    say_table(screen, HEADS, [_row(one, now) for one in found])


def _row(one: Service, now: float) -> tuple[str, ...]:
    address = one.reach.urls[0] if one.reach else "-"
    pods, old = f"{one.ready}/{one.wanted}", age(now - one.created)
    return (one.name, one.state, pods, str(one.version), one.where, old, address, note(one))


def note(one: Service) -> str:
    """What there is to say of it in a few words: the first reason why it is not ready."""
    groups = one.standing.grouped()
    if one.state == "ready" or not groups:
        return one.image or one.program
    names, place = groups[0]
    return place.text if one.here else f"{count(len(names), 'pod')}: {place.text}"


def head(one: Service) -> str:
    """`web · ready · version 3 · 2/2 pods ready · lab/team`; on this machine without the pods."""
    pods = [] if one.here else [f"{one.ready}/{one.wanted} pods ready"]
    return " · ".join([one.name, one.state, f"version {one.version}", *pods, one.where])


def say_service(screen: Screen, one: Service) -> None:
    """All of it: where it is reached, who answers there, its pods, its versions."""
    now = time.time()
    screen.say(screen.paint(one.name, BOLD) + head(one)[len(one.name) :])
    _say(screen, *(("image", one.image) if one.image else ("runs", one.program)))
    if one.owner:
        _say(screen, "owner", one.owner)
    say_reach(screen, one)
    if one.scaling is not None:
        _say_scaling(screen, one.scaling)
    for text in one.not_shown:
        _say(screen, "note", text)
    say_troubles(screen, one)
    if one.endpoints:
        screen.say("")
        ends = [
            (f"{end.address}:{end.port}", end.pod, end.machine, _answers(end.ready, end.serving))
            for end in one.endpoints
        ]
        say_table(screen, ("ENDPOINT", "POD", "MACHINE", "REQUESTS"), ends)
    if one.instances:
        screen.say("")
        heads = (
            "PROCESS" if one.here else "POD",
            "VERSION",
            "STATE",
            "RESTARTS",
            "MACHINE",
            "AGE",
            "NOTE",
        )
        say_table(screen, heads, [_pod_row(pod, now) for pod in one.instances])
    screen.say("")
    say_versions(screen, one)


def _say(screen: Screen, label: str, text: str) -> None:
    """A line of it. Much of what there is to say are words of a program, or of its place."""
    screen.say(f"  {label:<7}  {visible(text)}")


def _say_scaling(screen: Screen, scaling: Scaling) -> None:
    load = "" if scaling.at is None else f", now at {scaling.at}%"
    bounds = f"{scaling.minimum} to {scaling.maximum} pods"
    aim = f"to keep processors at {scaling.target}%{load}"
    _say(screen, "scaling", f"by the cluster: {bounds}, {aim}")
    if scaling.trouble is not None:
        _say(screen, "note", scaling.trouble.text)
        if scaling.trouble.remedy:
            _say(screen, "remedy", scaling.trouble.remedy)


def _answers(ready: bool, serving: bool) -> str:
    return "yes" if ready else "draining" if serving else "no"


def _pod_row(pod: Instance, now: float) -> tuple[str, ...]:
    state = "leaving" if pod.leaving else "ready" if pod.ready else pod.place.state
    text = "" if pod.leaving else pod.place.text
    old, machine = age(now - pod.created), pod.place.machine or "-"
    return (pod.pod, str(pod.version), state, str(pod.restarts), machine, old, text)


def say_versions(screen: Screen, one: Service) -> None:
    """Newest first; the one that is to serve is marked."""
    heads: tuple[str, ...] = ("VERSION", "REPLICASET", "PODS", "IMAGE", "AGE", "WHAT CHANGED")
    now = time.time()
    rows = [_version_row(version, now) for version in reversed(one.versions)]
    if one.here:
        heads, rows = _without_pods(heads), [_without_pods(row) for row in rows]
    say_table(screen, heads, rows)


def _version_row(one: Version, now: float) -> tuple[str, ...]:
    mark = " <- now" if one.current else ""
    pods = f"{one.ready}/{one.wanted}"
    return (
        f"{one.number}{mark}",
        one.replicaset,
        pods,
        one.image,
        age(now - one.time),
        one.changed,
    )


def _without_pods(row: tuple[str, ...]) -> tuple[str, ...]:
    return (row[0], *row[4:])


def say_reach(screen: Screen, one: Service) -> None:
    """Each way to it, and what it takes."""
    if one.reach is None:
        _say(screen, "address", f"none; give it one: rankzero serve expose {one.called}")
    else:
        for line in _ways(one.reach):
            _say(screen, "address", line)
    _say(screen, "open", f"rankzero serve open {one.called}")


def _ways(reach: Reach) -> Iterator[str]:
    if reach.kind == LOOPBACK:
        yield f"{reach.urls[0]}  (on this machine)"
        return
    yield from (f"http://{host}:{reach.port}  (from outside)" for host in reach.outside)
    if reach.kind == "LoadBalancer" and not reach.outside:
        yield "from outside: the cluster's load balancer has given none yet"
    if reach.node_port is not None:
        hosts = reach.hosts or ("NODE",)
        for host in hosts:
            yield f"http://{host}:{reach.node_port}  (on every node of the cluster)"
    yield f"http://{reach.name}:{reach.port}  (in the cluster; {reach.address})"


def say_troubles(screen: Screen, one: Service) -> None:
    """What keeps its newest version, each reason once, with what to do about it."""
    for names, place in one.standing.grouped():
        _say(screen, "waits", f"{listed(names, 3)}: {place.text}")
        if place.trouble is not None and place.trouble.remedy:
            _say(screen, "remedy", place.trouble.remedy)


def service_json(one: Service) -> dict[str, Any]:
    """A service, as `serve list` and `serve status` give it.

    service, where, created, labels; state: `ready`, `starting`, `updating`, `stuck`, `degraded`,
    `idle` or `ended`; version; image, program and owner (null where there is none); port, wanted
    and ready (pods); waits: the newest version's pods (node and `place_json`); versions: as
    `version_json`; pods: each with pod, version, address, ready, restarts, created, leaving and
    `place_json`; reach: null where it has no Service, else kind, name, address, port, node_port,
    hosts, outside, urls; endpoints: each with address, port, pod, machine, ready, serving, null
    where they may not be read; scaling: null, or minimum, maximum, target, at, note, cause,
    evidence, remedy (what keeps it from scaling, where anything does); request: as asked for;
    not_shown.
    """
    reach = None if one.reach is None else {**one.reach._asdict(), "urls": one.reach.urls}
    ends = None if one.endpoints is None else [end._asdict() for end in one.endpoints]
    waits = places_json(one.standing)
    return {
        "service": one.name,
        "where": one.where,
        "created": one.created,
        "labels": dict(one.labels),
        "state": one.state,
        "version": one.version,
        "image": one.image or None,
        "program": one.program or None,
        "owner": one.owner or None,
        "port": one.port,
        "wanted": one.wanted,
        "ready": one.ready,
        "waits": [place for place in waits if place["state"] != "running" or place["reason"]],
        "versions": [version_json(version) for version in one.versions],
        "pods": [_pod_json(pod) for pod in one.instances],
        "reach": reach,
        "endpoints": ends,
        "scaling": None if one.scaling is None else _scaling_json(one.scaling),
        "request": dict(one.request),
        "not_shown": list(one.not_shown),
    }


def _scaling_json(scaling: Scaling) -> dict[str, Any]:
    trouble = scaling.trouble or Trouble("", "")
    return {
        **{key: getattr(scaling, key) for key in ("minimum", "maximum", "target", "at")},
        "note": trouble.text,
        "cause": trouble.cause or None,
        "evidence": list(trouble.evidence),
        "remedy": trouble.remedy,
    }


def version_json(one: Version) -> dict[str, Any]:
    """A version: number, replicaset and image (null on this machine), time, changed, wanted, there,
    ready, current."""
    plain = {key: value for key, value in one._asdict().items() if key != "request"}
    return {**plain, "replicaset": one.replicaset or None, "image": one.image or None}


def _pod_json(pod: Instance) -> dict[str, Any]:
    return {
        "pod": pod.pod,
        "version": pod.version,
        "address": pod.address or None,
        "ready": pod.ready,
        "restarts": pod.restarts,
        "created": pod.created,
        "leaving": pod.leaving,
        **place_json(pod.place),
    }
