"""The agent as one file that any Python from 3.8 on runs: `python agent.zip CONFIG`."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

#: What of the package runs on a node, besides its own `__init__.py`.
TRAVELS = ("agent", "contracts", "driver", "script")
_PACKAGE = Path(__file__).parents[1]
_MAIN = """\
import sys

if sys.argv[1:2] == ["drive"]:
    from rankzero.driver.cluster.driving import main

    sys.exit(main())
from rankzero.agent.__main__ import main

main()
"""
#: A zip's clock begins here; any fixed time makes the same bytes of the same sources.
_BEGINNING = (1980, 1, 1, 0, 0, 0)
_UNIX, _PLAIN_FILE = 3, 0o100644 << 16


def agent_zip() -> bytes:
    """The sources, and a `__main__.py`. The same package gives the same bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        add(archive, "__main__.py", _MAIN.encode())
        for name, path in sorted(_sources().items()):
            add(archive, name, path.read_bytes())
    return whole.getvalue()


def _sources() -> dict[str, Path]:
    """The files by their names in the archive."""
    paths = [_PACKAGE / "__init__.py"]
    for part in TRAVELS:
        paths.extend((_PACKAGE / part).rglob("*.py"))
    return {f"rankzero/{path.relative_to(_PACKAGE).as_posix()}": path for path in paths}


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """A file that is the same bytes whoever packs it, and when."""
    entry = zipfile.ZipInfo(name, _BEGINNING)
    entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
