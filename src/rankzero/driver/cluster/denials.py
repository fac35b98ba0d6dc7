"""What may not be done now, and may be a moment later: a quota is given back, and an API server
that has just started does not know yet who may do what. Pure."""

from typing import Dict, Iterator, List, NamedTuple

#: How long a refusal is taken for one that passes, and how long until the next try (seconds).
_DENIED, _AGAIN = 120.0, 3.0


class _Denied(NamedTuple):
    """Since when, and when it is tried again."""

    since: float
    again: float


class Denials:
    """By names. Moments are in seconds of one clock."""

    def __init__(self) -> None:
        self._denied: Dict[str, _Denied] = {}

    def denied(self, name: str, now: float) -> bool:
        """Whether it is to be tried once more."""
        since = self._denied[name].since if name in self._denied else now
        if now - since > _DENIED:
            self.done(name)
            return False
        self._denied[name] = _Denied(since, now + _AGAIN)
        return True

    def done(self, name: str) -> None:
        self._denied.pop(name, None)

    def due(self, now: float) -> List[str]:
        return [name for name, denied in self._denied.items() if denied.again <= now]

    def moments(self) -> Iterator[float]:
        """When something is to be tried again."""
        return (one.again for one in self._denied.values())
