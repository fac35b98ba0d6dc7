"""What an import gives: the job file, checked, and what it could not carry over."""

from __future__ import annotations

from typing import Any, NamedTuple

from rankzero.errors import BadRequest
from rankzero.importing.findings import Findings, Note
from rankzero.importing.sketch import Sketch
from rankzero.spec import as_yaml, well_formed
from rankzero.spec.problems import SpecError


class Imported(NamedTuple):
    """kind: what the source is. job: the job file as data; text: as YAML. notes: what it does not
    say as the source did."""

    source: str
    kind: str
    job: dict[str, Any]
    text: str
    notes: tuple[Note, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data: source, kind, job, text, notes."""
        return {**self._asdict(), "notes": [note.to_json() for note in self.notes]}


def finished(kind: str, sketch: Sketch, findings: Findings) -> Imported:
    """The import of a source. Errors: SpecError for a source that is wrong; BadRequest where what
    it says is nothing that a job can be."""
    findings.check()
    job = sketch.data()
    text = as_yaml(job)
    try:
        well_formed(text, "")
    except SpecError as error:
        said = "\n".join(f"  {problem}" for problem in error.problems)
        raise BadRequest(
            f"{findings.source} is no job that rankzero can run; nothing was written.\n{said}",
            "The places are those of the job file that it would be; change the source there.",
        ) from None
    return Imported(findings.source, kind, job, text, findings.notes)
