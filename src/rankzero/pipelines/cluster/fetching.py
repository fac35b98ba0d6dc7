"""Bringing here what steps on a cluster handed on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rankzero.backends.base import Helper
from rankzero.errors import Refused
from rankzero.pipelines.results import copied, room_for

if TYPE_CHECKING:
    from rankzero.pipelines.cluster.there import There
    from rankzero.pipelines.results import Handed


def fetch(there: There, found: Sequence[Handed], to: Path) -> None:
    """Files and folders come from the volume that the runs left them on. Errors: Refused."""
    copied([one for one in found if not one.output.where], to)
    of_runs: dict[str, list[Handed]] = {}
    for one in found:
        if one.output.where:
            run = PurePosixPath(one.output.where).parts[-3]
            of_runs.setdefault(run, []).append(one)
    for run, some in of_runs.items():
        with TemporaryDirectory(dir=_made(to)) as draft:
            there.backend.outputs(run, Path(draft) / "all", helper=Helper())
            for one in some:
                with room_for(one, to) as place:
                    (Path(draft) / "all" / PurePosixPath(one.output.where).name).rename(place)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{folder} cannot be made: {error.strerror}") from error
    return folder
