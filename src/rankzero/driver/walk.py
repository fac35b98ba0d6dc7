"""A pipeline's walk: the engine's actions made facts, each written before it counts.

Whoever drives it gives a ledger (what is durable), a cache, and a doer (who does the parts).
"""

import time
from typing import (
    Callable,
    Dict,
    Iterable,
    Mapping,
    NamedTuple,
    Optional,
    Protocol,
    Set,
)

from rankzero.driver import engine as do
from rankzero.driver import facts
from rankzero.driver.facts import Output, Part
from rankzero.driver.keys import key

#: So much is begun, or found in the cache, before others have their turn.
_AT_ONCE = 100


#: So often a part may be lost with its machine; then there is more to it.
_MOST_LOST = 5


class Ledger(Protocol):
    """Facts that outlive whoever wrote them. Errors of all: OSError."""

    def read(self) -> Iterable[facts.Fact]:
        """All of them, in order."""

    def append(self, fact: facts.Fact) -> None:
        """Durable against a crash of this process when it returns."""


class Cache(Protocol):
    """What parts of any pipeline handed on, by their content keys."""

    def find(self, key: str) -> Optional[Mapping[str, Output]]:
        """Outputs that are all still there; else None."""

    def keep(self, key: str, step: str, outputs: Mapping[str, Output]) -> None:
        """For later parts with this key. It may come to nothing: all that is lost is time."""

    def flush(self) -> None:
        """Do now what `keep` may have put off; nothing more comes."""


class Result(NamedTuple):
    """How an attempt ended: its outputs, or why not. final: no other attempt would end better.
    lost: it was taken from it, by a machine that died or a drain, and says nothing of the step."""

    outputs: Optional[Mapping[str, Output]] = None
    cause: str = ""
    code: Optional[int] = None
    final: bool = False
    lost: bool = False


class Doer(Protocol):
    """Does parts. It reports each one's end by `Walk.done`, after `begin` has returned.

    outlives: whether what it has begun goes on without it, and is found again by another one that
    begins the same attempt.
    """

    @property
    def outlives(self) -> bool: ...

    def begin(self, start: do.Start) -> None: ...

    def stop(self, part: Part, *, now: bool = False) -> None:
        """End it soon, or at once; its end is still reported."""


class Walk:
    """One pipeline from where its ledger stands to its end.

    heard: told of each fact. left: called when all was left as it stands, for another driver to
    go on with. later: calls something once others had their turn. rerun: steps whose parts are
    not taken from the cache.
    """

    def __init__(
        self,
        engine: do.Engine,
        ledger: Ledger,
        cache: Cache,
        doer: Doer,
        heard: Callable[[facts.Fact], None] = lambda fact: None,
        left: Callable[[], None] = lambda: None,
        later: Callable[[Callable[[], None]], None] = lambda call: call(),
        rerun: Iterable[str] = (),
    ) -> None:
        self.engine = engine
        self._ledger, self._cache, self._doer = ledger, cache, doer
        self._heard, self._left, self._later = heard, left, later
        self._rerun = frozenset(rerun)
        self._keys: Dict[Part, str] = {}
        #: Who asked to stop; empty where it is only left; None while it goes on.
        self._ending: Optional[str] = None
        self._noted: Set[str] = set()
        self._lost: Dict[Part, int] = {}

    def resume(self) -> None:
        """Take what the ledger knows. What was under way when it was left goes on where it can,
        and else is done again."""
        for fact in self._ledger.read():
            self.engine.take(fact)
        for part, attempt in list(self.engine.running.items()):
            if self._doer.outlives:
                start = self.engine.again(part)
                self._keys[part] = key(self.engine.steps[part.step].step, start)
                self._doer.begin(start)
            else:
                self._tell(facts.Dropped(part, attempt, time.time()))

    def go(self) -> None:
        """Begin all that can begin now."""
        if self._ending is not None:
            if not self.engine.running and self.engine.ended is None:
                self._end(self._ending)
            return
        for count, action in enumerate(self.engine.due()):
            self._do(action)
            if count == _AT_ONCE:
                self._later(self.go)
                return

    def done(self, part: Part, attempt: int, result: Result) -> None:
        """An attempt's end, from the doer."""
        now = time.time()
        made = self._keys.pop(part, "")
        if result.outputs is not None:
            if made:
                self._cache.keep(made, part.step, result.outputs)
            self._tell(facts.Committed(part, now, result.outputs, key=made))
        elif self._ending is not None or (result.lost and self._may_lose(part)):
            self._tell(facts.Dropped(part, attempt, now))
        else:
            fact = facts.Broke(part, attempt, now, result.cause, result.code, result.final)
            self._tell(fact)
        self.go()

    def _may_lose(self, part: Part) -> bool:
        """Whether a part may be lost once more without that being a failure."""
        self._lost[part] = self._lost.get(part, 0) + 1
        return self._lost[part] <= _MOST_LOST

    def stop(self, by: str, *, now: bool = False) -> None:
        """End all that runs, and begin nothing more; then it is over. now: without a grace."""
        self._wind_up(by, now)

    def leave(self) -> None:
        """End all that runs, and begin nothing more; it is not over, and can be resumed."""
        self._wind_up("", False)

    def note(self, text: str) -> None:
        """Tell something once."""
        if text not in self._noted and self.engine.ended is None:
            self._noted.add(text)
            self._tell(facts.Noted(text, time.time()))

    # -- inside

    def _wind_up(self, by: str, now: bool) -> None:
        """Who asks for the end of one that is only left has it; nobody takes that back."""
        if self.engine.ended is not None or (self._ending is not None and not now):
            return
        self._ending = self._ending or by
        for part in list(self.engine.running):
            self._doer.stop(part, now=now)
        self.go()

    def _end(self, by: str) -> None:
        """Nothing runs any more, and nothing is to begin."""
        if not by:
            self._left()
            return
        failed = self.engine.why()
        why = "%s; then it was stopped by %s" % (failed, by) if failed else by
        self._finish(facts.FAILED if failed else facts.STOPPED, why)

    def _finish(self, state: str, why: str) -> None:
        self._cache.flush()  # it may have something to say
        self._tell(facts.Finished(state, time.time(), why))

    def _do(self, action: do.Action) -> None:
        now = time.time()
        if isinstance(action, do.Start):
            self._begin(action, now)
        elif isinstance(action, do.Expand):
            self._tell(facts.Expanded(action.step, action.items, now))
        elif isinstance(action, do.LeaveOut):
            self._tell(facts.LeftOut(action.step, now, action.why))
        elif isinstance(action, do.Fail):
            self._tell(facts.Broke(action.part, 1, now, action.cause, final=True))
        else:
            self._finish(action.state, action.why)

    def _begin(self, start: do.Start, now: float) -> None:
        step = self.engine.steps[start.part.step].step
        made = key(step, start)
        if made and step.name not in self._rerun:
            known = self._cache.find(made)
            if known is not None:
                self._tell(facts.Committed(start.part, now, known, True, made))
                return
        self._keys[start.part] = made
        self._tell(facts.Started(start.part, start.attempt, now, start.number))
        self._doer.begin(start)

    def _tell(self, fact: facts.Fact) -> None:
        self._ledger.append(fact)
        self.engine.take(fact)
        self._heard(fact)
