"""A Job that was written by hand, as a peer: applied, awaited, read and taken away by kubectl."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import NamedTuple

from benchmarks.cluster.place import Place
from benchmarks.commands import SCRIPTS

_MANIFESTS = Path(__file__).parent / "peers"
#: How long a peer may take to its end (seconds).
_PATIENCE = 180


class Ended(NamedTuple):
    """applied and ended: when `kubectl apply` was started, and when the Job's status said that it
    was complete (seconds since the epoch). log: what its pods printed."""

    applied: float
    ended: float
    log: str


@contextmanager
def completed(
    place: Place, manifest: str, script: str, image: str, retries: int = 0, restart: str = "Never"
) -> Iterator[Ended]:
    """The Job of a manifest with a script, run to its end; all of it is gone after the block."""
    name = f"peer-{secrets.token_hex(2)}"
    text = render(
        manifest,
        name=name,
        namespace=place.admin.namespace,
        image=image,
        path=f"/code/{script}",
        script=as_data(script, (SCRIPTS / script).read_text(encoding="utf-8")),
        retries=str(retries),
        restart=restart,
    )
    path = place.folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    kubectl = place.admin
    try:
        applied = time.time()
        kubectl("apply", "-f", path)
        limit = f"--timeout={_PATIENCE}s"
        kubectl("wait", "--for=condition=complete", f"job/{name}", limit, seconds=_PATIENCE + 10)
        ended = time.time()
        log = kubectl("logs", "--selector", f"job-name={name}", "--tail=-1")
        yield Ended(applied, ended, log)
    finally:
        kubectl("delete", "-f", path, "--ignore-not-found", "--cascade=foreground")


def render(manifest: str, **values: str) -> str:
    """The manifest of a peer, with values in the places of `$name`, `$image` and so on."""
    return Template((_MANIFESTS / manifest).read_text(encoding="utf-8")).substitute(values)


def as_data(name: str, text: str) -> str:
    """A file as an entry of a ConfigMap's data."""
    lines = "".join(f"    {line}" if line.strip() else line for line in text.splitlines(True))
    return f"{name}: |\n{lines}"
