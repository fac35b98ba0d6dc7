"""The Kubernetes backend: the protocol of `backends.base`, on a namespace of a cluster."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero.agent.healing.judging import word
from rankzero.agent.history import History, fold
from rankzero.backends.base import (
    Fetching,
    Helper,
    Item,
    LogBlock,
    LogQuery,
    RunInfo,
    Submission,
    ignore,
    output_volume,
)
from rankzero.backends.copying import copy
from rankzero.backends.home import FETCHED
from rankzero.backends.kubernetes import (
    asking,
    kept,
    looking,
    outputs,
    queueing,
    runs,
    state,
    staying,
    surplus,
    watching,
)
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import enter, release
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.reaching import reach
from rankzero.backends.kubernetes.remembered import remember
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.backends.kubernetes.trouble import Unreachable
from rankzero.backends.streams import Streams
from rankzero.backends.viewer import Lost
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import names
from rankzero.why.blocked import listed

if TYPE_CHECKING:
    from rankzero.agent.events import Event
    from rankzero.backends.description import Description
    from rankzero.backends.ports import Opened, Wanted
    from rankzero.backends.recovery import Held
    from rankzero.backends.spot import Spot
    from rankzero.backends.volumes import Volumes
    from rankzero.plan.model import Plan
    from rankzero.spec.model import Job
    from rankzero.why.seen import Seen

#: How long a coordinator may take to answer (seconds).
_ANSWER = 10.0
#: Until one that has cut the connection is asked again (seconds).
_AGAIN = 1.0


class KubernetesBackend:
    """Runs as pods. outputs: where those that come back are put, a folder a run."""

    name = "kubernetes"
    ends_with_caller = False

    def __init__(self, cluster: Cluster | None = None, outputs: Path | None = None) -> None:
        self._cluster = cluster or Cluster()
        self._outputs = outputs or FETCHED

    def plan(
        self,
        job: Job,
        *,
        preflight: bool = True,
        wait_for_nodes: bool = False,
        tell: Callable[[Fetching], None] = ignore,
    ) -> Plan:
        from rankzero.backends.kubernetes.compiling import compile_job
        from rankzero.backends.kubernetes.preflight import check

        plan = compile_job(self._cluster, job, tell)
        return check(self._cluster, plan, wait_for_nodes=wait_for_nodes) if preflight else plan

    def submit(
        self, plan: Plan, *, detach: bool, tell: Callable[[Fetching], None] = ignore
    ) -> Submission:
        from rankzero.backends.kubernetes.layering import deliver
        from rankzero.backends.kubernetes.submitting import submit

        if plan.code.layers is not None:
            deliver(plan.code.layers, tell)
        # Before there is anything: whatever becomes of this command, the run is found again.
        remember(self._cluster.context, self._cluster.namespace)
        submit(self._cluster, plan)
        home = self._home(plan.run, plan.job.outputs)
        return Submission(plan.run, None if plan.job.output_volume else home, None)

    def release(self, run: str) -> None:
        """Nothing: a run on a cluster goes on by itself."""

    def runs(self) -> list[RunInfo]:
        return asking.infos(self._cluster, runs.every(self._cluster))

    def run(self, run: str) -> RunInfo:
        found = runs.one(self._cluster, run)
        history = asking.history(self._cluster, found) if found.listening else None
        if history is not None:
            return state.info(found, self._cluster.context, history)
        history = fold(self._events(found))
        told = state.told(found)
        if history.final or not told.final:
            size = history.world_size or told.world_size
            by = history.stopped_by or told.stopped_by
            told = history._replace(world_size=size, stopped_by=by)
        return state.info(found, self._cluster.context, told)

    def events(self, run: str) -> list[Event]:
        return self._events(runs.one(self._cluster, run))

    def logs(self, run: str, query: LogQuery, helper: Helper | None = None) -> Iterator[LogBlock]:
        from rankzero.backends.kubernetes import lines

        return lines.up_to_now(self._cluster, run, query, helper)

    def watch(
        self, run: str, query: LogQuery, *, events_from: int = 1, fetch: bool = False
    ) -> Iterator[Item]:
        bring = self._bring_home if fetch else None
        known = fold(self.events(run)) if events_from > 1 else History()
        return watching.Watch(self._cluster, run, query, events_from, bring, known).items()

    def observe(self, run: str, history: History) -> Seen:
        return looking.look(self._cluster, runs.one(self._cluster, run), history)

    def agents(self, run: str) -> Iterator[tuple[str, str]]:
        runs.one(self._cluster, run)
        return looking.agents_said(self._cluster, run)

    def stop(self, run: str, *, grace: float | None = None) -> None:
        found = runs.one(self._cluster, run)
        self._remember_what_it_waits_for(found)
        while state.ending(found) is None:
            if not found.listening:
                self._stop_what_has_not_begun(found)
                return
            try:
                with enter(self._cluster, found) as viewer:
                    viewer.ask("stop", by="rankzero stop", grace=grace)
                    viewer.next(timeout=_ANSWER)
                queueing.give_back(self._cluster, found)
                surplus.let_go(self._cluster, found)
                return
            except TimeoutError as error:
                raise Refused(f"the coordinator of {run} does not answer") from error
            except Lost:
                with Observed(self._cluster, run) as live:  # it ends, or is replaced
                    live.wait(live.version, _AGAIN)
            found = runs.one(self._cluster, run)

    def delete(self, run: str) -> None:
        found = runs.one(self._cluster, run)
        # What its coordinator wrote last is there a second or more before the pods' own status.
        if state.ending(found) is None and not fold(self._events(found)).final:
            raise BadRequest(
                f"{run} is still {state.told(found).state}; nothing was deleted.",
                f"Stop it first: rankzero stop {run}",
            )
        self._cluster.delete("Job", found.job["metadata"]["name"])

    def outputs(
        self,
        run: str,
        to: Path | None = None,
        tell: Callable[[Fetching], None] = ignore,
        helper: Helper | None = None,
    ) -> Path:
        if helper is not None and helper.volume is not None:
            return staying.copy(self._cluster, run, to or self._home(run, None), tell, helper)
        found = runs.one(self._cluster, run)
        home = self._home(run, found.plan.get("job", {}).get("outputs"))
        if output_volume(found.plan) is not None:
            return staying.copy(self._cluster, run, to or home, tell, helper)
        if outputs.here(home, run):
            return home if to is None else copy(home, to)
        if found.listening:
            # Its coordinator knows of the end a second or more before the pods' own status does.
            history = fold(self._events(found))
            over = state.ending(found) is not None or history.final
            pods, here = self._pods(found), looking.here(history)
            for told in outputs.bring(self._cluster, found, pods, to or home, over=over, here=here):
                tell(told)
            release(self._cluster, found)
            return to or home
        raise Refused(
            f"the outputs of {run} are gone: its pods have ended.",
            "An attached run brings them back when it ends.",
        )

    def submitted(self, run: str) -> Mapping[str, Any]:
        return runs.one(self._cluster, run).plan

    def execute(
        self, run: str, spot: Spot, command: Sequence[str], streams: Streams | None = None
    ) -> int:
        from rankzero.backends.kubernetes import executing

        at = reach(self._cluster, run, spot)
        return executing.execute(self._cluster, at, spot.rank, command, streams or Streams())

    def forward(
        self,
        run: str,
        spot: Spot,
        wanted: Sequence[Wanted],
        address: str,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        from rankzero.backends.kubernetes.forwarding import Forwarding, Node

        to = Node(self._cluster, run, spot)
        Forwarding(self._cluster, to, on_open, note).serve(wanted, address)

    def describe(self, name: str, node: str | None = None) -> Description:
        from rankzero.backends.kubernetes import describing

        return describing.describe(self._cluster, name, node)

    def volumes(self) -> Volumes:
        from rankzero.backends.kubernetes.claims import ClusterVolumes

        return ClusterVolumes(self._cluster)

    def recover(self, run: str, *, dry_run: bool = False) -> list[Held]:
        from rankzero.backends.kubernetes import recovering

        found = runs.one(self._cluster, run)
        silent: frozenset[str] = frozenset()
        with contextlib.suppress(Refused):  # the coordinator's own machine may be the dead one
            silent = word(self.run(run).history).silent
        pods = self._pods(found)
        return recovering.recover(self._cluster, pods, time.time(), silent, dry_run=dry_run)

    # -- inside

    def _home(self, run: str, named: str | None) -> Path:
        return Path(named) if named else self._outputs.absolute() / run

    def _bring_home(self, found: Found, pods: Sequence[Object]) -> Iterator[Item]:
        """What lies on a volume stays there."""
        if output_volume(found.plan) is not None:
            return iter(())
        home = self._home(found.run, found.plan["job"].get("outputs"))
        return outputs.bring(self._cluster, found, pods, home, over=True)

    def _pods(self, found: Found) -> list[Object]:
        return list(self._cluster.every("Pod", f"{names.RUN}={found.run}")["items"])

    def _remember_what_it_waits_for(self, found: Found) -> None:
        """Of a run that is to be stopped: its pods take with them what is wrong with them."""
        with contextlib.suppress(Refused):  # to stop it matters more
            stands = looking.standings(self._cluster, [found], {})[found.run]
            troubles = [(nodes, at.text) for nodes, at in stands.grouped() if at.trouble]
            if troubles and state.ending(found) is None:
                words = "; ".join(f"{listed(nodes)}: {text}" for nodes, text in troubles)
                change = {"metadata": {"annotations": {names.WAITED: words}}}
                self._cluster.patch("Job", found.job["metadata"]["name"], change)

    def _stop_what_has_not_begun(self, found: Found) -> None:
        """Without a coordinator there is nobody to ask: the Jobs ask for no pods any more, which
        ends those they have."""
        notes = {"annotations": {names.STOPPED: "rankzero stop"}}
        jobs = self._cluster.every("Job", f"{names.RUN}={found.run}")["items"]
        # The first Job says that the run was stopped, so it comes last: where this is cut off
        # before, what is left is still to be stopped.
        for job in sorted(jobs, key=lambda job: names.PART in job["metadata"]["labels"]):
            change = {"metadata": notes, "spec": queueing.ended(job)}
            self._cluster.patch("Job", job["metadata"]["name"], change)

    def _events(self, found: Found) -> list[Event]:
        told: list[Event] = []
        with contextlib.suppress(Unreachable):  # the coordinator's machine may be gone
            told = kept.events(self._cluster, found)
        told = told or [kept.submitted(found)]
        if state.ending(found) is not None and not fold(told).final:
            told.append(kept.last(found, told[-1].seq + 1))
        return told
