"""An agent that does not reach its coordinator says so in its pod's log: nobody else can tell."""

import json
from typing import Optional

from rankzero.agent.config import AgentConfig
from rankzero.agent.wire.dial import NO_NAME

#: A coordinator may begin later than its nodes, and its name be known later still (seconds).
PATIENCE = 5.0
#: The same is said again after so long, so that its age shows that it still holds (seconds).
AGAIN = 30.0
#: The key of these words, beside the run's history in the same log.
KEY = "unreachable"


class Seclusion:
    """How long it has lasted, and what was said of it."""

    def __init__(self, config: AgentConfig, now: float) -> None:
        self._address = config.coordinator
        self._since: Optional[float] = now
        self._said: Optional[str] = None
        self._when = 0.0

    def over(self) -> None:
        """The coordinator has answered."""
        self._since = self._said = None

    def complaint(self, reason: str, now: float) -> Optional[str]:
        """A try has failed: what to say of it, as one line of JSON; None for nothing new."""
        if self._since is None:
            self._since = now
        if now < self._since + PATIENCE:
            return None
        if reason == self._said and now < self._when + AGAIN:
            return None
        self._said, self._when = reason, now
        kind = "name" if reason.startswith(NO_NAME) else "connection"
        words = {"kind": kind, "address": self._address, "reason": reason, "time": round(now, 3)}
        return json.dumps({KEY: words}, separators=(",", ":"))
