"""Parts done as services of the cluster: made, or brought to a new version, and watched until they
serve. What was left running goes on when the pipeline is over."""

import contextlib
import hashlib
import json
import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent import api
from rankzero.driver.cluster import deployments, filling, words
from rankzero.driver.cluster.denials import Denials
from rankzero.driver.cluster.objects import Object, Patient
from rankzero.driver.engine import Start
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Graph
from rankzero.driver.walk import Result

#: What a service hands on: where it is reached.
ADDRESS = "address"
#: How often it is looked at what pods say that are not ready (seconds).
_LOOK = 10.0
#: An annotation of pods that were made for a later attempt at their step.
_ATTEMPT = "rankzero/attempt"
#: So often somebody else may change it at the same time.
_TRIES = 10


class _Waiting(NamedTuple):
    """One that is to be ready. since: when it was asked for; until: when its time is over; look:
    when its pods are looked at (seconds since the epoch)."""

    start: Start
    since: float
    until: float
    look: float


class Services:
    """See `driver.walk.Doer`. Of a step's body, `service` is: `name`; `manifests`, the Deployment
    first; `carried`, the ConfigMaps that are there already and that it is to own; `request`, as
    `spec.services.Service.to_json` gives it; `wait` (seconds); `pipeline`, the name that tells
    whose it is; `volume`, where steps have that of what is handed on; `address`."""

    outlives = True

    def __init__(
        self,
        objects: Patient,
        graph: Graph,
        run: str,
        owner: Mapping[str, Any],
        done: Callable[[Part, int, Result], None],
    ) -> None:
        self._objects, self._graph, self._run, self._owner = objects, graph, run, owner
        self._done = done
        #: What a version says of itself that this run has made, whichever of its drivers did.
        self._by = "by the pipeline %s" % run
        self._waiting: Dict[str, _Waiting] = {}
        self._denials = Denials()
        self._ended: List[Tuple[str, Result]] = []

    @property
    def any(self) -> bool:
        """Whether there is one in the graph."""
        return any("service" in step.body for step in self._graph.values())

    def keep(self) -> None:
        """See to it that what came with the pipeline stays until it is needed, also where a service
        has it already, and is deleted meanwhile. Errors: api.Denied."""
        for step in self._graph.values():
            carried = step.body.get("service", {}).get("carried", ())
            with contextlib.suppress(api.Absent):  # that is told when its turn has come
                self._own(carried, self._owner)

    def begin(self, start: Start) -> None:
        body = self._body(start.part.step)
        limits = [body["wait"], self._graph[start.part.step].timeout]
        now = time.time()
        until = now + min(limit for limit in limits if limit is not None)
        self._waiting[body["name"]] = _Waiting(start, now, until, now + _LOOK)
        self._try(body["name"])

    def stop(self, part: Part, *, now: bool = False) -> None:
        for name, waiting in list(self._waiting.items()):
            if waiting.start.part == part:
                self._give_up(name, "was stopped")

    # -- what the driver tells

    def deployment(self, made: Object) -> None:
        """A Deployment as it is now."""
        name = made["metadata"]["name"]
        if name in self._waiting and not made["spec"].get("paused") and deployments.done(made):
            address = self._body(self._waiting[name].start.part.step)["address"]
            digest = hashlib.sha256(address.encode()).hexdigest()
            output = Output(digest, value=address, size=len(address))
            self._ended.append((name, Result(outputs={ADDRESS: output})))

    def gone(self, thing: Object) -> None:
        """What was deleted, or is not this run's any more."""
        name = thing["metadata"]["labels"].get(deployments.SERVICE)
        if name not in self._waiting:
            return
        there = self._there(name)
        if there is None:
            self._ended.append((name, Result(cause="was deleted: its Deployment is gone")))
            return
        by = there["metadata"]["labels"].get(words.PIPELINE, "somebody")
        result = Result(cause="was taken over by %s at the same time" % by, final=True)
        self._ended.append((name, result))

    def look(self, now: float) -> Optional[float]:
        """Give up what takes too long, and tell of what has ended; when to look again, or None."""
        self._tell_ended()  # one that serves is not given up any more
        for name in self._denials.due(now):
            self._try(name)
        for name, waiting in list(self._waiting.items()):
            if min(waiting.until, waiting.look) <= now:
                self._judge(name, waiting, now)
        self._tell_ended()
        moments = [min(one.until, one.look) for one in self._waiting.values()]
        return min([*moments, *self._denials.moments()], default=None)

    # -- inside

    def _tell_ended(self) -> None:
        while self._ended:
            name, result = self._ended.pop(0)
            ended = self._waiting.pop(name, None)
            if ended is not None:
                self._done(ended.start.part, ended.start.attempt, result)

    def _judge(self, name: str, waiting: _Waiting, now: float) -> None:
        """Whether it still may become ready. What was heard of it may be old: news come late to a
        machine that slept, and to a driver that waited for the API server."""
        self._waiting[name] = waiting._replace(look=now + _LOOK)
        there = self._there(name)
        if there is not None:
            self.deployment(there)
        if any(ended == name for ended, _ in self._ended):
            return
        found, _ = self._objects.every("Pod", _selector(name))
        why = "ends again and again" if deployments.hopeless(found) else ""
        if waiting.until <= now:
            why = "is not ready after %.0f s" % (now - waiting.since)
        if why:
            said = deployments.last_words(found)
            self._give_up(name, "%s: %s" % (why, said) if said else why)

    def _body(self, step: str) -> Mapping[str, Any]:
        body: Mapping[str, Any] = self._graph[step].body["service"]
        return body

    def _try(self, name: str) -> None:
        waiting = self._waiting.get(name)
        if waiting is None:
            self._denials.done(name)
            return
        try:
            made = self._put(waiting.start)
        except api.Denied as error:
            if not self._denials.denied(name, time.time()):
                self._ended.append((name, Result(cause="cannot be deployed: %s" % error)))
            return
        except (api.Invalid, api.Absent) as error:
            result = Result(cause="cannot be deployed: %s" % error, final=True)
            self._ended.append((name, result))
        else:
            self.deployment(made)  # nothing more may become of it
        self._denials.done(name)

    def _put(self, start: Start) -> Object:
        """It, as it is asked for. Errors: api.Denied, api.Invalid, api.Absent."""
        body = self._body(start.part.step)
        made, *others = filling.manifests(self._graph, start)
        request = json.dumps(filling.request(self._graph, start), sort_keys=True)
        said = deployments.notes(request, self._by, time.time())
        there = self._there(body["name"])
        if there is None:
            made["metadata"]["annotations"] = {**said, deployments.OF: body["pipeline"]}
            there = self._create(made)
        self._check(there, body)
        scaled = _scaled(there, request)
        if deployments.note(there, deployments.REQUEST) != request:
            before, _ = self._objects.every("ReplicaSet", _selector(body["name"]))
            there = self._replace(there, made, said)
            self._let_go(deployments.outlived(before, there), deployments.owner_of(there))
        elif start.attempt > 1 and not deployments.done(there):
            there = self._replace(there, _anew(made, start.attempt), said)
        self._own(body["carried"], deployments.owner_of(there))
        for one in others:
            self._beside(one, deployments.owner_of(there))
        label = {"labels": {words.PIPELINE: self._run}}
        go = {"metadata": label, "spec": {"paused": False, **scaled}}
        return self._objects.change("Deployment", body["name"], go)

    def _there(self, name: str) -> Optional[Object]:
        found, _ = self._objects.every("Deployment", _selector(name))
        return next((one for one in found if one["metadata"]["name"] == name), None)

    def _check(self, there: Object, body: Mapping[str, Any]) -> None:
        """Nobody's service is changed but the pipeline's own. Errors: api.Invalid."""
        by = deployments.made_by(there, body["pipeline"])
        if by:
            raise api.Invalid(
                "there is a service %s already, which %s has made; give this one another `name`"
                % (body["name"], by)
            )

    def _create(self, made: Object) -> Object:
        try:
            created: Object = self._objects.create(made)
        except api.Taken as error:
            name = made["metadata"]["name"]
            there = self._there(name)  # made by an earlier try, whose answer was lost
            if there is None:
                raise api.Invalid(
                    "there is a deployment %s already, which is no service of rankzero's; give "
                    "this one another `name`" % name
                ) from error
            return there
        return created

    def _replace(self, there: Object, made: Object, said: Mapping[str, str]) -> Object:
        """Errors: api.Invalid, also where others change it again and again."""
        name, template = made["metadata"]["name"], made["spec"]["template"]
        for attempt in range(_TRIES):
            steps = deployments.putting(there, template, said)
            try:
                return self._amended(name, steps)
            except api.Invalid:
                now = self._there(name)
                if now is None or attempt == _TRIES - 1 or _version(now) == _version(there):
                    raise
                there = now
        raise AssertionError("not reached")

    def _amended(self, name: str, steps: List[Dict[str, Any]]) -> Object:
        found: Object = self._objects.amend("Deployment", name, steps)
        return found

    def _own(self, config_maps: Iterable[str], owner: Mapping[str, Any]) -> None:
        """What came with the pipeline stays as long as the service does. Twice is once."""
        step = {"op": "add", "path": "/metadata/ownerReferences/-", "value": dict(owner)}
        for name in config_maps:
            self._objects.amend("ConfigMap", name, [step])

    def _let_go(self, config_maps: Iterable[str], owner: Mapping[str, Any]) -> None:
        """What only versions had that are no more goes as well, once no run of a pipeline needs it
        either."""
        for name in config_maps:
            with contextlib.suppress(api.Absent, api.Invalid, api.Denied):
                about = self._objects.change("ConfigMap", name, {})["metadata"]  # a look at it
                owners = about.get("ownerReferences", [])
                others = [one for one in owners if one["uid"] != owner["uid"]]
                path = "/metadata/ownerReferences"
                steps = [
                    {"op": "test", "path": path, "value": owners},
                    {"op": "replace", "path": path, "value": others or [dict(self._owner)]},
                ]
                self._objects.amend("ConfigMap", name, steps)

    def _beside(self, manifest: Object, owner: Mapping[str, Any]) -> None:
        """Its Service, and what else it has. What is there is brought to what is asked for."""
        kind, about = manifest["kind"], manifest["metadata"]
        about["ownerReferences"] = [dict(owner)]
        try:
            self._objects.create(manifest)
        except api.Taken:
            if kind == "PodDisruptionBudget":  # it is the same for all versions
                return
            try:
                self._objects.amend(kind, about["name"], _brought(manifest))
            except api.Invalid as error:
                raise api.Invalid(
                    "there is a %s %s already, which is none of this service's; give this one "
                    "another `name`, and delete what is left: rankzero serve delete %s (%s)"
                    % (kind, about["name"], about["name"], error)
                ) from error

    def _give_up(self, name: str, why: str) -> None:
        """Go back to what served before, where there was something."""
        self._denials.done(name)
        try:
            said = self._undone(name, why)
        except (api.Denied, api.Invalid, api.Absent) as error:
            said = "%s, and the version before cannot be gone back to: %s" % (why, error)
        self._ended.append((name, Result(cause=said)))

    def _undone(self, name: str, why: str) -> str:
        """Take back what this run has made, and nobody has changed since. Errors: api.Denied,
        api.Absent, api.Invalid, also where others change it again and again."""
        for attempt in range(_TRIES):
            there = self._there(name)
            if there is None or deployments.note(there, deployments.CHANGED) != self._by:
                break
            sets, _ = self._objects.every("ReplicaSet", _selector(name))
            before = deployments.before(sets, self._by)
            if before is None:
                break
            asked = deployments.note(before, deployments.REQUEST) or "{}"
            said = deployments.notes(asked, deployments.undone(before, why), time.time())
            steps = deployments.putting(there, deployments.template_of(before), said)
            try:
                self._amended(name, steps)
            except api.Invalid:
                if attempt == _TRIES - 1 or not self._changed_since(there):
                    raise
            else:
                return "%s; version %d serves again" % (why, deployments.revision(before))
        return why

    def _changed_since(self, there: Object) -> bool:
        now = self._there(there["metadata"]["name"])
        return now is None or _version(now) != _version(there)


def _selector(name: str) -> str:
    return "%s=%s" % (deployments.SERVICE, name)


def _anew(made: Object, attempt: int) -> Object:
    """The same version with pods of its own for another attempt."""
    template = made["spec"]["template"]
    notes = dict(template["metadata"].get("annotations") or {}, **{_ATTEMPT: str(attempt)})
    template = dict(template, metadata=dict(template["metadata"], annotations=notes))
    return dict(made, spec=dict(made["spec"], template=template))


def _version(made: Object) -> str:
    return str(made["metadata"]["resourceVersion"])


def _brought(manifest: Object) -> List[Dict[str, Any]]:
    """The JSON patch that brings what is there to what is asked for, as long as it is the service's
    own: of a Service not whom it leads to, of a scaler all."""
    spec = manifest["spec"]
    keys = ("type", "ports") if manifest["kind"] == "Service" else tuple(spec)
    path = "/metadata/labels/" + deployments.SERVICE.replace("/", "~1")
    label = manifest["metadata"]["labels"][deployments.SERVICE]
    return [
        {"op": "test", "path": path, "value": label},
        *({"op": "add", "path": "/spec/" + key, "value": spec[key]} for key in keys),
    ]


def _scaled(there: Object, request: str) -> Dict[str, Any]:
    """The number of pods, where another one is asked for than before. Else it is left to whoever
    has scaled it."""
    before = json.loads(deployments.note(there, deployments.REQUEST) or "{}")
    wanted = json.loads(request)
    number = wanted.get("replicas")
    if wanted.get("autoscale") or number in (None, before.get("replicas")):
        return {}
    return {"replicas": number}
