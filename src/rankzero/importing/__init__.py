"""From what starts a training today to a job file: pure functions of a source's text.

A module a kind of source; each makes a sketch of the job, and notes what a job cannot say. Nothing
is read but the text itself, and nothing of it is ever run.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rankzero.importing.detecting import detect
from rankzero.importing.drafts import Imported, finished
from rankzero.importing.findings import Findings
from rankzero.importing.findings import Note as Note
from rankzero.importing.launching import parts, sketch_of
from rankzero.spec.problems import Place

__all__ = ["Imported", "Note", "from_text", "from_words"]


def from_words(words: Sequence[str]) -> Imported:
    """The job that a command line is. Errors: SpecError, BadRequest."""
    if len(words) == 1:
        words = _split(words[0])
    launcher = parts(words).launcher
    findings = Findings(launcher or "the command")
    sketch = sketch_of(words, findings)
    if sketch is None:
        known = "known are torchrun, python -m torch.distributed.run, and mpirun"
        program = words[0] if words else "nothing"
        findings.problem(Place(option=program), f"is no launcher; {known}")
        findings.check()
    assert sketch is not None
    return finished(launcher, sketch, findings)


def _split(text: str) -> list[str]:
    """A whole line in quotes, as the words that a shell makes of it."""
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def from_text(text: str, source: str, run: str | None = None) -> Imported:
    """The job in a file's text. source: how errors and notes call it. run: what is run, where the
    text does not say it. Errors: SpecError, BadRequest."""
    findings = Findings(source)
    kind, document = detect(text, findings)
    return finished(kind.name, kind.read(document, findings, run), findings)
