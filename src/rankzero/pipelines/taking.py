"""What an attempt has left is taken: checked, and made artifacts and values.

Also a process of its own, for what is so much that a driver must not wait for it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rankzero.agent.artifacts import BadOutput, value
from rankzero.backends.local.inherited import interpreter
from rankzero.driver.facts import Output, outputs_of, plain
from rankzero.driver.graph import PATH
from rankzero.driver.walk import Result
from rankzero.pipelines import content
from rankzero.pipelines.store import Store

#: More than this takes a disk a second or so (bytes).
_LARGE = 64 * 1024 * 1024
#: In an attempt's folder, what such a process has to say.
_RESULT = "taken.json"


def is_large(gives: Mapping[str, str], folder: Path) -> bool:
    """Whether an attempt's outputs take longer than a moment. folder: of the attempt."""
    paths = (folder / "outputs" / name for name, kind in gives.items() if kind == PATH)
    try:
        return sum(map(content.weight, paths)) > _LARGE
    except OSError:
        return False


def take(artifacts: Store, gives: Mapping[str, str], folder: Path) -> Result:
    """The attempt's result: its outputs, or what is wrong with them."""
    taken: dict[str, Output] = {}
    for name, kind in gives.items():
        path = folder / "outputs" / name
        try:
            if not os.path.lexists(path):
                raise BadOutput(f"was not written: {path}")
            taken[name] = artifacts.take(path) if kind == PATH else value(str(path))
        except BadOutput as error:
            return Result(cause=f"its output `{name}` {error}", final=True)
        except OSError as error:
            return Result(cause=f"its output `{name}` cannot be kept: {error.strerror}")
    return Result(outputs=taken)


def command(artifacts: Store, gives: Mapping[str, str], folder: Path) -> list[str]:
    """The argv of a process that does it."""
    what = json.dumps([str(artifacts.root), dict(gives), str(folder)])
    return [*interpreter("rankzero.pipelines.taking"), what]


def main() -> None:
    root, gives, folder = json.loads(sys.argv[1])
    result = take(Store(Path(root)), gives, Path(folder))
    data = dict(result._asdict())
    if result.outputs is not None:
        data["outputs"] = plain(result.outputs)
    text = json.dumps(data)
    Path(folder, _RESULT).write_text(text, encoding="utf-8")


def result(folder: Path) -> Result:
    """What such a process has said."""
    try:
        data = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Result(cause="its outputs cannot be kept: whoever took them has died")
    if data["outputs"] is not None:
        data["outputs"] = outputs_of(data["outputs"])
    return Result(**data)
