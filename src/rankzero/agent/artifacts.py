"""Files, folders and short texts as steps of a pipeline hand them on: measured, and laid out where
the next step looks for them by their names.
"""

import hashlib
import os
import stat
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Tuple

#: How an output comes: a file or a folder of any size, or a short text in a file.
PATH, VALUE = "path", "value"
#: The longest value that a step may hand on (bytes of UTF-8).
LONGEST_VALUE = 32 * 1024
_CHUNK = 1024 * 1024


class BadOutput(Exception):
    """Something that cannot be handed on; the message says why."""


class Output(NamedTuple):
    """What a step handed on. digest: of its content. where: its path or address, for those who
    read it; empty for a value. value: the text of a value. size in bytes."""

    digest: str
    where: str = ""
    value: str = ""
    size: int = 0


def value(path: str) -> Output:
    """The short text in a file. Errors: BadOutput."""
    try:
        # A pipe would be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadOutput("is no file with UTF-8 text")
            data = file.read(LONGEST_VALUE + 1)
        text = data.decode()
    except (OSError, UnicodeDecodeError):
        raise BadOutput("is no file with UTF-8 text") from None
    if len(data) > LONGEST_VALUE:
        most = LONGEST_VALUE // 1024
        raise BadOutput("is longer than %d KiB, the most that a value may be" % most)
    if "\0" in text:
        raise BadOutput("holds a NUL character, which no command can be given")
    text = text[:-1] if text.endswith("\n") else text
    return Output(hashlib.sha256(text.encode()).hexdigest(), value=text, size=len(data))


def measured(path: str) -> Tuple[str, int]:
    """SHA-256 over names, kinds and contents, and the bytes of the contents. Errors: BadOutput for
    what is neither a file nor a folder, or holds what is neither; OSError."""
    told, size = hashlib.sha256(), 0
    for name, one in files(path):
        info = os.lstat(one)
        kind = stat.S_IFMT(info.st_mode) | (info.st_mode & stat.S_IXUSR)
        if stat.S_ISDIR(info.st_mode):
            kind = stat.S_IFDIR  # whether one may be entered is nothing of its content
        told.update(_bytes("%s\0%o\0" % (name, kind)))
        if stat.S_ISREG(info.st_mode):
            told.update(b"%d\0" % info.st_size)
            size += _read(one, told)
        elif stat.S_ISLNK(info.st_mode) and _leads_inside(name, one):
            told.update(_bytes("%s\0" % os.readlink(one)))
        elif not stat.S_ISDIR(info.st_mode):
            shown = name or os.path.basename(one)
            raise BadOutput("holds %s, which is neither a file nor a folder in it" % shown)
    return told.hexdigest(), size


def files(path: str) -> Iterator[Tuple[str, str]]:
    """(its name from the path on, its path) of all that is there, in an order that is the same
    everywhere; the path's own name is empty. Errors: OSError for a folder that cannot be listed."""
    yield "", path
    if os.path.islink(path) or not os.path.isdir(path):
        return
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders.sort()
        for name in sorted([*names, *folders]):
            one = os.path.join(folder, name)
            yield os.path.relpath(one, path), one


def lay(place: str, given: Any) -> None:
    """An Output as a link to an artifact, or as a file with a value; several as a folder of them,
    by their places. What is there already stays. Errors: OSError."""
    if not isinstance(given, Output):
        os.makedirs(place, exist_ok=True)
        for at, one in enumerate(given):
            lay(os.path.join(place, str(at)), one)
    elif os.path.lexists(place):
        return
    elif given.where:
        os.symlink(given.where, place)
    else:
        with open(place, "w", encoding="utf-8") as file:
            file.write(given.value + "\n")


def plain(outputs: Mapping[str, Output]) -> Dict[str, Any]:
    """Outputs by name as plain data; `outputs_of` undoes it."""
    return {name: one._asdict() for name, one in outputs.items()}


def outputs_of(data: Mapping[str, Any]) -> Mapping[str, Output]:
    """Errors: TypeError, AttributeError for what is none."""
    return {name: Output(**one) for name, one in data.items()}


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _read(path: str, told: "hashlib._Hash") -> int:
    size = 0
    with open(path, "rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            if not chunk:
                return size
            told.update(chunk)
            size += len(chunk)


def _leads_inside(name: str, link: str) -> bool:
    """Whether a link can only lead to something else in the same artifact."""
    target = os.readlink(link)
    way = os.path.normpath(os.path.join(os.path.dirname(name), target))
    return bool(name) and not os.path.isabs(target) and not way.startswith("..")


def _raise(error: OSError) -> None:
    raise error
