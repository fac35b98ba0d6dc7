"""What a service of this machine is like, from what is kept of it and what can be seen. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rankzero.backends.local.services.folder import State
from rankzero.backends.local.services.guard import NOT_FOUND, NOT_RUN
from rankzero.backends.local.services.ports import HERE
from rankzero.backends.local.services.record import Record
from rankzero.backends.places import LOCAL
from rankzero.backends.services import model
from rankzero.plan.local_service import program
from rankzero.spec.services.model import Service
from rankzero.why import service as why
from rankzero.why.blocked import Trouble
from rankzero.why.seen import Ended, Pod, Seen
from rankzero.why.standing import Place, Standing

#: A command may have to wait for something else; one that has ended so often will not be ready.
_ENDS = 3
IDLE, ENDED, READY, DEGRADED, STUCK, STARTING = (
    *("idle", "ended", "ready"),
    *("degraded", "stuck", "starting"),
)


class Look(NamedTuple):
    """What there was to see of a service. kept: whether it has a keeper; fault: why it takes no
    requests, empty where it does; lines: its last ones; host: this machine's name; now: in seconds
    since the epoch."""

    record: Record
    kept: bool
    state: State | None
    fault: str
    lines: tuple[str, ...]
    host: str
    now: float


def service(look: Look, asked: Service) -> model.Service:
    """All of it, as it is shown. asked: what the version that is to serve was asked to be."""
    record, version = look.record, look.record.version
    ready = _ready(look)
    place = _place(look, asked)
    state = _state(look, asked)
    wanted = int(record.wanted)
    there = int(look.kept)
    versions = tuple(
        model.Version(
            number=one.number,
            replicaset="",
            image="",
            time=one.time,
            changed=one.changed,
            wanted=wanted * (one is version),
            there=there * (one is version),
            ready=int(ready) * (one is version),
            current=one is version,
            request=one.request,
        )
        for one in record.versions
    )
    port = record.listens_on or 0
    return model.Service(
        name=record.name,
        where=LOCAL,
        created=record.created,
        labels=asked.labels,
        request=version.request,
        state=state,
        version=record.current,
        image="",
        port=port,
        wanted=wanted,
        ready=int(ready),
        done=state in (READY, IDLE),
        standing=Standing(record.name, version.time, (place,) if wanted else ()),
        versions=versions,
        instances=(_instance(look, place, ready),) if look.kept else (),
        reach=model.Reach(model.LOOPBACK, HERE, HERE, port),
        program=program(asked),
        owner=record.owner,
    )


def hopeless(look: Look) -> bool:
    """Whether it will not become ready by itself. A model server ends on its own only where it
    cannot load what it serves; a command may be one that cannot be run."""
    if not look.kept:
        return True
    if _ready(look) or look.state is None:
        return False
    final = look.record.version.request.get("predictor") or look.state.code in (NOT_RUN, NOT_FOUND)
    return look.state.ends >= (1 if final else _ENDS)


# -- inside


def _ready(look: Look) -> bool:
    """What answers on its port while nothing of it runs is somebody else."""
    runs = look.kept and look.state is not None and look.state.started is not None
    return runs and not look.fault and not (look.state and look.state.leaving)


def _state(look: Look, asked: Service) -> str:
    if not look.record.wanted:
        return IDLE
    if not look.kept:
        return ENDED
    if _ready(look):
        return READY
    if look.record.version.served:
        return DEGRADED
    began = look.record.version.time if look.state is None else look.state.began
    return STUCK if look.now - began > asked.wait else STARTING


def _place(look: Look, asked: Service) -> Place:
    name = look.record.name
    if not look.kept:
        text = "nothing of it runs: it was ended from outside, or the machine went down"
        trouble = Trouble("ended", text, f"start it again: rankzero serve update {name}")
        return Place(name, look.host, "ended", text, None, trouble)
    if look.state is None:
        return Place(name, look.host, "starting", f"starting on {look.host}")
    place = why.place(_pod(look), Seen(run=name))
    if place.trouble is None and place.state == "running" and place.text:
        return place._replace(text=f"runs, but {look.fault}" if look.fault else "is about to end")
    if place.trouble is not None and place.trouble.cause == "load-failed":
        trouble = place.trouble._replace(remedy=_try_it(asked))
        return place._replace(trouble=trouble)
    return place


def _pod(look: Look) -> Pod:
    """What a pod of the same would look like: it fails in the same words."""
    state = look.state
    assert state is not None
    message = "\n".join(look.lines)
    ended = None if state.code is None else Ended("", state.code, message, state.ended)
    return Pod(
        look.record.name,
        phase="Pending" if state.started is None else "Running",
        born=state.began,
        machine=look.host,
        began=state.started,
        ended=ended,
        leaving=state.leaving,
        ready=_ready(look),
        restarts=state.ends,
    )


def _try_it(asked: Service) -> str:
    model_said = "" if asked.model is None else f" --model {asked.model}"
    return f"try it: rankzero serve {asked.predictor}{model_said} --check"


def _instance(look: Look, place: Place, ready: bool) -> model.Instance:
    state = look.state
    return model.Instance(
        place=place,
        version=look.record.current,
        address=HERE,
        host=HERE,
        ready=ready,
        restarts=0 if state is None else state.ends,
        created=look.record.version.time if state is None else state.began,
        leaving=state is not None and state.leaving,
    )
