"""A version of a service of this machine, watched until it serves, or until it is plain that it
does not."""

from __future__ import annotations

import time
from collections.abc import Generator

from rankzero.backends.local.services import looking
from rankzero.backends.local.services.folder import Services
from rankzero.backends.local.services.judging import hopeless
from rankzero.backends.services.model import Changed, Outcome, Service
from rankzero.errors import Refused


def until_ready(
    services: Services, name: str, changed: Changed
) -> Generator[Service, None, Outcome]:
    """Whatever changes, and how it ended."""
    folder = looking.folder_of(services, name)
    end, since = time.monotonic() + changed.wait, time.time()
    for seen in looking.looks(folder):
        found = looking.shown(seen)
        found = found._replace(standing=found.standing._replace(since=since))
        yield found
        if found.done:
            if seen.record.wanted and not seen.record.version.served:
                folder.note(seen.record.having_served())
            return Outcome(True, found)
        worst = next(iter(found.standing.waiting), None)
        if hopeless(seen):
            return Outcome(False, found, worst)
        if time.monotonic() > end:
            return Outcome(False, found, worst, late=True)
    raise Refused(f"the service {name} was deleted.")
