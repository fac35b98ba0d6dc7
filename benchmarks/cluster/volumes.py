"""A folder to a volume and back, beside `kubectl cp` into a pod that has the same one mounted.

Half of it is one file, half many. rankzero's time holds the start of its helper pod, which
`kubectl cp` does not have to wait for: its pod runs already; without it is what the bytes took.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.lab.manifests import claim, pod, with_volume
from tests.cluster.lab.shell import until

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place
from benchmarks.pairs import ratio, table, take_turns

CLAIM, POD, MANY = "bench", "holder", 500
_MB = 1_000_000


def main(place: Place, options: Options) -> list[Goal]:
    source = _folder(place.folder / "source", options.megabytes)
    volume = claim(CLAIM)
    volume["spec"]["resources"]["requests"]["storage"] = "5Gi"
    place.admin.apply(volume, pod(POD, place.python, **with_volume(CLAIM)))
    until(
        "the pod that has it", lambda: place.admin.get("pod", POD)["status"]["phase"] == "Running"
    )
    work = _Work(place, source)
    rounds = options.rounds_or(2)
    print(f"{options.megabytes} MB, half in 1 file and half in {MANY}, {rounds} rounds")
    taken = take_turns(work.contenders(), rounds, warm_up=0)
    for way in ("put", "get"):
        named = {name[4:]: values for name, values in taken.items() if name.startswith(way)}
        print(f" {way}")
        table(named, "kubectl cp", "s")
    ends = {way: ratio(taken, f"{way} without its start", f"{way} kubectl cp") for way in _WAYS}
    place.admin("delete", "pod", POD, "--wait=false")
    return [
        Goal(f"volume {way} over kubectl cp, without the helper's start", one, "<=", 1.0)
        for way, one in ends.items()
    ]


_WAYS = ("put", "get")


class _Work:
    """Each copy goes to a place of its own, so that none finds what is there already."""

    def __init__(self, place: Place, source: Path) -> None:
        self._place, self._source = place, source
        self._empty = place.folder / "empty"
        self._empty.mkdir()
        self._count, self._start = 0, 0.0

    def contenders(self) -> dict[str, Callable[[], float]]:
        return {
            "put kubectl cp": lambda: self._timed(self._cp_there),
            "put rankzero": lambda: self._timed(self._put),
            "put without its start": lambda: self._without_start("put"),
            "get kubectl cp": lambda: self._timed(self._cp_back),
            "get rankzero": lambda: self._timed(self._get),
            "get without its start": lambda: self._without_start("get"),
        }

    def _timed(self, work: Callable[[], Path | None]) -> float:
        self._count += 1
        began = time.perf_counter()
        came = work()
        self._last = time.perf_counter() - began
        if came is not None:
            assert _digest(came) == _digest(self._source), "what came is something else"
            shutil.rmtree(came)
        return self._last

    def _without_start(self, way: str) -> float:
        """The copy before, less one of an empty folder."""
        whole = self._last
        self._count += 1
        began = time.perf_counter()
        self._place.rankzero("volume", "put", self._empty, f"{CLAIM}:/empty", *self._how)
        return whole - (time.perf_counter() - began)

    @property
    def _how(self) -> tuple[str, str]:
        return "--image", self._place.python

    def _cp_there(self) -> None:
        self._place.admin("cp", self._source, f"{POD}:/data/cp-{self._count}", seconds=900)

    def _cp_back(self) -> Path:
        to = self._place.folder / f"cp-{self._count}"
        self._place.admin("cp", f"{POD}:/data/cp-1", to, seconds=900)
        return to

    def _put(self) -> None:
        self._place.rankzero("volume", "put", self._source, f"{CLAIM}:/{self._count}", *self._how)

    def _get(self) -> Path:
        to = self._place.folder / f"got-{self._count}"
        self._place.rankzero("volume", "get", f"{CLAIM}:/2", to, *self._how)
        return to


def _folder(folder: Path, megabytes: int) -> Path:
    """Bytes that nothing compresses."""
    (folder / "many").mkdir(parents=True)
    half = megabytes * _MB // 2
    with (folder / "one").open("wb") as file:
        for _ in range(half // _MB):
            file.write(os.urandom(_MB))
    for at in range(MANY):
        (folder / "many" / f"{at:04d}").write_bytes(os.urandom(half // MANY))
    return folder


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
