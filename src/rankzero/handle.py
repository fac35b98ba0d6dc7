"""`rankzero.run(...)`: the same street as the command line, from Python."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero import backends, why
from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.backends.base import (
    Awaited,
    Fetching,
    Helper,
    LogBlock,
    LogQuery,
    ignore,
    output_volume,
)
from rankzero.backends.facts import facts
from rankzero.errors import BadRequest, RunFailed, RunStopped
from rankzero.why.seen import Seen

if TYPE_CHECKING:
    from rankzero.backends.base import Backend
    from rankzero.plan.model import Plan

_NO_RANKS = LogQuery(ranks=frozenset())


class Result(NamedTuple):
    """How a run ended.

    state: `succeeded`, `failed` or `stopped`. elapsed, first_step: seconds since the submission
    (first_step is None where the script took no step that could be seen). outputs: None where they
    stay on a volume, from where `Handle.outputs` fetches them.
    report: the last values that the script reported. cause: the first failure as recorded.
    """

    state: str
    outputs: Path | None
    elapsed: float | None
    first_step: float | None
    restarts: int
    report: Mapping[str, Any]
    cause: Mapping[str, Any] | None


class Handle:
    """A submitted run. As a context manager it waits at the end of the block, and stops the run
    where the block was left by an exception."""

    def __init__(self, backend: Backend, run: str) -> None:
        self.id = run
        self._backend = backend
        self._watcher: threading.Thread | None = None
        self._trouble: BaseException | None = None
        self._seen = Seen()

    def __repr__(self) -> str:
        return f"<rankzero run {self.id}>"

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.wait()
            return
        if self._history().final:
            return
        self.stop()
        self._until_end(None)

    @property
    def status(self) -> str:
        """`waiting`, `running`, `restarting`, `stopping`, `succeeded`, `failed` or `stopped`."""
        return self._history().state

    @property
    def result(self) -> Result:
        """How it ended, also badly. Errors: BadRequest while it has not ended."""
        history = self._history()
        if not history.final:
            raise BadRequest(f"{self.id} is still {history.state}: it has no result yet.", "wait()")
        return _result(history, self._brought)

    @property
    def outputs(self) -> Path:
        """The folder with what the run wrote for its user; fetched where it lies elsewhere."""
        return self._backend.outputs(self.id, helper=Helper())

    @property
    def _brought(self) -> Path | None:
        """Where the outputs are by now; what stays on a volume is fetched where that is asked
        for."""
        kept = output_volume(self._backend.submitted(self.id))
        return self.outputs if kept is None else None

    def wait(self, timeout: float | None = None) -> Result:
        """Wait until it has ended; timeout is in seconds.

        Errors: RunFailed, whose message is the `why`; RunStopped; TimeoutError, after which the
        run goes on.
        """
        self._until_end(timeout)
        history = self._history()
        if history.state == ev.SUCCEEDED:
            return _result(history, self._brought)
        kind = RunStopped if history.state == ev.STOPPED else RunFailed
        raise kind(self.why())

    def why(self) -> str:
        """Why it failed, waits or stopped: the cause, the evidence, the remedy."""
        return why.message(facts(self._backend, self.id, self._history(), seen=self._seen))

    def logs(self, rank: int | None = None, follow: bool = False) -> Iterator[tuple[int, str]]:
        """(rank, line) of one rank or of all; with follow, as they come until the run has ended.

        Bytes that are no UTF-8 are spelt out as `\\xff`.
        """
        query = LogQuery(ranks=None if rank is None else frozenset((rank,)))
        watch, logs = self._backend.watch, self._backend.logs
        for item in watch(self.id, query) if follow else logs(self.id, query, Helper()):
            if isinstance(item, LogBlock):
                for line in item.data.removesuffix(b"\n").split(b"\n"):
                    yield item.rank, line.decode("utf-8", "backslashreplace")

    def events(self) -> list[ev.Event]:
        """Its history up to now."""
        return self._backend.events(self.id)

    def stop(self, grace: float | None = None) -> None:
        """Ask it to end; returns at once. grace: seconds between SIGTERM and SIGKILL."""
        self._backend.stop(self.id, grace=grace)

    def _history(self) -> History:
        return self._backend.run(self.id).history

    def _until_end(self, timeout: float | None) -> None:
        """A thread watches, so that a timeout costs no polling and leaves nothing half read."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        self._watcher.join(timeout)
        if self._watcher.is_alive():
            raise TimeoutError(f"{self.id} is still {self.status} after {timeout:g} s")
        if self._trouble is not None:
            self._watcher, trouble, self._trouble = None, self._trouble, None
            raise trouble

    def _watch(self) -> None:
        try:
            for item in self._backend.watch(self.id, _NO_RANKS, fetch=True):
                if isinstance(item, Awaited):
                    self._seen = item.standing.seen
        except BaseException as trouble:  # told to whoever waits
            self._trouble = trouble


def run(
    target: str | os.PathLike[str] | None = None,
    *,
    module: str | None = None,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    on: str | None = None,
    context: str | None = None,
    namespace: str | None = None,
    detach: bool = False,
    params: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    preflight: bool = True,
    wait_for_nodes: bool = False,
    **options: Any,  # noqa: ANN401
) -> Handle:
    """Submit a job and return at once with its handle.

    target: a script or a job file; or else `module`, or `command` (argv).
    args: what the script gets. on: a backend or a profile (by default RANKZERO_ON, what the
    configuration says, or `local`). context, namespace: of a cluster, by the kubeconfig's names.
    detach: let the run go on when this process ends. params: values of the job's parameters.
    preflight: check beforehand what would keep it from running. wait_for_nodes: submit also where
    no node could run it yet.
    options: the same names and meanings as those of `rankzero run`: nodes, nproc, gpus, cpu,
    memory, image, framework, backend, port, timeout, max_restarts, env, name, workdir, outputs,
    python, wait, grace, log_keep, spares, log_volume, output_volume; and, as in a job file,
    node_selector, tolerations, volumes, shm, secrets, env_from, pull_secrets, registry, user,
    priority_class, queue, service_account, api, self_heal, isolate, pod, ttl, keep_outputs.
    Errors: BadRequest, before anything was created; Refused.
    """
    _check(target, {"command": command, "args": args}, {"params": params, "labels": labels})
    backend, plan = prepare(
        None if target is None else os.fspath(target),
        module=module,
        command=command,
        args=args,
        where=backends.Where(on, context, namespace),
        sets=[f"{name}={value}" for name, value in (params or {}).items()],
        labels=labels,
        options=options,
        dashes=False,
        preflight=preflight,
        wait_for_nodes=wait_for_nodes,
    )
    submission = backend.submit(plan, detach=detach)
    return Handle(backend, submission.run)


def _check(target: object, lists: Mapping[str, object], tables: Mapping[str, object]) -> None:
    """The mistakes that a type checker would have told. Errors: BadRequest."""
    path = os.fspath(target) if isinstance(target, os.PathLike) else target
    if path is not None and not isinstance(path, str):
        got = f"{type(target).__name__} {getattr(target, '__name__', _shown(target))}"
        hint = 'As in run("train.py"), run(module="package.train") or run(command=["echo", "hi"]).'
        if callable(target):
            hint = 'Ranks are processes of their own: put it into a script, and run("train.py").'
        raise BadRequest(f"run takes the path of a script or a job file; got the {got}.", hint)
    for name, words in lists.items():
        if isinstance(words, (str, bytes)) or not isinstance(words, Sequence):
            example = f'{name}=["--epochs", "3"]' if name == "args" else f'{name}=["echo", "hi"]'
            raise BadRequest(f"{name} takes a list of words; got {_shown(words)}.", example)
    for name, pairs in tables.items():
        if pairs is not None and not isinstance(pairs, Mapping):
            example = f'{name}={{"name": "value"}}'
            raise BadRequest(f"{name} takes a mapping; got {_shown(pairs)}.", example)


def _shown(thing: object) -> str:
    text = repr(thing)
    return text if len(text) <= 80 else text[:79] + "…"


def prepare(
    target: str | None,
    *,
    module: str | None = None,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    where: backends.Where = backends.ANYWHERE,
    sets: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    dashes: bool = True,
    preflight: bool = True,
    wait_for_nodes: bool = False,
    tell: Callable[[Fetching], None] = ignore,
) -> tuple[Backend, Plan]:
    """Everything up to the plan; creates nothing. The command line and `run` both go this way.

    Options that are None were not given; dashes: errors name them `--max-restarts`. tell: how far a
    large folder is packed.
    Errors: BadRequest with every problem; Refused.
    """
    from rankzero.spec import from_target

    config = backends.config()
    name, place = backends.to_run(where, config)
    job = from_target(
        target,
        module=module,
        command=command,
        args=args,
        options=options,
        sets=sets,
        labels=labels,
        dashes=dashes,
        defaults=config.defaults_at(name),
    )
    backend = backends.at(place)
    plan = backend.plan(job, preflight=preflight, wait_for_nodes=wait_for_nodes, tell=tell)
    return backend, plan


def _result(history: History, outputs: Path | None) -> Result:
    start = history.submitted

    def since(moment: float | None) -> float | None:
        return None if moment is None or start is None else moment - start

    return Result(
        state=history.state,
        outputs=outputs,
        elapsed=since(history.finished),
        first_step=since(history.first_step),
        restarts=history.restarts,
        report=history.report,
        cause=history.cause,
    )
