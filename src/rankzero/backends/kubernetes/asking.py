"""What coordinators know of their runs at the moment: many at a time, for `list`."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.backends.base import RunInfo
from rankzero.backends.kubernetes import looking, state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import enter
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused

#: How many are asked at a time, and how long each may take to answer (seconds).
_AT_ONCE, _ANSWER = 16, 5.0


def infos(cluster: Cluster, runs: Iterable[Found]) -> list[RunInfo]:
    """These runs of the cluster's namespace, as they are at the moment; newest first."""
    runs = list(runs)
    known = histories(cluster, [one for one in runs if state.ending(one) is None])
    found = [state.listed(one, cluster.context, known.get(one.run)) for one in runs]
    short = [one for one, info in zip(runs, found, strict=True) if _incomplete(info)]
    standings = looking.standings(cluster, short, known)
    found = [replace(info, standing=standings.get(info.run)) for info in found]
    return sorted(found, key=lambda info: info.created, reverse=True)


def _incomplete(info: RunInfo) -> bool:
    """Whether it waits for nodes."""
    here, total = info.ready or (0, 0)
    return info.state in (ev.WAITING_STATE, ev.RESTARTING_STATE) and here < total


def histories(cluster: Cluster, runs: Iterable[Found]) -> dict[str, History]:
    """run -> its history, of those whose coordinator answers."""
    asked = [found for found in runs if found.listening]
    if not asked:
        return {}
    with ThreadPoolExecutor(min(_AT_ONCE, len(asked))) as pool:
        answers = list(pool.map(lambda found: history(cluster, found), asked))
    known = zip(asked, answers, strict=True)
    return {found.run: answer for found, answer in known if answer is not None}


def history(cluster: Cluster, found: Found) -> History | None:
    """None where its coordinator does not answer, or this user may not ask it."""
    try:
        with enter(cluster, found) as viewer:
            viewer.ask("history")
            answer = viewer.next(_ANSWER)
    except (Lost, TimeoutError, Refused):
        return None
    return History.from_json(answer["history"]) if answer["type"] == "history" else None
