"""A folder of 80 MB that travels as layers of an image, until both nodes' ranks begin: new, again,
and after a changed line; beside `kubectl cp` into two pods that run already.

Bytes that nothing compresses, most of them in one file. Each round has others, so that neither the
registry nor a machine has them when they are called new. Ranks and what stands for them tell the
moment at which they begin.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.lab.manifests import pod
from tests.cluster.lab.places import REGISTRY
from tests.cluster.lab.shell import until

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place
from benchmarks.pairs import ratio, table, take_turns

_MB, _LARGE, _MANY = 1_000_000, 70, 200
_PODS = ("holder-0", "holder-1")
_SAYS = "import time\nprint('at', time.time())\n"


def main(place: Place, options: Options) -> list[Goal]:
    for number, name in enumerate(_PODS):
        place.admin.apply(pod(name, place.python, nodeName=_machines(place)[number]))
    for name in _PODS:
        until(f"{name} to run", lambda name=name: _phase(place, name) == "Running")
    work = _Work(place)
    rounds = options.rounds_or(3)
    print(f"{_LARGE} MB in 1 file and 10 in {_MANY}, two nodes, {rounds} rounds")
    taken = take_turns(work.contenders(), rounds, warm_up=0)
    table(taken, "kubectl cp", "s")
    for name in _PODS:
        place.admin("delete", "pod", name, "--wait=false")
    # A copy needs pods that run: who has none starts a run without the data first.
    taken["a copy, with a start"] = [
        sum(both) for both in zip(taken["kubectl cp"], taken["without data"], strict=True)
    ]
    new, again = ratio(taken, "new", "a copy, with a start"), ratio(taken, "again", "without data")
    return [
        Goal("80 MB as layers, new, over kubectl cp and the start of pods", new, "<=", 1.0),
        Goal("80 MB as layers, again, over the same run without data", again, "<=", 1.5),
    ]


class _Work:
    def __init__(self, place: Place) -> None:
        self._place, self._work = place, place.folder / "layers"
        self._count = 0

    def contenders(self) -> dict[str, Callable[[], float]]:
        return {
            "kubectl cp": self._copied,
            "without data": self._without,
            "new": self._run,
            "again": self._run,
            "a changed line": self._changed,
        }

    def _copied(self) -> float:
        """Of a new folder, which the others have too."""
        self._renew()
        self._count += 1
        to = f"/tmp/{self._count}"
        began, ends = time.time(), list[float]()

        def copy(name: str) -> None:
            self._place.admin("cp", self._work, f"{name}:{to}", seconds=300)
            start = f"cd {to} && python3 train.py"
            ends.append(_moment(self._place.admin("exec", name, "--", "sh", "-c", start)))

        threads = [threading.Thread(target=copy, args=(name,)) for name in _PODS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ends) == len(_PODS)
        return max(ends) - began

    def _without(self) -> float:
        (self._work / ".rankzeroignore").write_text("data/\n")
        took = self._run()
        (self._work / ".rankzeroignore").unlink()
        return took

    def _run(self) -> float:
        words = ("run", "train.py", "--nodes", "2", "--image", self._place.python)
        to = ("--registry", f"http://{REGISTRY}/bench/code")
        said = self._place.rankzero(*words, *to, cwd=self._work)
        return _moment(said.text) - said.began

    def _changed(self) -> float:
        (self._work / "train.py").write_text(f"{_SAYS}# {time.time_ns()}\n")
        return self._run()

    def _renew(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        data = self._work / "data"
        data.mkdir(parents=True)
        (self._work / "train.py").write_text(_SAYS)
        _random(data / "set.bin", _LARGE * _MB)
        for number in range(_MANY):
            _random(data / f"{number:03d}", 10 * _MB // _MANY)


def _moment(said: str) -> float:
    """The last that was told."""
    return max(float(one) for one in re.findall(r"\bat ([0-9.]+)", said))


def _random(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for at in range(0, size, _MB):
            file.write(os.urandom(min(_MB, size - at)))


def _machines(place: Place) -> list[str]:
    return [one["metadata"]["name"] for one in place.admin.get("nodes")["items"]][:2]


def _phase(place: Place, name: str) -> str:
    return str(place.admin.get("pod", name)["status"].get("phase"))
