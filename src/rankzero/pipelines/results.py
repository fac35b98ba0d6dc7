"""What a pipeline's steps handed on, and copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rankzero.driver import facts
from rankzero.driver.facts import Output, Part
from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.pipelines.kept import Kept


class Handed(NamedTuple):
    """One output of one part. place: where it can be found by its name."""

    part: Part
    name: str
    output: Output
    place: Path

    def below(self, folder: Path) -> Path:
        """Where a copy of it goes: `STEP/NAME`, or `STEP/AT/NAME`."""
        step = folder / self.part.step
        return (step if self.part.at < 0 else step / str(self.part.at)) / self.name


def handed(folder: Kept) -> list[Handed]:
    """All that was committed, in that order."""
    found = []
    for event in folder.events():
        fact = facts.from_event(event)
        if isinstance(fact, facts.Committed):
            place = folder.output(*fact.part)
            found += [
                Handed(fact.part, name, output, place / name)
                for name, output in fact.outputs.items()
            ]
    return found


def copied(found: Sequence[Handed], to: Path) -> None:
    """Copy them into a folder, as `STEP/NAME` or `STEP/AT/NAME`; what is there is replaced.

    Errors: Refused.
    """
    for one in found:
        if one.output.where and not Path(one.output.where).exists():
            raise gone(one)
        with room_for(one, to) as place:
            _copy(one.output, place)


def gone(one: Handed) -> Refused:
    return Refused(
        f"{one.part}.{one.name} is gone: {one.output.where}",
        "It was deleted from the outside; run the pipeline again.",
    )


@contextmanager
def room_for(one: Handed, to: Path) -> Iterator[Path]:
    """The place of a copy, with nothing in it, to be filled in the block. Errors: Refused."""
    place = one.below(to)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        yield place
    except OSError as error:
        raise Refused(
            f"{place} cannot be written: {error.strerror or error}",
            "Name another folder: --to",
        ) from error


def _copy(output: Output, place: Path) -> None:
    if not output.where:
        place.write_text(output.value + "\n", encoding="utf-8")
    elif Path(output.where).is_dir():
        shutil.copytree(output.where, place, symlinks=True)
        for one in (place, *place.rglob("*")):
            if not one.is_symlink():
                one.chmod(one.stat().st_mode | 0o200)  # an artifact is sealed, its copy is yours
    else:
        shutil.copy2(output.where, place)
        place.chmod(place.stat().st_mode | 0o200)
