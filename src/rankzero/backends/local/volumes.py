"""Named volumes of this machine, see `backends.volumes`: folders, with the words of a cluster."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero.agent import volume as agent
from rankzero.agent.interpreter import root
from rankzero.agent.worded import in_words
from rankzero.backends.base import Helper
from rankzero.backends.local.folder import Runs
from rankzero.backends.local.folders import Folders
from rankzero.backends.local.services.folder import Services
from rankzero.backends.moving import brought, sent
from rankzero.backends.viewer import Lost
from rankzero.backends.volumes import SERVICE, Made, Moved, Proof, Say, VolumeInfo, absent, in_use
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import claims
from rankzero.plan.kubernetes.services.sending import ON_VOLUME

if TYPE_CHECKING:
    from rankzero.spec.pods import Source

_BLOCK = 1024 * 1024


class LocalVolumes:
    def __init__(self, home: Path | None = None) -> None:
        self._folders, self._runs = Folders(home), Runs(home)
        self._services = Services(home)

    def all(self) -> list[VolumeInfo]:
        return list(self._infos())

    def make(self, name: str, source: Source) -> Made:
        wanted = claims.claim(name, source)
        if self._folders.make(wanted):
            return Made(True, "Bound")
        there = self._folders.claim(name)
        if there is not None and (fault := claims.differs(there, wanted)):
            raise BadRequest(f"the volume {name} {fault}; nothing was changed.")
        return Made(False, "Bound")

    def remove(self, name: str, *, force: bool = False) -> None:
        self._known(name)
        users = self._users(name)
        if users:
            raise in_use(name, users)
        self._folders.remove(name)

    def check(self, source: Source, helper: Helper) -> Proof:
        began = time.monotonic()
        name = f"check-{os.getpid()}"
        wanted = claims.claim(name, source)
        self._folders.make(wanted)
        try:
            folder = self._folders.data(name)
            try:
                (folder / "proof").write_bytes(b"written")
                assert (folder / "proof").read_bytes() == b"written"
            except OSError as error:
                raise Refused(f"a volume here cannot be written: {in_words(error)}") from error
            free = agent.free(str(folder))
        finally:
            self._folders.remove(name)
        access = wanted["spec"]["accessModes"][0]
        return Proof("local", "", access, time.monotonic() - began, free)

    def put(self, source: Path, name: str, path: str, tell: Say, helper: Helper) -> Moved:
        folder = self._known(name)
        return sent(partial(Beside, "take", folder, path), source, name, path, tell)

    def get(self, name: str, path: str, to: Path, tell: Say, helper: Helper) -> Moved:
        folder = self._known(name)
        return brought(partial(Beside, "give", folder, path), name, path, to, tell)

    # -- inside

    def _infos(self) -> Iterator[VolumeInfo]:
        for name in self._folders.names():
            claim = self._folders.claim(name)
            if claim is None:
                continue
            spec = claim["spec"]
            yield VolumeInfo(
                name,
                str(spec["resources"]["requests"]["storage"]),
                str(spec.get("storageClassName", "")),
                tuple(spec["accessModes"]),
                "Bound",
                tuple(self._users(name)),
                "local",
                self._folders.data(name).parent.stat().st_mtime,
            )

    def _known(self, name: str) -> Path:
        known = list(self._folders.names())
        if name not in known:
            raise absent(name, known, "local")
        return self._folders.data(name)

    def _users(self, name: str) -> list[str]:
        """Runs that go on and have it in their environment, or their outputs on it; services that
        mount it, or have their model there."""
        data = self._folders.data(name)
        found = []
        for folder in self._runs:
            with contextlib.suppress(Refused, KeyError):
                if folder.alive() and any(_uses(node, data) for node in folder.plan()["nodes"]):
                    found.append(folder.run)
        for service in self._services:
            with contextlib.suppress(Refused):
                if _served_from(service.record().version.request, name):
                    found.append(SERVICE + service.name)
        return found


def _uses(node: dict[str, object], data: Path) -> bool:
    env = node["env"]
    places = [str(node["outputs"])]
    if isinstance(env, dict):
        places += [str(v) for k, v in env.items() if k.startswith("RANKZERO_VOLUME_")]
    return any(Path(place).is_relative_to(data) for place in places)


def _served_from(request: Mapping[str, Any], name: str) -> bool:
    claims = [one.get("claim") for one in (request.get("volumes") or {}).values()]
    model = str(request.get("model") or "")
    on = model.startswith(ON_VOLUME) and model.removeprefix(ON_VOLUME).partition("/")[0]
    return name in (on, *claims)


class Beside:
    """The agent's verb in a process of this machine, as a stream."""

    def __init__(self, verb: str, folder: Path, path: str, python: str = sys.executable) -> None:
        start = "from rankzero.agent.__main__ import main; main()"
        boot = f"import sys; sys.path[0] = {root()!r}; {start}"
        argv = [python, "-c", boot, "volume", verb, str(folder), path]
        self._process = subprocess.Popen(  # noqa: S603
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise Lost(f"the other side has ended: {in_words(error)}") from error

    def receive(self, timeout: float | None) -> bytes:
        assert self._process.stdout is not None
        try:
            here = self._process.stdout.fileno()
            if timeout is not None and not select.select([here], [], [], timeout)[0]:
                raise TimeoutError
            block = os.read(here, _BLOCK)
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise Lost(f"it was closed: {in_words(error)}") from error
        if not block:
            raise Lost("the other side has ended")
        return block

    def cut(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self.cut()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
