"""Parts done as runs of the cluster: made, watched, ended, and what they hand on taken from what
their first pods leave."""

import secrets
import sys
import time
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent import api, raised
from rankzero.agent import events as ev
from rankzero.agent.artifacts import outputs_of
from rankzero.agent.handing import HANDED
from rankzero.agent.healing import pods
from rankzero.agent.healing.pods import RUN
from rankzero.driver.cluster import jobs, parts, words
from rankzero.driver.cluster.denials import Denials
from rankzero.driver.cluster.objects import Object, Patient
from rankzero.driver.engine import Start
from rankzero.driver.facts import Part
from rankzero.driver.graph import Graph
from rankzero.driver.walk import Result

#: Causes that say nothing of the step.
_LOST = ("node-lost", "nodes-missing")


class Attempt(NamedTuple):
    """A run at work. until: when its time is over (seconds since the epoch); None before its first
    pod runs, and where it has no limit. why: it is ended for, empty while it may go on."""

    start: Start
    role: str
    until: Optional[float]
    why: List[str]


class Runs:
    """See `driver.walk.Doer`. A part's run has the name that its attempt's number gives it, so that
    another driver which begins it again finds it there."""

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
        self._doing: Dict[str, Attempt] = {}
        self._denials = Denials()
        self._ended: List[Tuple[str, Result]] = []

    def begin(self, start: Start) -> None:
        step, name = self._graph[start.part.step], words.part(self._run, start.number)
        self._doing[name] = Attempt(start, step.body["role"], None, [])
        self._try(name, time.time())

    def stop(self, part: Part, *, now: bool = False) -> None:
        for name, attempt in self._doing.items():
            if attempt.start.part == part:
                self._end(name, "was stopped")

    # -- what the driver tells

    def pod(self, pod: Object) -> None:
        """A pod as it is now. The first one of a run leaves how it ended."""
        labels = pod["metadata"]["labels"]
        attempt = self._doing.get(labels.get(RUN, ""))
        if attempt is None or not parts.coordinates(labels, attempt.role):
            return
        outcome = pods.termination(pod)
        if outcome is not None:
            self._over(labels[RUN], self._result(attempt, outcome))
        elif attempt.until is None:
            limit = self._graph[attempt.start.part.step].timeout
            began = pods.container(pod, "running").get("startedAt")
            if limit is not None and began:  # what it waited for is no work of its own
                self._doing[labels[RUN]] = attempt._replace(until=pods.seconds(began) + limit)

    def job(self, job: Object) -> None:
        """A Job as it is now: one that has failed or is complete without any word of its pods."""
        labels = job["metadata"]["labels"]
        attempt = self._doing.get(labels.get(RUN, ""))
        if attempt is None or labels.get(words.PART) != jobs.COORDINATOR:
            return
        for condition in job.get("status", {}).get("conditions") or ():
            if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
                self._over(labels[RUN], self._last_word(labels[RUN], attempt, condition))

    def part(self, run: str) -> str:
        """What the part is called that a run does; of one that is over, the run itself."""
        attempt = self._doing.get(run)
        return run if attempt is None else str(attempt.start.part)

    def gone(self, thing: Object) -> None:
        """What was deleted. A pod is replaced, but without its first Job a run is over."""
        labels = thing["metadata"]["labels"]
        if labels.get(words.PART) == jobs.COORDINATOR and labels.get(RUN) in self._doing:
            self._over(labels[RUN], Result(cause="was deleted: its Job is gone"))

    def look(self, now: float) -> Optional[float]:
        """End what takes too long, and tell of what has ended; when to look again, or None."""
        for name in self._denials.due(now):
            self._try(name, now)
        for name, attempt in list(self._doing.items()):
            if attempt.until is not None and attempt.until <= now and not attempt.why:
                self._late(name, attempt)
        while self._ended:
            name, result = self._ended.pop(0)
            done = self._doing.pop(name, None)
            if done is not None:
                self._done(done.start.part, done.start.attempt, result)
        open_ = [one.until for one in self._doing.values() if one.until is not None and not one.why]
        moments = [*open_, *self._denials.moments()]
        return min(moments) if moments else None

    # -- inside

    def _late(self, name: str, attempt: Attempt) -> None:
        """End it, unless it has ended: news come late to a machine that slept, and to a driver that
        waited for the API server."""
        found, _ = self._objects.every("Pod", "%s=%s" % (RUN, name))
        for pod in found:
            self.pod(pod)
        if not any(ended == name for ended, _ in self._ended):
            took = self._graph[attempt.start.part.step].timeout
            self._end(name, "took longer than its timeout, %g s" % (took or 0))

    def _try(self, name: str, now: float) -> None:
        """Begin it, unless it was ended since."""
        if name not in self._doing:
            self._denials.done(name)
            return
        try:
            self._make(self._doing[name].start, name)
        except api.Denied as error:
            if not self._denials.denied(name, now):
                self._over(name, Result(cause="cannot be started: %s" % error))
            return
        except (api.Invalid, api.Absent, KeyError) as error:
            self._ended.append((name, Result(cause="cannot be started: %s" % error, final=True)))
        self._denials.done(name)

    def _make(self, start: Start, name: str) -> None:
        """Its objects, whatever of them is there already. Errors: api.Denied, api.Invalid."""
        now, token = time.time(), secrets.token_hex(32)
        first, others = parts.objects(self._run, self._graph, start, token, self._owner, now)
        job = first["metadata"]["name"]
        made = self._made(first)
        if made is None:
            made = self._there(name, job)
        owner = jobs.owner_of(made)
        for one in others:
            if not jobs.stays(one):
                one["metadata"]["ownerReferences"] = [owner]
            self._made(one)
        if made["spec"].get("suspend"):
            begin = jobs.start(self._graph[start.part.step].body["queue"])
            self._objects.change("Job", job, begin)

    def _there(self, run: str, job: str) -> Object:
        """The first Job of a run that another driver has begun."""
        found, _ = self._objects.every("Job", "%s=%s" % (RUN, run))
        made: Object = next(one for one in found if one["metadata"]["name"] == job)
        return made

    def _made(self, manifest: Object) -> Optional[Object]:
        """None where it is there already."""
        try:
            return self._objects.create(manifest)
        except api.Taken:
            return None

    def _end(self, name: str, why: str) -> None:
        attempt = self._doing[name]
        if attempt.why:
            return
        attempt.why.append(why)
        self._denials.done(name)
        try:
            found, _ = self._objects.every("Job", "%s=%s" % (RUN, name))
            for job in found:
                self._no_more(job)
            # What a queue holds, and what is gone, is not heard of any more.
            if not found or any(map(jobs.queued, found)):
                self._over(name, Result(cause=why))
        except (api.Absent, api.Invalid, api.Denied) as error:
            sys.stderr.write("rankzero: %s cannot be ended: %s\n" % (name, error))
            self._over(name, Result(cause=why))

    def _no_more(self, job: Object) -> None:
        title, change = job["metadata"]["name"], {"spec": jobs.ended(job)}
        self._objects.change("Job", title, change)

    def _over(self, name: str, result: Result) -> None:
        if any(ended == name for ended, _ in self._ended):
            return
        why = self._doing[name].why
        self._ended.append((name, result._replace(outputs=None, cause=why[0]) if why else result))

    def _last_word(self, name: str, attempt: Attempt, condition: Mapping[str, Any]) -> Result:
        """The Job may be known to have ended before its pod is."""
        selector = "%s=%s" % (RUN, name)
        found, _ = self._objects.every("Pod", selector)
        for pod in found:
            if parts.coordinates(pod["metadata"]["labels"], attempt.role):
                outcome = pods.termination(pod)
                if outcome is not None:
                    return self._result(attempt, outcome)
        if condition["type"] == "Complete" and not self._graph[attempt.start.part.step].gives:
            return Result(outputs={})
        said = condition.get("message") or condition.get("reason") or condition["type"]
        return Result(cause="ended without a word of its pods: %s" % said)

    def _result(self, attempt: Attempt, outcome: Mapping[str, Any]) -> Result:
        """What an agent has left, as the walk takes it."""
        if outcome["state"] == ev.SUCCEEDED:
            outputs = outputs_of(outcome.get(HANDED) or {})
            if outputs.keys() == self._graph[attempt.start.part.step].gives.keys():
                return Result(outputs=outputs)
            return Result(cause="ended before it could tell what it hands on", lost=True)
        body = self._graph[attempt.start.part.step].body
        return _failure(outcome, str(body["configs"][attempt.role].get("workdir") or ""))


def _failure(outcome: Mapping[str, Any], workdir: str) -> Result:
    if outcome["state"] == ev.STOPPED:
        return Result(cause="was stopped by somebody", code=outcome.get("exit_code"))
    cause = outcome.get("cause") or {}
    code = outcome.get("exit_code")
    if cause.get("kind") == "outputs":
        return Result(cause=str(cause["message"]), code=code, final=True)
    if cause.get("kind") == "rank-failed":
        ended = raised.code(cause)
        return Result(cause=raised.how(ended, cause.get("exception"), workdir), code=ended)
    said = cause.get("message") or cause.get("kind") or outcome["state"]
    return Result(cause="failed: %s" % said, code=code, lost=cause.get("kind") in _LOST)
