"""`python agent.zip drive`: the driver of a pipeline, the first process of its pod.

One thread walks the graph; others watch what becomes of the Jobs and pods, and hand it what has
changed. Whoever wants the pipeline's end says so in an annotation of the driver's Job.
"""

import gzip
import json
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, Mapping, Optional, Tuple, Union

from rankzero.agent import api, exits
from rankzero.driver import facts, graph
from rankzero.driver.cluster import words
from rankzero.driver.cluster.caching import Known
from rankzero.driver.cluster.doing import Runs
from rankzero.driver.cluster.jobs import owner_of
from rankzero.driver.cluster.ledger import Fenced, Ledger, patiently
from rankzero.driver.cluster.objects import GONE, Object, Objects
from rankzero.driver.cluster.serving import Services
from rankzero.driver.engine import Engine, Start
from rankzero.driver.walk import Walk

#: Before a watch that the API server has ended is begun again (seconds).
_AGAIN = 1.0
Change = Tuple[str, Object]
#: That a driver is to leave what it drives to another one.
_LEAVE: Change = ("leave", {})


def main() -> int:
    """Until the pipeline is over (0), or another driver is to go on with it (not 0)."""
    objects = Objects.of_pod(words.ACCOUNT, os.environ)
    plan = read_plan(words.PLAN_FOLDER)
    me = "%s/%.6f" % (os.environ.get("HOSTNAME", "driver"), time.time())
    try:
        return Driver(objects, plan, me).run()
    except Fenced as error:
        sys.stderr.write("rankzero: another driver has taken over (%s)\n" % error)
    except api.Denied as error:
        sys.stderr.write("rankzero: this driver may not do what it has to: %s\n" % error)
    return exits.RUN_FAILED


def read_plan(folder: str) -> Dict[str, Any]:
    """As `pipelines.cluster.launching` has put it there. Errors: OSError, ValueError."""
    names = sorted(name for name in os.listdir(folder) if name.isdigit())
    data = b""
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            data += file.read()
    plan: Dict[str, Any] = json.loads(gzip.decompress(data))
    return plan


class Driver:
    """plan: run, slots, rerun, known (see `caching`), and steps as `graph.to_json` gives them."""

    def __init__(self, objects: Objects, plan: Mapping[str, Any], me: str) -> None:
        self._objects, self._run = objects, str(plan["run"])
        # One that a signal may interrupt in the middle, and put something into.
        self._news: "queue.SimpleQueue[Change]" = queue.SimpleQueue()
        self._later: Deque[Callable[[], None]] = deque()
        self._left = False
        mine = "%s=%s,%s=%s" % (words.PIPELINE, self._run, words.PART, words.DRIVER)
        (job,), _ = patiently(lambda: objects.every("Job", mine))
        owner = owner_of(job)
        self._stop_by = job["metadata"].get("annotations", {}).get(words.STOP)
        steps = graph.from_json(plan["steps"])
        self._ledger = Ledger(objects, self._run, me, owner)
        self._runs = Runs(objects, steps, self._run, owner, self._done)
        self._services = Services(objects, steps, self._run, owner, self._done)
        self._walk = Walk(
            Engine(steps, plan["slots"]),
            self._ledger,
            Known(plan["known"]),
            Either(steps, self._runs, self._services),
            heard=self._heard,
            left=self._leave,
            later=self._later.append,
            rerun=plan["rerun"],
        )

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._news.put(_LEAVE))
        self._services.keep()
        self._walk.resume()
        for kind in ("Job", "Pod", "Deployment") if self._services else ("Job", "Pod"):
            threading.Thread(target=self._watch, args=(kind,), daemon=True).start()
        if self._stop_by:
            self._walk.stop(self._stop_by)
        self._later.append(self._walk.go)
        while self._walk.engine.ended is None and not self._left:
            self._turn()
        return exits.RUN_FAILED if self._left else exits.DONE

    # -- inside

    def _turn(self) -> None:
        """All that can be done now, then wait for news."""
        now = time.time()
        moments = [self._runs.look(now), self._services.look(now)]
        when = min((one for one in moments if one is not None), default=None)
        if self._later:
            self._later.popleft()()
            return
        if self._walk.engine.ended is not None:
            return
        try:
            kind, changed = self._news.get(timeout=_left(when))
        except queue.Empty:
            return
        if kind == "leave":
            self._left = True  # what runs goes on, and the next driver finds it
        elif kind == GONE:
            self._runs.gone(changed)
            self._services.gone(changed)
        elif kind == "Pod":
            self._runs.pod(changed)
        elif kind == "Deployment":
            self._services.deployment(changed)
        else:
            self._job(changed)

    def _job(self, job: Object) -> None:
        about = job["metadata"]
        if about["name"] != words.job(self._run):
            self._runs.job(job)
            return
        by = about.get("annotations", {}).get(words.STOP)
        if by:
            self._walk.stop(by)

    def _done(self, *said: Any) -> None:
        self._walk.done(*said)

    def _heard(self, fact: facts.Fact) -> None:
        event = facts.to_event(0, fact)
        said = {key: value for key, value in event.data.items() if key not in ("outputs", "items")}
        sys.stdout.write("%s %s\n" % (event.kind, json.dumps(said)))
        sys.stdout.flush()

    def _leave(self) -> None:
        self._left = True

    def _watch(self, kind: str) -> None:
        """In a thread: every object of this kind that is the pipeline's, as it is and becomes."""
        selector = "%s=%s" % (words.PIPELINE, self._run)
        while True:
            try:
                found, version = self._objects.every(kind, selector)
                for one in found:
                    self._news.put((kind, one))
                while True:
                    for how, one in self._objects.changes(kind, selector, version):
                        version = one["metadata"]["resourceVersion"]
                        self._news.put((GONE if how == GONE else kind, one))
            except (api.Unanswered, api.Denied) as error:
                sys.stderr.write("rankzero: watches %ss again: %s\n" % (kind, error))
                time.sleep(_AGAIN)


class Either:
    """See `driver.walk.Doer`: runs for most steps, services for those that are one."""

    outlives = True

    def __init__(self, steps: graph.Graph, runs: Runs, services: Services) -> None:
        self._steps, self._runs, self._services = steps, runs, services

    def begin(self, start: Start) -> None:
        self._of(start.part).begin(start)

    def stop(self, part: facts.Part, *, now: bool = False) -> None:
        self._of(part).stop(part, now=now)

    def _of(self, part: facts.Part) -> Union[Runs, Services]:
        return self._services if "service" in self._steps[part.step].body else self._runs


def _left(when: Optional[float]) -> Optional[float]:
    return None if when is None else max(0.0, when - time.time())
