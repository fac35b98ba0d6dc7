"""The Python of an image: where it is, which version, and where it looks for packages."""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import IO, Any, NamedTuple, cast

from rankzero.errors import BadRequest, Refused
from rankzero.images.cache import Cache, key_of
from rankzero.images.registry.repository import Repository

#: Of the same name are folders of its library, its headers and its manual.
_PROGRAM = re.compile(r"(?:^|/)bin/python3\.(\d+)$")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DEBIAN, _MUSL = "usr/lib/python3/dist-packages", "lib/ld-musl-"
_CHUNK = 1 << 20


class Interpreter(NamedTuple):
    """path: of the program. minor: of its version, 3.minor. site: where it finds packages.
    musl: whether its C library is musl, as Alpine's is, and not GNU's."""

    path: str
    minor: int
    site: str
    musl: bool = False

    @property
    def version(self) -> str:
        return f"3.{self.minor}"


def find(
    said: str | None,
    config: dict[str, Any],
    layers: list[dict[str, Any]],
    base: Repository,
    cache: Cache,
) -> Interpreter:
    """said: what the user says of it: a version, or a path with one. config: how the image's
    programs start, its `Env` among it. layers: as its manifest names them. What was found in a base
    is remembered.

    Errors: BadRequest where there is none, or for one that cannot be.
    """
    official = _of_official(config) if said is None else None
    if official is not None:
        layers = layers[:1]  # which tells what all of them stand on
    key = key_of("interpreter", 1, [layer["digest"] for layer in layers])
    noted = cache.note(key)
    if noted is None:
        noted = {"names": sorted(_names(base, layers))}
        cache.write(key, noted)
    if official is not None:
        return official._replace(musl=_has_musl(noted["names"]))
    return chosen(said, path_of(config), noted["names"], str(base.name))


def chosen(said: str | None, path: str, names: Iterable[str], image: str) -> Interpreter:
    """The first on the PATH, or the one that was said. names: files of the image that tell of it.
    Errors: BadRequest. Pure."""
    there = set(names)
    debian = _DEBIAN in there
    programs = [f"/{name}" for name in sorted(there) if _PROGRAM.search(name)]
    folders = path.split(":")
    programs.sort(key=lambda one: _rank(one, folders))
    if said is not None:
        programs = [one for one in programs if one == said or one.endswith(f"/python{said}")]
    if not programs:
        asked = f"no {said}" if said else "no Python"
        raise BadRequest(
            f"{image} has {asked} that could be found.",
            "Name another base: --base; or say where it is: --python /opt/bin/python3.12",
        )
    program = programs[0]
    minor = int(cast("re.Match[str]", _PROGRAM.search(program))[1])
    return Interpreter(program, minor, _site(program, minor, debian), _has_musl(there))


def path_of(config: dict[str, Any]) -> str:
    found = [one for one in config.get("Env") or () if one.startswith("PATH=")]
    return found[0].partition("=")[2] if found else _PATH


def _rank(program: str, folders: list[str]) -> tuple[int, int]:
    """First on the PATH first; of one folder the newest."""
    folder = program.rpartition("/")[0]
    minor = int(cast("re.Match[str]", _PROGRAM.search(program))[1])
    return (folders.index(folder) if folder in folders else len(folders), -minor)


def _site(program: str, minor: int, debian: bool) -> str:
    """Where packages go that the system's own tools do not look after."""
    prefix = program.rpartition("/bin/")[0] or "/usr"
    if prefix == "/usr" and debian:
        return f"/usr/local/lib/python3.{minor}/dist-packages"
    return f"{prefix}/lib/python3.{minor}/site-packages"


def _of_official(config: dict[str, Any]) -> Interpreter | None:
    """Docker Hub's own images of Python say it in their environment."""
    env = dict(one.partition("=")[::2] for one in config.get("Env") or ())
    found = re.match(r"3\.(\d+)\.", env.get("PYTHON_VERSION", ""))
    if found is None or not path_of(config).startswith("/usr/local/bin:"):
        return None
    minor = int(found[1])
    site = f"/usr/local/lib/python3.{minor}/site-packages"
    return Interpreter(f"/usr/local/bin/python3.{minor}", minor, site)


def _has_musl(names: Iterable[str]) -> bool:
    return any(name.startswith(_MUSL) for name in names)


def _names(base: Repository, layers: list[dict[str, Any]]) -> Iterator[str]:
    """Of all files, those that tell of an interpreter."""
    for layer in layers:
        for name in _files(base, layer):
            if _PROGRAM.search(name) or name.startswith(_MUSL):
                yield name
            elif name.startswith(_DEBIAN):
                yield _DEBIAN


def _files(base: Repository, layer: dict[str, Any]) -> Iterator[str]:
    with base.blob(layer).read(0) as pieces:
        stream = _Plain(pieces, layer["mediaType"])
        try:
            with closing(tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|")) as archive:
                for member in archive:
                    yield member.name.removeprefix("./").lstrip("/")
        except (tarfile.TarError, zlib.error) as error:
            raise Refused(f"a layer of {base.name} cannot be read: {error}") from error


class _Plain:
    """Pieces of a layer as a file that is read once, unpacked."""

    def __init__(self, pieces: Iterator[bytes], kind: str) -> None:
        self._pieces, self._held = pieces, b""
        self._unpacker = None
        if kind.endswith("gzip"):
            self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif not kind.endswith("tar"):
            raise BadRequest(
                f"a layer is packed in a way that cannot be read here ({kind}).",
                "Name a base whose layers are packed by gzip: --base",
            )

    def read(self, size: int = _CHUNK) -> bytes:
        while len(self._held) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._held += piece if self._unpacker is None else self._unpacked(piece)
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _unpacked(self, piece: bytes) -> bytes:
        """A layer may be several files of gzip, one after the other."""
        found = b""
        while piece and self._unpacker is not None:
            found += self._unpacker.decompress(piece)
            piece = self._unpacker.unused_data
            if self._unpacker.eof:
                self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return found
