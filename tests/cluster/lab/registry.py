"""Pushing folders as images to the lab's registry, by its HTTP interface."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from .places import CACHE, REGISTRY
from .shell import LabError

TAG = "1"
_MADE_FROM = "rankzero.lab/made-from"
_OCI = "application/vnd.oci.image"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def full_name(name: str) -> str:
    return f"{REGISTRY}/{name}:{TAG}"


def made_from(name: str) -> str | None:
    """What an image in the registry was made from; None where it is not there, or lost a part."""
    try:
        manifest = json.loads(_call("GET", f"/v2/{name}/manifests/{TAG}"))
        for blob in (manifest["config"], *manifest["layers"]):
            _call("HEAD", f"/v2/{name}/blobs/{blob['digest']}")
    except _NotThere:
        return None
    return cast("str | None", manifest.get("annotations", {}).get(_MADE_FROM))


def push(root: Path, name: str, config: dict[str, Any], digest: str) -> str:
    """Push a folder as an image of one layer; the name to pull it by.

    config is the image's own (Cmd, Env, ...), digest says what it was made from.
    """
    with tempfile.TemporaryFile(dir=CACHE) as archive:
        packed = ("tar", "--numeric-owner", "--one-file-system", "-C", str(root), "-c", ".")
        subprocess.run(packed, check=True, stdout=archive)
        layer = {"mediaType": f"{_OCI}.layer.v1.tar", **_push_blob(name, archive)}
    settings = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    with tempfile.TemporaryFile() as text:
        text.write(json.dumps(settings).encode())
        described = {"mediaType": f"{_OCI}.config.v1+json", **_push_blob(name, text)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": described,
        "layers": [layer],
        "annotations": {_MADE_FROM: digest},
    }
    body = json.dumps(manifest).encode()
    _call("PUT", f"/v2/{name}/manifests/{TAG}", body, f"{_OCI}.manifest.v1+json")
    return full_name(name)


def _push_blob(name: str, data: IO[bytes]) -> dict[str, Any]:
    size = data.seek(0, 2)
    data.seek(0)
    counted = hashlib.sha256()
    while part := data.read(1 << 20):
        counted.update(part)
    data.seek(0)
    digest = f"sha256:{counted.hexdigest()}"
    place = _upload(name)
    joint = "&" if "?" in place else "?"
    _call("PUT", f"{place}{joint}digest={digest}", data, length=size)
    return {"digest": digest, "size": size}


class _NotThere(Exception):
    """The registry has no such thing."""


def _upload(name: str) -> str:
    """Where a new blob is to be put."""
    with _connected(seconds=30) as connection:
        connection.request("POST", f"/v2/{name}/blobs/uploads/", b"")
        answer = connection.getresponse()
        place = answer.headers.get("Location")
        if answer.status != 202 or place is None:
            raise LabError(f"the registry takes no upload for {name}: {answer.status}")
        return place[place.index("/v2/") :]


@contextlib.contextmanager
def _connected(seconds: float) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(REGISTRY, timeout=seconds)
    try:
        yield connection
    except OSError as error:
        raise LabError(
            f"the registry {REGISTRY} does not answer: {error}; is the lab up?"
        ) from None
    finally:
        connection.close()


def _call(
    method: str, path: str, body: object = None, kind: str = "", length: int | None = None
) -> bytes:
    headers = {"Content-Type": kind or "application/octet-stream"} if body is not None else {}
    if method == "GET":
        headers["Accept"] = f"{_OCI}.manifest.v1+json"
    if length is not None:
        headers["Content-Length"] = str(length)
    with _connected(seconds=300) as connection:
        connection.request(method, path, cast("bytes", body), headers)
        answer = connection.getresponse()
        text = answer.read()
    if answer.status == 404:
        raise _NotThere(path)
    if answer.status >= 300:
        raise LabError(f"{method} {path}: the registry says {answer.status}: {text[:300]!r}")
    return text
