"""A run that heals itself: its coordinator takes pods from dead machines.

Only as long as a node is missed does anybody ask the API server. The asking blocks, so it happens
in a thread; what came of it is told in the loop.
"""

import os
import time
from typing import Callable, Dict, Iterator, List, NamedTuple

from rankzero.agent import events as ev
from rankzero.agent.config import AgentConfig
from rankzero.agent.healing import pods
from rankzero.agent.healing.api import Api, Denied, Unanswered
from rankzero.agent.healing.judging import ABOUT_NODES, Verdict, Word, judge, unasked, word
from rankzero.agent.history import History, fold
from rankzero.agent.loop import Loop

#: How long one look waits for the pods to change (seconds): the next one goes on.
_LOOK = 30
#: Before the next look: at least, for each lists all pods and any change of any of them ends it;
#: after the API server did not answer; and after it denied (seconds).
_PACE, _AGAIN, _DENIED = 1.0, 5.0, 60.0


class Look(NamedTuple):
    """What came of one look. freed: node -> the machine that it was taken from."""

    freed: Dict[str, str]
    trouble: str
    pause: float


class Healer:
    """The coordinator's. tell: with a line for the history."""

    def __init__(self, loop: Loop, config: AgentConfig, tell: Callable[[str], None]) -> None:
        assert config.account is not None
        self._loop, self._run, self._tell = loop, config.run, tell
        self._api = Api.of_pod(config.account, os.environ)
        self._history = History()
        self._word = Word()
        self._looking = False
        self._told = ""

    def happened(self, event: ev.Event) -> None:
        """An event of the run's history."""
        if event.kind == ev.ENDING:
            self._word = Word()
        elif event.kind in ABOUT_NODES:
            self._history = fold([event], self._history)
            self._word = word(self._history)
            self._look()

    def _look(self) -> None:
        if self._looking or not self._word.missed:
            return
        try:
            self._loop.elsewhere(self._seek, self._sought)
            self._looking = True
        except OSError:  # no thread is left at the moment
            self._loop.after(_AGAIN, self._look)

    def _sought(self, look: Look) -> None:
        for node, machine in look.freed.items():
            self._tell(
                "machine %s is dead: took %s from it, so that it starts elsewhere" % (machine, node)
            )
        if look.trouble and look.trouble != self._told:
            self._tell("cannot take nodes from dead machines: %s" % look.trouble)
        self._told = look.trouble
        self._loop.after(look.pause, self._again)

    def _again(self) -> None:
        self._looking = False
        self._look()

    # -- in a thread

    def _seek(self) -> Look:
        freed: Dict[str, str] = {}
        trouble, pause = "", _PACE
        try:
            for pod in seek(self._api, self._run, lambda: self._word):
                freed[pods.node(pod)] = pods.machine(pod)
        except Denied as error:
            trouble = "%s. Who may: rankzero recover %s" % (error, self._run)
            pause = _DENIED
        except Unanswered as error:
            trouble, pause = str(error), _AGAIN
        except (KeyError, TypeError, ValueError) as error:
            trouble, pause = "the API server's answer makes no sense: %r" % error, _AGAIN
        return Look(freed, trouble, pause)


def seek(api: Api, run: str, said: Callable[[], Word]) -> Iterator[pods.Object]:
    """Release what is certain, pod by pod; where nothing is, wait until that may have changed.
    said: the coordinator's word at the moment. Errors: Denied, Unanswered, also after some pods."""
    verdicts: List[Verdict] = []
    version = ""
    for version, some in api.pages(run):  # noqa: B007 - the last one is used below
        verdicts += judge(some, time.time(), None, said().silent)
    mine = [one for one in verdicts if pods.node(one.pod) in said().missed]
    sure = unasked(mine)
    for one in sure:
        if api.release(one.pod):
            yield one.pod
    if not sure:
        due = [one.when - time.time() for one in mine if one.given_up and one.when is not None]
        api.changed(run, version, int(max(1.0, min([_LOOK, *due]))))
