"""A cluster's objects for a driver: made, changed, listed and watched, in one namespace."""

import json
import sys
import time
from typing import Any, Callable, Dict, Iterator, List, Mapping, Protocol, Sequence, Tuple, TypeVar
from urllib.parse import quote

from rankzero.agent import api
from rankzero.agent.healing import pods
from rankzero.agent.healing.api import release

Object = Dict[str, Any]
#: Of kinds that are not in the core's group.
_VERSIONS = {
    "Job": "batch/v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}
#: So many are held in memory as a whole at once.
_PAGE = "100"
#: As a watch says that something was deleted.
GONE = "DELETED"
#: How long one watch lasts (seconds): another one goes on from where it ended.
_WATCH = 240
#: Between two tries at an API server that does not answer (seconds).
_AGAIN = 1.0
A = TypeVar("A")


class Objects(Protocol):
    """What a driver asks of a cluster, whoever it is there. Every method raises api.Unanswered and
    api.Denied."""

    def create(self, made: Mapping[str, Any]) -> Object:
        """Errors: also api.Taken where another one has its name."""

    def change(self, kind: str, name: str, change: Mapping[str, Any]) -> Object:
        """A merge patch. Errors: also api.Absent."""

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        """A JSON patch, which is done as a whole or not at all. Errors: also api.Absent, and
        api.Invalid where a test in it fails."""

    def every(self, kind: str, selector: str) -> Tuple[List[Object], str]:
        """All that the labels select, as `slim` has them, and the version of their list."""

    def changes(self, kind: str, selector: str, version: str) -> Iterator[Tuple[str, Object]]:
        """What has become of each after a version (`ADDED`, `MODIFIED`, GONE), as `slim` has it,
        until the server ends the watch. Errors: also api.Invalid where the version is too old."""

    def release(self, pod: Object) -> bool:
        """Take a pod that a dead machine holds out of the books; False where another had."""


def to_stderr(text: str) -> None:
    sys.stderr.write("rankzero: %s\n" % text)


class Patient:
    """The same, however long the API server takes to be there: every method but `changes` raises
    api.Denied, and api.Absent and api.Invalid, which no waiting helps. say: told why it waits."""

    def __init__(self, objects: Objects, say: Callable[[str], None] = to_stderr) -> None:
        self._objects, self._say = objects, say
        self.changes = objects.changes

    def create(self, made: Mapping[str, Any]) -> Object:
        return self._asked(lambda: self._objects.create(made))

    def change(self, kind: str, name: str, change: Mapping[str, Any]) -> Object:
        return self._asked(lambda: self._objects.change(kind, name, change))

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        return self._asked(lambda: self._objects.amend(kind, name, steps))

    def every(self, kind: str, selector: str) -> Tuple[List[Object], str]:
        return self._asked(lambda: self._objects.every(kind, selector))

    def release(self, pod: Object) -> bool:
        return self._asked(lambda: self._objects.release(pod))

    def _asked(self, ask: Callable[[], A]) -> A:
        said = ""
        while True:
            try:
                return ask()
            except (api.Absent, api.Invalid):
                raise
            except api.Unanswered as error:
                if str(error) != said:
                    said = str(error)
                    self._say("waits for the API server: %s" % said)
                time.sleep(_AGAIN)


class InPod(api.Api):
    """See Objects: as the account of this process's pod, in its own namespace."""

    def create(self, made: Mapping[str, Any]) -> Object:
        return self.call("POST", self._path(made["apiVersion"], made["kind"]), body=made)

    def change(self, kind: str, name: str, change: Mapping[str, Any]) -> Object:
        return self.call("PATCH", self._of(kind, name), body=change, kind=api.MERGE)

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        return self.call("PATCH", self._of(kind, name), body=steps, kind=api.STEPS)

    def every(self, kind: str, selector: str) -> Tuple[List[Object], str]:
        found: List[Object] = []
        query = {"labelSelector": selector, "limit": _PAGE}
        while True:
            answer = self.call("GET", self._of(kind), query)
            found.extend(slim(kind, one) for one in answer.get("items") or ())
            about = answer["metadata"]
            query["continue"] = about.get("continue", "")
            if not query["continue"]:
                return found, str(about["resourceVersion"])

    def changes(self, kind: str, selector: str, version: str) -> Iterator[Tuple[str, Object]]:
        query = {
            "labelSelector": selector,
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH),
        }
        patience = _WATCH + api.PATIENCE
        with api.Answer(self, "GET", self._of(kind), query, patience=patience) as answer:
            for line in iter(answer.line, b""):
                yield _changed(kind, line)

    def release(self, pod: Object) -> bool:
        return release(self, self._of("Pod", pods.name(pod)), pod)

    # -- inside

    def _of(self, kind: str, name: str = "") -> str:
        return self._path(_VERSIONS.get(kind, "v1"), kind, name)

    def _path(self, version: str, kind: str, name: str = "") -> str:
        base = "/apis/" + version if "/" in version else "/api/" + version
        plural = kind.lower()
        plural = plural[:-1] + "ies" if plural.endswith("y") else plural + "s"
        path = "%s/namespaces/%s/%s" % (base, quote(self.read("namespace"), safe=""), plural)
        return "%s/%s" % (path, quote(name, safe="")) if name else path


def _changed(kind: str, line: bytes) -> Tuple[str, Object]:
    try:
        said = json.loads(line)
        how, changed = said["type"], said["object"]
    except (ValueError, KeyError, TypeError) as error:
        raise api.Unanswered("a watch ends in the middle of a change: %s" % error) from error
    if how == "ERROR":
        raise api.Invalid("a watch ends: %s" % changed.get("message"))
    return str(how), slim(kind, changed)


def slim(kind: str, thing: Object) -> Object:
    """Of a Job or a pod, what a driver looks at: there may be thousands, and a whole one has some
    12 kB. Of all else everything."""
    if kind not in ("Job", "Pod"):
        return thing
    spec = thing.get("spec") or {}
    about = {key: value for key, value in thing["metadata"].items() if key != "managedFields"}
    kept = {key: spec[key] for key in ("suspend", "nodeName") if key in spec}
    return {**thing, "metadata": about, "spec": kept}
