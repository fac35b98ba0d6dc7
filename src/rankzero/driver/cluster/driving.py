"""The driver of a pipeline on a cluster: `python agent.zip drive`, the first process of its pod, or
a thread of somebody's command.

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
from rankzero.driver.cluster.healing import Healing
from rankzero.driver.cluster.jobs import owner_of
from rankzero.driver.cluster.ledger import Fenced, Ledger
from rankzero.driver.cluster.objects import GONE, InPod, Object, Objects, Patient, to_stderr
from rankzero.driver.cluster.seat import Seat
from rankzero.driver.cluster.serving import Services
from rankzero.driver.engine import Engine, Start
from rankzero.driver.walk import Walk

#: Before a watch that the API server has ended is begun again (seconds).
_AGAIN = 1.0
Change = Tuple[str, Object]
#: Changes that are none of the cluster's: that a driver is to leave what it drives to another one,
#: or to end it; and that it cannot watch any more.
_LEAVE, _STOP, _BROKEN = "leave", "stop", "broken"


def main() -> int:
    """Until the pipeline is over (0), or another driver is to go on with it (not 0)."""
    objects = InPod.of_pod(words.ACCOUNT, os.environ)
    plan = read_plan(words.PLAN_FOLDER)
    me = "%s/%.6f" % (os.environ.get("HOSTNAME", "driver"), time.time())
    try:
        driver = Driver(objects, plan, me, _print)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: driver.leave())
        return exits.DONE if driver.run() else exits.RUN_FAILED
    except Fenced as error:
        sys.stderr.write("rankzero: another driver has taken over (%s)\n" % error)
    except api.Denied as error:
        sys.stderr.write("rankzero: this driver may not do what it has to: %s\n" % error)
    except (api.Absent, api.Invalid) as error:
        sys.stderr.write("rankzero: this driver cannot go on: %s\n" % error)
    return exits.RUN_FAILED


def _print(fact: facts.Fact) -> None:
    event = facts.to_event(0, fact)
    said = {key: value for key, value in event.data.items() if key not in ("outputs", "items")}
    sys.stdout.write("%s %s\n" % (event.kind, json.dumps(said)))
    sys.stdout.flush()


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
    """plan: run, slots, rerun, known (see `caching`), and steps as `graph.to_json` gives them. me:
    names this driver, and no other one. heard: told of each fact. say: told what people should
    know by the way.

    Errors of all: api.Denied; api.Absent where the pipeline is gone.
    """

    def __init__(
        self,
        objects: Objects,
        plan: Mapping[str, Any],
        me: str,
        heard: Callable[[facts.Fact], None] = lambda fact: None,
        say: Callable[[str], None] = to_stderr,
    ) -> None:
        self._objects, self._run, self._say = Patient(objects, say), str(plan["run"]), say
        # One that a signal may interrupt in the middle, and put something into.
        self._news: "queue.SimpleQueue[Change]" = queue.SimpleQueue()
        self._later: Deque[Callable[[], None]] = deque()
        self._left = self._over = False
        job = self._first()
        owner, notes = owner_of(job), job["metadata"].get("annotations", {})
        self._stop_by = notes.get(words.STOP)
        self._seat = Seat(self._objects, job, me) if words.CLIENT in notes else None
        steps = graph.from_json(plan["steps"])
        self._ledger = Ledger(self._objects, self._run, me, owner)
        self._runs = Runs(self._objects, steps, self._run, owner, self._done)
        self._services = Services(self._objects, steps, self._run, owner, self._done)
        self._healing = Healing(self._objects, self._runs.part, self._note)
        self._walk = Walk(
            Engine(steps, plan["slots"]),
            self._ledger,
            Known(plan["known"]),
            Either(steps, self._runs, self._services),
            heard=heard,
            left=self._leave,
            later=self._later.append,
            rerun=plan["rerun"],
        )

    def run(self) -> bool:
        """Until the pipeline is over; False where it was left to another driver. Errors: also
        Fenced."""
        self._services.keep()
        self._walk.resume()
        if self._seat is not None:
            self._seat.take()
        for kind in ("Job", "Pod", "Deployment") if self._services.any else ("Job", "Pod"):
            threading.Thread(target=self._watch, args=(kind,), daemon=True).start()
        if self._stop_by:
            self._walk.stop(self._stop_by)
        self._later.append(self._walk.go)
        try:
            while self._walk.engine.ended is None and not self._left:
                self._turn()
        finally:
            self._over = True
        if self._seat is not None:
            (self._seat.leave if self._left else self._seat.end)()
        return not self._left

    def leave(self) -> None:
        """Let `run` return soon. What runs goes on, and the next driver finds it."""
        self._news.put((_LEAVE, {}))

    def stop(self, by: str) -> None:
        """End all that runs, and begin nothing more."""
        self._news.put((_STOP, {"by": by}))

    # -- inside

    def _turn(self) -> None:
        """All that can be done now, then wait for news."""
        now = time.time()
        looks = (self._runs, self._services, self._healing)
        moments = [one.look(now) for one in looks]
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
        if kind == _LEAVE:
            self._left = True
        elif kind == _STOP:
            self._walk.stop(changed["by"])
        elif kind == _BROKEN:
            raise changed["error"]
        elif kind == GONE:
            self._gone(changed)
        elif kind == "Pod":
            self._runs.pod(changed)
            self._healing.pod(changed)
        elif kind == "Deployment":
            self._services.deployment(changed)
        else:
            self._job(changed)

    def _job(self, job: Object) -> None:
        about = job["metadata"]
        if about["name"] != words.job(self._run):
            self._runs.job(job)
            return
        if self._seat is not None and self._seat.taken(job):
            self._ledger.check()
            self._seat.take()  # what was said there is not so
        by = about.get("annotations", {}).get(words.STOP)
        if by:
            self._walk.stop(by)

    def _gone(self, thing: Object) -> None:
        if thing["metadata"]["name"] == words.job(self._run):
            raise api.Absent("%s was deleted" % self._run)
        self._runs.gone(thing)
        self._services.gone(thing)
        self._healing.gone(thing)

    def _first(self) -> Object:
        selector = "%s=%s,%s=%s" % (words.PIPELINE, self._run, words.PART, words.DRIVER)
        found, _ = self._objects.every("Job", selector)
        if not found:
            raise api.Absent("the first Job of %s is gone" % self._run)
        return found[0]

    def _done(self, *said: Any) -> None:
        self._walk.done(*said)

    def _note(self, text: str) -> None:
        self._walk.note(text)

    def _leave(self) -> None:
        self._left = True

    def _watch(self, kind: str) -> None:
        """In a thread: every object of this kind that is the pipeline's, as it is and becomes."""
        selector = "%s=%s" % (words.PIPELINE, self._run)
        known: Dict[str, Object] = {}
        failed = 0
        while not self._over:
            try:
                found, version = self._objects.every(kind, selector)
                there = {one["metadata"]["name"]: one for one in found}
                for name in known.keys() - there.keys():  # while nobody looked
                    self._news.put((GONE, known[name]))
                known, failed = there, 0
                for one in found:
                    self._news.put((kind, one))
                while True:
                    began = time.monotonic()
                    for how, one in self._objects.changes(kind, selector, version):
                        version = one["metadata"]["resourceVersion"]
                        self._news.put((GONE if how == GONE else kind, one))
                        known[one["metadata"]["name"]] = one
                        if how == GONE:
                            del known[one["metadata"]["name"]]
                    if time.monotonic() - began < _AGAIN:  # something ends it at once
                        time.sleep(_AGAIN)
            except api.Invalid:  # its version is too old
                time.sleep(_AGAIN)
            except (api.Unanswered, api.Denied) as error:
                failed += 1
                if failed == 2:  # one that breaks, and goes on at once, is nothing to tell
                    self._say("cannot watch %ss: %s" % (kind, error))
                time.sleep(_AGAIN)
            except Exception as error:  # else the driver would wait for ever
                self._news.put((_BROKEN, {"error": error}))
                return


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
