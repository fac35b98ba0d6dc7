"""A model server as one file that an image with nothing but Python and the model's framework runs:
our half of it, and the packages that it needs, from the user's own environment.

They are pure Python, so they run there as here; what is compiled would not. Each has a folder of
its own, for an image may have some of them itself: `agent.server` chooses, by the versions in
`packages.json`.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from rankzero.agent.server import PACKAGES, VERSIONS
from rankzero.code.agent_zip import TRAVELS, add
from rankzero.errors import Refused

#: What the server imports, by the names of its packages.
NEEDED = ("starlette", "uvicorn", "python-multipart")
_PACKAGE = Path(__file__).parents[1]
_MAIN = "from rankzero.agent.server import main\n\nmain()\n"
#: The oldest Python that runs our half.
_OURS = (3, 10)
_COMPILED = (".so", ".pyd", ".dylib")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def server_zip() -> bytes:
    """The same packages give the same bytes. Errors: Refused where one is missing here, or is
    compiled."""
    packages = _closure()
    files = {**dict(_theirs(packages)), **dict(_ours())}
    versions = {
        "python": _python(packages),
        "packages": {one.name: one.version for one in packages},
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        add(archive, "__main__.py", _MAIN.encode())
        add(archive, VERSIONS, json.dumps(versions, sort_keys=True).encode())
        for name, path in sorted(files.items()):
            add(archive, name, path.read_bytes())
    return whole.getvalue()


def _ours() -> Iterator[tuple[str, Path]]:
    own = [_PACKAGE / "__init__.py", _PACKAGE / "errors.py"]
    for part in (*TRAVELS, "serving"):
        own += [one for one in (_PACKAGE / part).rglob("*") if one.is_file()]
    for path in own:
        if path.suffix != ".pyc":
            yield f"rankzero/{path.relative_to(_PACKAGE).as_posix()}", path


def _theirs(packages: Iterable[metadata.Distribution]) -> Iterator[tuple[str, Path]]:
    for package in packages:
        for file in package.files or ():
            name = file.as_posix()
            if name.startswith("..") or ".dist-info/" in name or name.endswith(".pyc"):
                continue
            if name.endswith(_COMPILED):
                raise Refused(
                    f"{package.name} is compiled here ({name}), so it cannot travel to a pod.",
                    f"Install it without: pip install --no-binary {package.name} {package.name}",
                )
            yield f"{PACKAGES}/{package.name}/{name}", Path(str(file.locate()))


def _python(packages: Iterable[metadata.Distribution]) -> list[int]:
    """The oldest Python that runs all of it."""
    said = [str(one.metadata.json.get("requires_python", "")) for one in packages]
    bounds = [re.search(r">=\s*(\d+)\.(\d+)", text) for text in said]
    return list(max([_OURS, *((int(one[1]), int(one[2])) for one in bounds if one)]))


def _closure() -> list[metadata.Distribution]:
    """The packages, and those that they need. What only other Pythons, or extras, need is there
    where it is installed here."""
    found: dict[str, metadata.Distribution] = {}
    wanted = [(name, True) for name in NEEDED]
    while wanted:
        name, must = wanted.pop(0)
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if must:
                raise Refused(
                    f"the server needs the package {name}, which is not installed here.",
                    'Install it: pip install "rankzero[serve]"',
                ) from None
            continue
        found[key] = package
        wanted += _needs(package)
    return list(found.values())


def _needs(package: metadata.Distribution) -> Iterator[tuple[str, bool]]:
    """What a package needs, and whether every Python needs it."""
    for line in package.requires or ():
        what, _, marker = line.partition(";")
        name = _NAME.match(what.strip())
        if name and "extra" not in marker:
            yield name[0], not marker.strip()
