"""A service's program ends again and again, or was ended by its own probe."""

from __future__ import annotations

from rankzero.agent.server import NO_MODEL
from rankzero.driver.cluster.deployments import said_of
from rankzero.why.blocked import Trouble
from rankzero.why.seen import Pod, Seen
from rankzero.why.words import signal_name

_LINES = 5
_HERE = "rankzero serve FILE.py:CLASS --model MODEL --check"
#: What a server says of its own lines, which are not here.
_ELSEWHERE = "The whole traceback is in the line"
#: After so many tries a predictor that cannot be loaded is taken for one that never will be.
_VAIN = 2


def look(pod: Pod, seen: Seen) -> Trouble | None:
    ended = pod.ended
    if ended is None or pod.ready or ended.code is None:
        return None
    if pod.running and pod.restarts == 0:
        return None
    lines = tuple(line.rstrip() for line in ended.message.splitlines() if line.strip())
    dead = pod.heard("Unhealthy")
    if dead is not None and dead.message.startswith("Liveness"):
        text = f"is restarted because it does not answer: {dead.message}"
        remedy = "give it more time or processors (--cpu), or another path (--live)"
        return Trouble("server-hangs", text, remedy, lines[-_LINES:])
    missing = said_of(lines, NO_MODEL)
    if missing:
        text = f"its model is not where it was said to be: {missing['message']}"
        remedy = "put it there: rankzero volume put, or name another path: --model"
        return Trouble("no-model", text, remedy, hopeless=True)
    failed = said_of(lines, "load-failed")
    if failed:
        told = tuple(line for line in lines if not line.startswith(("{", _ELSEWHERE)))
        vain = pod.restarts >= _VAIN
        text = f"its predictor cannot be loaded: {failed.get('type')}: {failed.get('message')}"
        remedy = f"try it here: {_HERE}"
        return Trouble("load-failed", text, remedy, told[-_LINES:], hopeless=vain)
    again = f", {pod.restarts} times by now" if pod.restarts > 1 else ""
    if ended.code == 0:
        text = f"its program ends by itself, with code 0{again}"
        return Trouble("server-ended", text, "a service has to go on: what follows -- must listen")
    how = signal_name(ended.code - 128) if ended.code > 128 else f"code {ended.code}"
    last = f": {lines[-1]}" if lines else ""
    text = f"its program ended with {how}{again}{last}"
    remedy = f"see all that it said: rankzero serve logs {seen.run}"
    return Trouble("server-ended", text, remedy, lines[-_LINES:])
