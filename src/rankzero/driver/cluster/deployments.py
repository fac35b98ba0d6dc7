"""What holds for a service's Deployment, whoever makes or changes it: the command, or the driver of
a pipeline. Pure.
"""

import contextlib
import json
import os
import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Set

from rankzero.agent.server import NO_MODEL

#: Of a service's objects and pods: its name. No command takes these for a run's.
SERVICE = "rankzero/service"
#: The one container of a service's pods.
CONTAINER = "server"
#: Annotations of a service's Deployment, which its ReplicaSets take over: what was asked for, what
#: of it was new, and when (seconds since the epoch), for each version.
REQUEST, CHANGED, UPDATED = "rankzero/request", "rankzero/changed", "rankzero/updated"
#: An annotation: the name of the pipeline whose step it is.
OF = "rankzero/of-pipeline"
#: Kubernetes' own, of a ReplicaSet: the number of its version, and the label by which it goes.
REVISION, HASH = "deployment.kubernetes.io/revision", "pod-template-hash"

Object = Mapping[str, Any]
#: Of a version that is gone back to, with what was wrong with the one that it follows.
_BACK = re.compile(r"undone, back to version \d+: ")
#: So many versions before the one that serves are kept where nothing else is said.
_HISTORY = 10
#: So often a server may end before it was ready.
_MOST_ENDS = 3
#: Of what a pod says, so much is told.
_LONGEST = 300


def notes(request: str, changed: str, now: float) -> Dict[str, str]:
    """A version's annotations. request: as JSON; changed: what of it is new; now: in seconds since
    the epoch."""
    return {REQUEST: request, CHANGED: changed, UPDATED: repr(now)}


def owner_of(made: Object) -> Dict[str, str]:
    """The reference with which it owns what goes with it."""
    meta = made["metadata"]
    head = {"apiVersion": "apps/v1", "kind": "Deployment"}  # which a list's items leave out
    return {**head, "name": meta["name"], "uid": meta["uid"]}


def note(made: Object, name: str) -> Optional[str]:
    return (made["metadata"].get("annotations") or {}).get(name)


def made_by(made: Object, pipeline: str) -> str:
    """Who else has made it, in words; empty where a run of this pipeline has."""
    whose = note(made, OF)
    if whose == pipeline:
        return ""
    return "the pipeline %s" % whose if whose else "somebody"


def done(made: Object) -> bool:
    """Whether the newest version serves with all its pods, and no other one does."""
    status, wanted = made.get("status", {}), int(made["spec"].get("replicas", 1))
    if int(status.get("observedGeneration") or 0) < int(made["metadata"].get("generation") or 0):
        return False
    there, new = int(status.get("replicas") or 0), int(status.get("updatedReplicas") or 0)
    return there == new == wanted and int(status.get("availableReplicas") or 0) >= wanted


def hopeless(pods: Iterable[Object]) -> bool:
    """Whether a server has ended so often that it will not become ready, or lacks its model."""
    return any(
        one.get("restartCount", 0) >= _MOST_ENDS or said_of(_lines(one), NO_MODEL)
        for one in _not_ready(pods)
    )


def last_words(pods: Iterable[Object]) -> str:
    """What those that are not ready say of it, in one line; empty where they say nothing."""
    for one in _not_ready(pods):
        waits = one["state"].get("waiting") or {}
        lines = _lines(one) or [waits.get("message") or waits.get("reason") or ""]
        said = _load_failed(lines) or lines[-1]
        if said:
            return said[:_LONGEST]
    return ""


def _lines(container: Object) -> List[str]:
    """The last ones of a container that has ended."""
    states = (container.get("lastState", {}), container["state"])
    ended: Object = next((one["terminated"] for one in states if "terminated" in one), {})
    text = ended.get("message") or ""
    return [line.strip() for line in text.split("\n") if line.strip()]


def said_of(lines: Iterable[str], kind: str) -> Dict[str, Any]:
    """What a model server says of such a kind (`load-failed`); empty where it says nothing."""
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            said: Dict[str, Any] = json.loads(line)
            if said.get("kind") == kind:
                return said
    return {}


def _load_failed(lines: Iterable[str]) -> str:
    missing, failed = said_of(lines, NO_MODEL), said_of(lines, "load-failed")
    if missing:
        return str(missing.get("message"))
    if not failed:
        return ""
    said = "%s: %s" % (failed.get("type"), failed.get("message"))
    frames = failed.get("frames") or ()
    where = frames[-1] if frames else None
    return "%s (%s:%s)" % (said, os.path.basename(where["file"]), where["line"]) if where else said


def _not_ready(pods: Iterable[Object]) -> Iterator[Object]:
    """Their containers."""
    for pod in pods:
        for one in pod.get("status", {}).get("containerStatuses") or ():
            if not one["ready"] and "deletionTimestamp" not in pod["metadata"]:
                yield one


def revision(made: Object) -> int:
    """The number of a version: of a ReplicaSet, or of what a Deployment serves."""
    return int(note(made, REVISION) or 0)


def before(sets: Iterable[Object], by: str) -> Optional[Object]:
    """Of a Deployment's ReplicaSets the newest that was not made as its version says (CHANGED);
    None for the first. Of a version that was put there a moment ago the Deployment's number is
    still that of the one before, which therefore tells nothing."""
    found = list(sets)
    bad = taken_back(found)
    others = [one for one in found if revision(one) and note(one, CHANGED) != by]
    served = [one for one in others if revision(one) not in bad]
    return max(served or others, key=revision, default=None)


def taken_back(sets: Iterable[Object]) -> Set[int]:
    """The versions that did not serve, and were gone back from for that: the next one says so."""
    back = [one for one in sets if _BACK.match(note(one, CHANGED) or "")]
    return {revision(one) - 1 for one in back}


def outlived(sets: Iterable[Object], made: Object) -> List[str]:
    """The ConfigMaps of versions that go now because another one has come, as far as no other
    version has them. sets: the ReplicaSets as they were before; made: the Deployment as it is."""
    others = [one for one in sets if note(one, REQUEST) != note(made, REQUEST)]
    newest_first = sorted(others, key=revision, reverse=True)
    at = int(made["spec"].get("revisionHistoryLimit", _HISTORY))
    used = {name for one in (*newest_first[:at], made) for name in _config_maps(one)}
    return sorted({name for one in newest_first[at:] for name in _config_maps(one)} - used)


def _config_maps(made: Object) -> Iterator[str]:
    """Those that travelled for what was asked for."""
    asked = json.loads(note(made, REQUEST) or "{}")
    for what in ("program", "code", "weights"):
        sent = asked.get(what) or {"name": "", "parts": 0}
        for at in range(sent["parts"]):
            yield "%s-%d" % (sent["name"], at)


def template_of(replica_set: Object) -> Dict[str, Any]:
    """A version's pods, as a Deployment has them."""
    template = dict(replica_set["spec"]["template"])
    labels = {key: one for key, one in template["metadata"]["labels"].items() if key != HASH}
    template["metadata"] = dict(template["metadata"], labels=labels)
    return template


def undone(replica_set: Object, why: str = "") -> str:
    """What a version that is gone back to says of itself."""
    back = "undone, back to version %d" % revision(replica_set)
    return "%s: %s" % (back, why) if why else back


def putting(
    made: Object, template: Mapping[str, Any], said: Mapping[str, str]
) -> List[Dict[str, Any]]:
    """The JSON patch that puts a version in the place of another, as long as nobody else has. said:
    its annotations."""
    about = made["metadata"]
    version = {"op": "test", "path": "/metadata/resourceVersion", "value": about["resourceVersion"]}
    return [
        version,
        {"op": "replace", "path": "/spec/template", "value": dict(template)},
        *(
            {"op": "add", "path": "/metadata/annotations/" + name.replace("/", "~1"), "value": text}
            for name, text in said.items()
        ),
    ]
