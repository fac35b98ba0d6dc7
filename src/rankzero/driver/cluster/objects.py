"""A cluster's objects for a driver: made, changed, listed and watched, in its own namespace."""

import json
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple
from urllib.parse import quote

from rankzero.agent import api

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


class Objects(api.Api):
    """Every method raises api.Unanswered and api.Denied."""

    def create(self, made: Mapping[str, Any]) -> Object:
        """Errors: also api.Taken where another one has its name."""
        return self.call("POST", self._path(made["apiVersion"], made["kind"]), body=made)

    def change(self, kind: str, name: str, change: Mapping[str, Any]) -> Object:
        """A merge patch. Errors: also api.Absent."""
        return self.call("PATCH", self._of(kind, name), body=change, kind=api.MERGE)

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        """A JSON patch, which is done as a whole or not at all. Errors: also api.Absent, and
        api.Invalid where a test in it fails."""
        return self.call("PATCH", self._of(kind, name), body=steps, kind=api.STEPS)

    def every(self, kind: str, selector: str) -> Tuple[List[Object], str]:
        """All that the labels select, as `slim` has them, and the version of their list."""
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
        """What has become of each after a version (`ADDED`, `MODIFIED`, GONE), until the server
        ends the watch. Errors: also api.Invalid where the version is too old."""
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
    kept = {key: spec[key] for key in ("suspend",) if key in spec}
    return {**thing, "metadata": about, "spec": kept}
