"""Variables that rankzero sets, for code that reads them: those that it names, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rankzero.contracts.plain import variable_name
from rankzero.export.layout import OUTPUTS
from rankzero.export.model import Outline, Part
from rankzero.export.terms import Terms, master
from rankzero.export.variables import Variable, index, pair

#: Where the code imports the package itself.
PACKAGE = "rankzero"
_NAME = re.compile(r"\bRANKZERO_[A-Z0-9_]+\b")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+rankzero\b", re.MULTILINE)
#: What differs from rank to rank; torchrun gives its ranks RANK and LOCAL_RANK instead.
_OF_A_RANK = ("RANKZERO_RANK", "RANKZERO_LOCAL_RANK", "RANKZERO_ROLE_RANK", "RANKZERO_NODE")
#: As the pod is one rank to us, and many to mpirun.
_OF_MPI = (
    *(*_OF_A_RANK, "RANKZERO_WORLD_SIZE", "RANKZERO_LOCAL_WORLD_SIZE"),
    *("RANKZERO_MASTER_ADDR", "RANKZERO_MASTER_PORT"),
)


def named(text: str) -> set[str]:
    """The variables that a file names, and the package where it imports that."""
    return {*_NAME.findall(text), *([PACKAGE] if _IMPORT.search(text) else ())}


def variables(outline: Outline, part: Part, terms: Terms) -> Iterator[Variable]:
    """But for the rank's number."""
    mpi = _OF_MPI if outline.framework == "mpi" else ()
    if part.each == 1 and outline.uses("RANKZERO_ROLE_RANK") and not mpi:
        yield index("RANKZERO_ROLE_RANK")
    for name, value in _static(outline, part, terms):
        if outline.uses(f"RANKZERO_{name}") and f"RANKZERO_{name}" not in mpi:
            yield pair(f"RANKZERO_{name}", value)


def lost(outline: Outline, ranks: bool) -> list[str]:
    """Those that the code names, and that nobody can set under torchrun, or where pods do not
    know their ranks themselves."""
    if outline.framework == "mpi":
        return [name for name in _OF_MPI if outline.uses(name)]
    if ranks and all(part.each == 1 for part in outline.parts):
        return []
    return [name for name in _OF_A_RANK if outline.uses(name)]


def _static(outline: Outline, part: Part, terms: Terms) -> Iterator[tuple[str, str]]:
    yield "RUN", terms.name
    yield "WORLD_SIZE", terms.world()
    yield "NODES", terms.nodes()
    if part.each == 1:
        yield "LOCAL_RANK", "0"
    yield "LOCAL_WORLD_SIZE", terms.each(part)
    yield "ROLE", part.role
    yield "GENERATION", "1"
    yield "RESTARTS", "0"
    yield "MASTER_ADDR", master(outline, terms)
    yield "MASTER_PORT", terms.port()
    yield "OUTPUTS", OUTPUTS
    for name in part.asked.ports:
        yield f"PORT_{variable_name(name)}", terms.named_port(part, name)
    for name, volume in {**outline.job.volumes, **part.asked.volumes}.items():
        yield f"VOLUME_{variable_name(name)}", volume.path
