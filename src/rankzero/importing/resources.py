"""What a container asks for: processors, memory, GPUs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.spec import units
from rankzero.spec.given import Content, Given
from rankzero.spec.model import NVIDIA
from rankzero.spec.problems import shown

_SOFT = "a run asks for processors and is not held to them: cpu is what it asks for"
_HARD = "a run gets the memory that it asks for: memory is the limit"


def resources(asked: Fields, findings: Findings) -> dict[str, Any]:
    """Keys of a role for `resources` of a container."""
    requests, limits = asked.table("requests"), asked.table("limits")
    said: dict[str, Any] = {}
    for name in dict.fromkeys((*limits.names(), *requests.names())):
        pair = _Pair(name, requests.given(name), limits.given(name), findings)
        if name == "cpu":
            said["cpu"] = pair.processors()
        elif name == "memory":
            said["memory"] = pair.memory()
        elif name.endswith("/gpu") and "gpus" not in said:
            said["gpus"] = pair.devices()
        else:
            said.setdefault("resources", {})[name] = pair.amount()
    asked.left()
    return said


class _Pair:
    """A resource's request and its limit."""

    def __init__(
        self, name: str, request: Given | None, limit: Given | None, findings: Findings
    ) -> None:
        self._name, self._findings = name, findings
        self._request, self._limit = request, limit
        self._compare()

    def processors(self) -> Content:
        if self._limit is not None:
            self._findings.note(self._limit.place, "is no limit any more", _SOFT)
        return self._read(self._request or self._limit, units.processors)

    def memory(self) -> Content:
        if self._request is not None and self._amount(self._request) != self._amount(self._limit):
            self._findings.note(self._request.place, "is not carried over as it was", _HARD)
        return self._read(self._limit or self._request, units.memory)

    def devices(self) -> int | str | None:
        given = self._limit or self._request
        number = None if given is None else units.whole(given.value)
        if given is not None and (number is None or number < 0):
            message = f"must be a whole number, at least 0; got {shown(given.value)}"
            self._findings.problem(given.place, message)
            return None
        return number if self._name == NVIDIA or not number else f"{self._name}={number}"

    def amount(self) -> Content:
        return self._read(self._limit or self._request, units.quantity)

    def _compare(self) -> None:
        """A limit below the request is what no pod can have."""
        least, most = self._amount(self._request), self._amount(self._limit)
        if least is not None and most is not None and most < least:
            assert self._request is not None and self._limit is not None
            message = f"is less than what is requested, {self._request.text}"
            self._findings.problem(self._limit.place, f"{message}; got {self._limit.text}")

    def _amount(self, given: Given | None) -> float | None:
        try:
            return None if given is None else units.amount(units.quantity(given.text))
        except ValueError:
            return None

    def _read(self, given: Given | None, check: Callable[[object], object]) -> Content:
        """The amount as it was written."""
        if given is None:
            return None
        try:
            check(given.text)
        except ValueError as error:
            self._findings.problem(given.place, f"{error}; got {shown(given.value)}")
            return None
        return given.value
