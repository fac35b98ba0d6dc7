"""The user's folder on a node: from the parts that were mounted to files on disk.

The archive is checked as a whole before anything is written, and appears under its name as a
whole. `INTO.unpacked`, beside the folder and so not among the user's files, holds the digest of
what was unpacked: a container that starts again in its pod finds its work done, and what ranks
have written since stays.
"""

import contextlib
import gzip
import hashlib
import io
import os
import posixpath
import shutil
import tarfile
import zlib
from typing import Callable, Iterator, List, Set

#: The most that a folder may hold, for both sides: bytes of content, and files.
MOST_BYTES = 128 * 1024 * 1024
MOST_FILES = 20_000
#: More than this is no archive of ours (bytes).
_MOST_PACKED = 64 * 1024 * 1024
#: How names are written in an archive. On both sides bytes that are no UTF-8 come through.
ENCODING, ERRORS = "utf-8", "surrogateescape"
_BROKEN = (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, UnicodeError)


class Unpackable(ValueError):
    """The parts cannot become a folder; the message says why. Nothing was left half done."""


def unpack(parts: str, digest: str, into: str) -> None:
    """Make the folder `into` of the archive whose parts lie in the folder `parts`.

    parts: files or links to files, named by numbers (`000`, `001`, ...) that tell their order.
    digest: sha256 in hex over all of them. into: absent, empty, or made by an earlier call with
    the same digest, which is then all; the folder above it must be writable. One call at a time.
    Errors: Unpackable.
    """
    if is_there(into, digest):
        return
    packed = _joined(parts)
    found = hashlib.sha256(packed).hexdigest()
    if found != digest:
        raise Unpackable(
            f"the code in {parts} is not what was sent: its sha256 is {found}, not {digest}; "
            f"a part ({len(packed)} bytes are here) is missing or was changed"
        )
    settle(into, digest, lambda draft: _extract(packed, draft))


def is_there(into: str, digest: str) -> bool:
    """Whether an earlier call made the folder of the same."""
    return os.path.isdir(into) and _read_marker(f"{os.path.abspath(into)}.unpacked") == digest


def settle(into: str, digest: str, fill: Callable[[str], None]) -> None:
    """Make a folder that appears as a whole. fill: puts its files into an empty one.
    Errors: Unpackable."""
    into = os.path.abspath(into)
    draft = f"{into}.unpacking"
    try:
        _make_room(into, draft)
        try:
            fill(draft)
            _write_marker(f"{into}.unpacked", digest)
            os.rename(draft, into)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise Unpackable(f"the code's folder {into} cannot be written: {error}") from error


def _joined(parts: str) -> bytes:
    """The archive, read once: what is checked is what is extracted."""
    try:
        # Kubernetes keeps what it mounts in folders of its own, such as `..data`, beside them.
        names = sorted((name for name in os.listdir(parts) if name.isdigit()), key=int)
        whole = io.BytesIO()
        for name in names:
            with open(os.path.join(parts, name), "rb") as file:
                whole.write(file.read(_MOST_PACKED + 1))
            if whole.tell() > _MOST_PACKED:
                raise Unpackable(f"the code in {parts} is too large: over {_MOST_PACKED} bytes")
    except OSError as error:
        raise Unpackable(f"cannot read the code in {parts}: {error}") from error
    return whole.getvalue()


# -- the place


def _make_room(into: str, draft: str) -> None:
    """Have neither `into` nor a draft of a call that was cut off.

    An empty `into` goes too: from then on it is there only if it is complete, so a marker that
    was written just before a crash proves nothing that is not so.
    """
    try:
        os.rmdir(into)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise Unpackable(
            f"the code's folder {into} must be absent, or empty and no mount of its own "
            f"({error.strerror}); on a volume, name a folder below it"
        ) from error
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(draft)
    os.makedirs(draft)


def _read_marker(marker: str) -> str:
    try:
        with open(marker, encoding="ascii", errors="replace") as file:
            return file.read(100).strip()
    except OSError:
        return ""


def _write_marker(marker: str, digest: str) -> None:
    with open(f"{marker}-new", "w", encoding="ascii") as file:
        file.write(digest + "\n")
    os.replace(f"{marker}-new", marker)


# -- the archive


def _extract(packed: bytes, draft: str) -> None:
    """All files, then all links, so that none is ever written through a link."""
    with _readable(packed) as archive:
        members = list(_checked(archive))
        _check_folders(members)
        for member in members:
            if member.isreg():
                _write(archive, member, _place(draft, member.name))
        for member in members:
            if member.issym():
                target = _place(draft, member.name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.symlink(_encoded(member.linkname), target)


@contextlib.contextmanager
def _readable(packed: bytes) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(
            fileobj=io.BytesIO(packed), mode="r:gz", encoding=ENCODING, errors=ERRORS
        ) as archive:
            yield archive
    except _BROKEN as error:
        raise Unpackable(f"the code is no .tar.gz, or a broken one: {error}") from error


def _checked(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Let nothing pass that leads out of the folder, or that no archive of ours holds."""
    names: Set[str] = set()
    size = 0
    for member in archive:
        name, size = member.name, size + member.size
        if not _is_plain(name):
            raise _unsafe(member, "its name leads out of the folder, or is none")
        if name in names:
            raise _unsafe(member, "it is there twice")
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE):
            raise _unsafe(member, "it is neither a file nor a symbolic link")
        if member.issym() and not _stays_inside(name, member.linkname):
            raise _unsafe(member, f"it is a link that leads out of the folder: {member.linkname!r}")
        if member.mode & 0o7000:
            raise _unsafe(member, "it would run with the rights of somebody else")
        names.add(name)
        if len(names) > MOST_FILES or size > MOST_BYTES:
            raise Unpackable(f"the code has over {MOST_FILES} files, or over {MOST_BYTES} bytes")
        yield member


def _check_folders(members: List[tarfile.TarInfo]) -> None:
    """What has something below it must be a folder, neither a file nor a link to elsewhere."""
    names = {member.name for member in members}
    for member in members:
        above = posixpath.dirname(member.name)
        while above:
            if above in names:
                raise _unsafe(member, f"{above!r}, above it, is no folder")
            above = posixpath.dirname(above)


def _unsafe(member: tarfile.TarInfo, reason: str) -> Unpackable:
    return Unpackable(f"the code's archive holds {member.name!r}, which is refused: {reason}")


def _is_plain(name: str) -> bool:
    """Whether a name is relative and goes down only."""
    return "\0" not in name and not {"", ".", ".."} & set(name.split("/"))


def _stays_inside(name: str, target: str) -> bool:
    """Whether a link leads to somewhere inside.

    `..` is taken at the beginning only. There it stands for the real folders above the link (none
    of which is a link itself), further on it may follow another link to anywhere.
    """
    steps = target.split("/")
    depth = name.count("/")
    while depth and steps and steps[0] == "..":
        steps, depth = steps[1:], depth - 1
    return not steps or steps == ["."] or _is_plain("/".join(steps))


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: bytes) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        source = archive.extractfile(member)
        if source is not None:
            shutil.copyfileobj(source, file)
        os.fchmod(fd, 0o755 if member.mode & 0o100 else 0o644)


def _place(draft: str, name: str) -> bytes:
    return os.path.join(os.fsencode(draft), _encoded(name))


def _encoded(name: str) -> bytes:
    return name.encode(ENCODING, ERRORS)
