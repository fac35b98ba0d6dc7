"""The local backend: the protocol of `backends.base`, on this machine's processes and disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero.agent.events import FAILED
from rankzero.agent.history import History
from rankzero.backends.base import (
    Fetching,
    Helper,
    Item,
    LogBlock,
    LogQuery,
    RunInfo,
    Submission,
    ignore,
)
from rankzero.backends.copying import copy
from rankzero.backends.local.dialling import Pauses, dial
from rankzero.backends.local.folder import RunFolder, Runs
from rankzero.backends.local.watch import Watch
from rankzero.backends.streams import Streams
from rankzero.backends.viewer import Lost
from rankzero.errors import BadRequest, Refused, UnknownRun
from rankzero.why.seen import Seen

if TYPE_CHECKING:
    # Only a new run needs a job and a plan, and with them pydantic: looking at runs does not.
    from rankzero.agent.events import Event
    from rankzero.backends.description import Description
    from rankzero.backends.local.lifeline import Lifeline
    from rankzero.backends.ports import Opened, Wanted
    from rankzero.backends.recovery import Held
    from rankzero.backends.spot import Spot
    from rankzero.backends.volumes import Volumes
    from rankzero.plan.model import Plan
    from rankzero.spec.model import Job


#: How long a coordinator may take to confirm that it stops the run (seconds).
STOP_WAIT = 10.0


class LocalBackend:
    """Runs as processes of this user. home: where their folders are (default: XDG's state)."""

    name = "local"
    ends_with_caller = True

    def __init__(self, home: Path | None = None) -> None:
        self._runs = Runs(home)
        self._lifelines: dict[str, Lifeline] = {}

    def plan(
        self,
        job: Job,
        *,
        preflight: bool = True,
        wait_for_nodes: bool = False,
        tell: Callable[[Fetching], None] = ignore,
    ) -> Plan:
        """Errors: Refused, with everything that this machine lacks for the job. It gets no nodes
        that one could wait for, and nothing is packed or sent."""
        from rankzero.backends.local.compiling import compile_job

        return compile_job(self._runs, job, checked=preflight)

    def submit(
        self, plan: Plan, *, detach: bool, tell: Callable[[Fetching], None] = ignore
    ) -> Submission:
        from rankzero.backends.local.launch import launch

        folder, lifeline = launch(self._runs, plan, detach=detach)
        if lifeline is not None:
            self._lifelines[plan.run] = lifeline
        return Submission(plan.run, Path(plan.agents[0].outputs), folder.logs)

    def release(self, run: str) -> None:
        lifeline = self._lifelines.pop(run, None)
        if lifeline is not None:
            lifeline.release()

    def runs(self) -> list[RunInfo]:
        infos = [self._info(folder) for folder in self._runs]
        return sorted(infos, key=lambda info: info.created, reverse=True)

    def run(self, run: str) -> RunInfo:
        return self._info(self._folder(run))

    def events(self, run: str) -> list[Event]:
        return self._folder(run).events()

    def logs(self, run: str, query: LogQuery, helper: Helper | None = None) -> Iterator[LogBlock]:
        _no_volumes(run, helper)
        return Watch(self._folder(run), query).kept()

    def watch(
        self, run: str, query: LogQuery, *, events_from: int = 1, fetch: bool = False
    ) -> Iterator[Item]:
        return Watch(self._folder(run), query, events_from).items()

    def stop(self, run: str, *, grace: float | None = None) -> None:
        folder = self._folder(run)
        pauses = Pauses()
        while not folder.history().final:
            try:
                with dial(folder, pauses) as viewer:
                    viewer.ask("stop", by="rankzero stop", grace=grace)
                    viewer.next(timeout=STOP_WAIT)
                    return
            except TimeoutError as error:
                raise Refused(
                    f"the coordinator of {run} does not answer",
                    f"Its processes are named in {folder.events_file}; is one stopped?",
                ) from error
            except Lost:
                # The coordinator has just ended, or is being replaced: the history tells.
                continue

    def delete(self, run: str) -> None:
        """Errors: BadRequest for a run that has not ended, Refused where the disk says no."""
        folder = self._folder(run)
        state = folder.history() if folder.alive() else None
        if state is not None and not state.final:
            raise BadRequest(
                f"{run} is still {state.state}; nothing was deleted.",
                f"Stop it first: rankzero stop {run}",
            )
        folder.lock.wait()
        try:
            # Under another name first: a deletion cut short leaves no half of a run.
            gone = folder.path.with_name(f".deleted-{run}-{os.getpid()}")
            folder.path.rename(gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise Refused(f"cannot delete {folder.path}: {error.strerror}") from error

    def outputs(
        self,
        run: str,
        to: Path | None = None,
        tell: Callable[[Fetching], None] = ignore,
        helper: Helper | None = None,
    ) -> Path:
        _no_volumes(run, helper)
        source = Path(self._folder(run).plan()["nodes"][0]["outputs"])
        return source if to is None else copy(source, to)

    def observe(self, run: str, history: History) -> Seen:
        return Seen()

    def agents(self, run: str) -> Iterator[tuple[str, str]]:
        return self._folder(run).agents_said()

    def submitted(self, run: str) -> Mapping[str, Any]:
        return self._folder(run).plan()

    def execute(
        self, run: str, spot: Spot, command: Sequence[str], streams: Streams | None = None
    ) -> int:
        from rankzero.backends.local import entering

        return entering.execute(self._folder(run), spot, command, streams or Streams())

    def forward(
        self,
        run: str,
        spot: Spot,
        wanted: Sequence[Wanted],
        address: str,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        from rankzero.backends.local.ports import there

        for opened in there(self._folder(run), spot, wanted, address):
            on_open(opened)

    def describe(self, name: str, node: str | None = None) -> Description:
        from rankzero.backends.local import describing

        return describing.describe(self._folder(name), node)

    def volumes(self) -> Volumes:
        from rankzero.backends.local.volumes import LocalVolumes

        return LocalVolumes(self._runs.path.parent)

    def recover(self, run: str, *, dry_run: bool = False) -> list[Held]:
        """Nothing: this machine is not dead, and the run's supervisor starts dead agents again."""
        self._folder(run)
        return []

    # -- inside

    def _folder(self, run: str) -> RunFolder:
        folder = self._runs.folder(run)
        if not run or os.path.sep in run or run.startswith(".") or not folder.exists:
            raise UnknownRun(f'There is no run "{run}".', "See them all: rankzero list")
        return folder

    def _info(self, folder: RunFolder) -> RunInfo:
        try:
            plan, history = folder.plan(), folder.history()
            return RunInfo(
                run=folder.run,
                name=plan["job"]["name"],
                where=plan["where"],
                created=history.submitted or folder.path.stat().st_mtime,
                labels=plan["job"]["labels"],
                history=_sized(history, plan),
            )
        except (Refused, OSError) as error:
            return _unreadable(folder, error)


def _no_volumes(run: str, helper: Helper | None) -> None:
    """Errors: BadRequest for what only a cluster has."""
    if helper is not None and helper.volume is not None:
        raise BadRequest(
            f"This machine has no volume {helper.volume}.",
            f"Where {run} ran on a cluster, say which: --on kubernetes, or a profile",
        )


def _unreadable(folder: RunFolder, error: Exception) -> RunInfo:
    """A run whose plan a crash of the machine tore: it can still be seen, and deleted."""
    message = str(error.args[0])
    created = folder.path.stat().st_mtime
    history = History(state=FAILED, cause={"kind": "unreadable", "message": message})
    name = folder.run.rpartition("-")[0]
    return RunInfo(folder.run, name, "local", created, {}, history)


def _sized(history: History, plan: Mapping[str, Any]) -> History:
    """With the world size that was asked for, as long as no generation says another."""
    if history.world_size:
        return history
    return history._replace(world_size=sum(int(node["nproc"]) for node in plan["nodes"]))
