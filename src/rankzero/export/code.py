"""The user's folder as a ConfigMap."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rankzero.errors import BadRequest
from rankzero.export import own
from rankzero.export.model import Code
from rankzero.export.text import Octal, Page, fits_block

#: What a ConfigMap holds, in bytes.
MOST = 1024 * 1024
#: What to do about more.
SMALLER = (
    "Name what is no code in .rankzeroignore; or build an image with the code, rankzero image "
    "build -t REGISTRY/NAME:TAG, and say where it lies there: --image IMAGE --code-folder /app"
)
#: Above this `kubectl apply` has no room for its copy, and the server has to apply.
MOST_APPLIED = 180 * 1024
_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def code_of(files: Mapping[str, bytes], programs: frozenset[str] = frozenset()) -> Code:
    """files: by their names in the folder, with `/`. Errors: BadRequest where a ConfigMap
    cannot have one's name."""
    _check(list(files))
    texts, binaries, uses = dict[str, str](), dict[str, bytes](), set[str]()
    for name, content in sorted(files.items()):
        text = _text(content)
        if text is None:
            binaries[name] = content
        else:
            texts[name] = text
            uses |= own.named(text) if name.endswith((".py", ".sh")) else set()
    return Code(texts, binaries, programs, frozenset(uses))


def _check(names: Sequence[str]) -> None:
    bad = [name for name in names if not _KEY.fullmatch(key(name)) or key(name).startswith("..")]
    if bad:
        raise BadRequest(
            f"a ConfigMap cannot hold files of these names: {', '.join(bad[:5])}",
            "Rename them (letters, digits, -, _ and .), or name them in .rankzeroignore.",
        )
    counts = Counter(map(key, names))
    twice = [name for name in names if counts[key(name)] > 1]
    if twice:
        raise BadRequest(
            f"in a ConfigMap, which has no folders, these would be one file: {', '.join(twice)}",
            "Rename one, or name it in .rankzeroignore.",
        )


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if fits_block(text) else None


def config_map_name(name: str) -> str:
    """name: of the job."""
    return f"{name}-code"


def key(name: str) -> str:
    """A ConfigMap has no folders."""
    return name.replace("/", "--")


def source(code: Code, name: str) -> dict[str, Any]:
    """The volume of it. name: of the job."""
    items = [
        {
            "key": key(one),
            "path": one,
            **({"mode": Octal(0o755)} if one in code.programs else {}),
        }
        for one in code.names
    ]
    plain = all(item == {"key": item["path"], "path": item["path"]} for item in items)
    return {"name": config_map_name(name), **({} if plain else {"items": items})}


def config_map(code: Code, name: str, labels: Mapping[str, str], page: Page) -> dict[str, Any]:
    """The ConfigMap itself, its files as they are."""
    texts = {key(one): page.block(text) if text else "" for one, text in code.texts.items()}
    binaries = {
        key(one): base64.b64encode(content).decode() for one, content in code.binaries.items()
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": config_map_name(name), "labels": dict(labels)},
        **({"data": texts} if texts else {}),
        **({"binaryData": binaries} if binaries else {}),
    }


def folder(code: Code | None) -> dict[str, str | bytes]:
    """The files themselves, below `code/`."""
    if code is None:
        return {}
    files: dict[str, str | bytes] = {**code.texts, **code.binaries}
    return {f"code/{name}": content for name, content in files.items()}
