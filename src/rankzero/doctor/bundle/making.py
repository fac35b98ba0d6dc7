"""A bundle from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rankzero import backends
from rankzero.backends.places import Where
from rankzero.code.ignore import BUNDLE
from rankzero.doctor import here
from rankzero.doctor.bundle import gathering, known
from rankzero.doctor.bundle.file import Bundle
from rankzero.doctor.bundle.gathering import Part
from rankzero.doctor.bundle.redaction import Redaction
from rankzero.doctor.model import Finding
from rankzero.errors import BadRequest


class Wanted:
    """What is to become a bundle; what is wrong with it is told before anything is looked at.

    file: empty for one in this folder that is called after the time. run: whose history comes
    along. Errors: BadRequest where there is such a file, or no such run; Refused.
    """

    def __init__(self, file: str, run: str | None, where: Where) -> None:
        self._now = time.time()
        self.name = BUNDLE + time.strftime("%Y%m%d-%H%M%S", time.localtime(self._now))
        self.file = Path(file or f"{self.name}.tar.gz")
        if self.file.exists():
            raise BadRequest(f"--bundle: {self.file} is there already.", "Name another one")
        if not self.file.absolute().parent.is_dir():
            raise BadRequest(f"--bundle: there is no folder for {self.file}.", "Make it first")
        self._where = where
        self._run = None if run is None else backends.find(run, where)

    def made(self, text: str, findings: Sequence[Finding]) -> Bundle:
        """Written, with what a check-up found, as people and as programs read it. Errors:
        BadRequest, Refused."""
        of = here.meant(self._where)
        secrets = [*known.of_environment(), *(known.of_user(of.user) if of else ())]
        bundle = Bundle(self.name, Redaction(secrets), self._now)
        bundle.add("doctor.txt", text)
        bundle.add("doctor.json", [one.to_json() for one in findings])
        parts: list[Iterator[Part]] = [gathering.of_machine()]
        if of is not None:
            parts.append(gathering.of_cluster(of))
        if self._run is not None:
            parts.append(gathering.of_run(*self._run))
        for some in parts:
            for path, part in some:
                bundle.add(path, gathering.had(part))
        bundle.write(self.file)
        return bundle
