"""Why a folder does not travel, in words that say what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from rankzero.errors import BadRequest, Refused

_SHOWN = 5
#: A folder in which one entry makes up this much is shown as that entry.
_MOST_OF_IT = 0.9
#: What to do about it, whatever it was to travel for.
SMALLER = (
    "Name what is no code in .rankzeroignore (a line such as data/ or *.ckpt), "
    "keep data on a volume, or put large code into the image."
)
_LEAVE_IT = "Let it be read, or name it in .rankzeroignore if the job does not need it."


class TooMuch(Refused):
    """A folder is too large for the way in which it was to travel."""

    def advised(self, advice: str) -> TooMuch:
        """The same, with something else to do about it."""
        return TooMuch(str(self.args[0]), advice)


def too_large(
    root: Path,
    sizes: Mapping[str, int],
    limit: int,
    *,
    packed: bool = False,
    advice: str = SMALLER,
) -> TooMuch:
    """sizes: bytes by name. limit: in bytes, of the content or, where packed, of the archive."""
    what = f"{limit >> 20:,} MiB {'compressed' if packed else 'of content'}"
    return TooMuch(
        f"the folder {root} is too large to travel: {_amount(sum(sizes.values()))} in "
        f"{len(sizes):,} files, and the limit is {what}. The largest in it: "
        + ", ".join(f"{name} {_amount(size)}" for name, size in largest(sizes)),
        advice,
    )


def too_many(root: Path, names: Iterable[str], limit: int) -> TooMuch:
    counted = largest(dict.fromkeys(names, 1))
    return TooMuch(
        f"the folder {root} has too many files to travel: the limit is {limit:,}. "
        "The fullest in it: " + ", ".join(f"{name} {count:,} or more" for name, count in counted),
        SMALLER,
    )


def unreadable(path: Path, error: OSError) -> Refused:
    return Refused(f"cannot read {path}, which would travel: {error.strerror}.", _LEAVE_IT)


def restless(path: Path) -> Refused:
    return Refused(
        f"{path}, which would travel, changes while it is read.",
        "Stop what writes it, or name it in .rankzeroignore if the job does not need it.",
    )


def taken_out(paths: Sequence[Path]) -> BadRequest:
    """Files that would be missing, with others, wherever an image is unpacked."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return BadRequest(
        f"{paths[0]}{more} cannot be in an image: there a name that begins with .wh. stands for "
        "something that is taken out.",
        "Rename it, or name it in .rankzeroignore if the job does not need it.",
    )


def outside(script: str, root: Path) -> BadRequest:
    return BadRequest(
        f"the script {script} lies outside of {root}, the folder that travels.",
        "Name a folder that holds the script and what it imports: --workdir",
    )


def largest(sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    """The five that weigh most, heaviest first: files, and folders with a `/` at their end."""
    totals: Counter[PurePosixPath] = Counter()
    inner: dict[PurePosixPath, set[PurePosixPath]] = {}
    for name, size in sizes.items():
        path = PurePosixPath(name)
        totals[path] += size
        for below, above in zip((path, *path.parents), path.parents, strict=False):
            totals[above] += size
            inner.setdefault(above, set()).add(below)

    def shown(path: PurePosixPath) -> PurePosixPath:
        while path in inner:
            heaviest = max(inner[path], key=lambda one: (totals[one], one))
            if totals[heaviest] < _MOST_OF_IT * totals[path]:
                break
            path = heaviest
        return path

    first = sorted(inner.get(PurePosixPath(), ()), key=lambda one: (-totals[one], one))[:_SHOWN]
    ends = [shown(path) for path in first]
    return [(f"{path}/" if path in inner else str(path), totals[path]) for path in ends]


def _amount(size: int) -> str:
    for unit in ("MB", "kB"):
        factor = 1e6 if unit == "MB" else 1e3
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
