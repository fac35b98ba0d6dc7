"""The outputs' way home, out of the pods that wait for whoever fetches them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from rankzero.backends.base import Fetching
from rankzero.backends.fetching import Names, NoFolder, fetch
from rankzero.backends.kubernetes import brought, state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import execute
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.backends.kubernetes.trouble import Unreachable
from rankzero.backends.viewer import Lost, Stream
from rankzero.errors import Refused

#: Before a cluster that cannot be reached is tried again (seconds).
_AGAIN = 1.0
#: In the folder, as long as something is missing.
_UNFINISHED = ".rankzero-unfinished"


def bring(
    cluster: Cluster,
    found: Found,
    pods: Iterable[Object],
    to: Path,
    *,
    over: bool,
    here: Collection[str] = (),
) -> Iterator[Fetching]:
    """Copy the first node's output folder here, and the others' with it where the job says so.
    over: whether the run was when this began; else more may come. here: see `state.holders`.

    Errors: Refused.
    """
    taken = Names()
    with _marked(to, found.run, over):
        for pod in state.holders(found, pods, here):

            def dial(pod: Object = pod) -> Stream:
                try:
                    return execute(cluster, found, pod, "outputs")
                except Unreachable as error:
                    time.sleep(_AGAIN)  # the way may be back by then
                    raise Lost(str(error.args[0])) from error

            yield from fetch(dial, to, state.node(pod), taken)


def bring_from(run: str, dial: Callable[[], Stream], to: Path) -> Iterator[Fetching]:
    """Copy a run's folder here, which the agent serves wherever that leads.

    Errors: Refused; NoFolder, and nothing is left here then.
    """
    try:
        with _marked(to, run, True):
            yield from fetch(dial, to)
    except NoFolder:
        (to / _UNFINISHED).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it was there before
            to.rmdir()
        raise


def here(to: Path, run: str) -> bool:
    """Whether everything of the run has come to this folder, and it was over by then."""
    complete = to.is_dir() and not (to / _UNFINISHED).exists()
    return complete and (to.name == run or brought.is_of(to, run))


@contextlib.contextmanager
def _marked(to: Path, run: str, over: bool) -> Iterator[None]:
    """The folder is unfinished until the block has come to its end, and the run has. Errors:
    Refused."""
    mark = to / _UNFINISHED
    brought.forget(to)
    with _refusing(to):
        to.mkdir(parents=True, exist_ok=True)
        mark.touch()
    yield
    if not over:
        return
    with _refusing(to):
        mark.unlink(missing_ok=True)
    if to.name != run:
        brought.note(to, run)


@contextlib.contextmanager
def _refusing(to: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"cannot write to {to}: {error.strerror}") from error
