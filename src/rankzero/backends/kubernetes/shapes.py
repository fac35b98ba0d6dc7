"""Which fields of a cluster's objects are wanted where thousands are read: all others are skipped
before they become objects, and that is most of a pod.

What is there is as it came, in plain dictionaries (null is a time that never came); what is absent,
and what no shape names, is not in them. A watch's bookmark is an object with a version and nothing
else: what every object has is null there.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Metadata(TypedDict, total=False):
    name: str
    namespace: str
    uid: str
    resourceVersion: str
    creationTimestamp: str | None
    deletionTimestamp: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Condition(TypedDict, total=False):
    type: str
    status: str
    reason: str
    message: str
    lastTransitionTime: str | None


class _Waiting(TypedDict, total=False):
    reason: str
    message: str


class _Running(TypedDict, total=False):
    startedAt: str | None


class _Terminated(TypedDict, total=False):
    exitCode: int
    signal: int
    reason: str
    message: str
    startedAt: str | None
    finishedAt: str | None


class _State(TypedDict, total=False):
    waiting: _Waiting
    running: _Running
    terminated: _Terminated


class _Container(TypedDict, total=False):
    name: str
    ready: bool
    restartCount: int
    state: _State
    lastState: _State


class _PodSpec(TypedDict, total=False):
    nodeName: str


class _Resources(TypedDict, total=False):
    requests: dict[str, str]
    limits: dict[str, str]


class _Asked(TypedDict, total=False):
    name: str
    image: str
    resources: _Resources


class _Toleration(TypedDict, total=False):
    key: str
    operator: str
    value: str
    effect: str


class _ClaimName(TypedDict, total=False):
    claimName: str


class _Volume(TypedDict, total=False):
    persistentVolumeClaim: _ClaimName


class _WholeSpec(_PodSpec, total=False):
    """Of a watch's bookmark, which is an object without content, some of it is null."""

    nodeSelector: dict[str, str]
    tolerations: list[_Toleration]
    containers: list[_Asked] | None
    volumes: list[_Volume]


class _PodStatus(TypedDict, total=False):
    phase: str
    reason: str
    message: str
    podIP: str
    hostIP: str
    startTime: str | None
    conditions: list[Condition]
    initContainerStatuses: list[_Container]
    containerStatuses: list[_Container]


class Pod(TypedDict, total=False):
    """Where a pod is and how it fares; not what it was made of."""

    metadata: Metadata
    spec: _PodSpec
    status: _PodStatus


class AskedPod(TypedDict, total=False):
    """As `Pod`, and what it asks for: why it does not begin is told by that."""

    metadata: Metadata
    spec: _WholeSpec
    status: _PodStatus


class _JobSpec(TypedDict, total=False):
    suspend: bool
    completions: int
    parallelism: int


class _JobStatus(TypedDict, total=False):
    conditions: list[Condition]
    startTime: str | None
    completionTime: str | None
    ready: int
    succeeded: int


class Job(TypedDict, total=False):
    """What a run was asked for, in annotations, and how it ended; not its pods' template."""

    metadata: Metadata
    spec: _JobSpec
    status: _JobStatus


class _About(TypedDict, total=False):
    kind: str
    name: str


class _Series(TypedDict, total=False):
    lastObservedTime: str | None


class Event(TypedDict, total=False):
    """What is said of which object, and when."""

    metadata: Metadata
    involvedObject: _About
    reason: str
    message: str
    firstTimestamp: str | None
    lastTimestamp: str | None
    eventTime: str | None
    series: _Series | None


class _ListMetadata(TypedDict, total=False):
    resourceVersion: str


class Pods(TypedDict, total=False):
    metadata: _ListMetadata
    items: list[Pod]


class Jobs(TypedDict, total=False):
    metadata: _ListMetadata
    items: list[Job]


class AskedPods(TypedDict, total=False):
    metadata: _ListMetadata
    items: list[AskedPod]


class Events(TypedDict, total=False):
    metadata: _ListMetadata
    items: list[Event]


class _Whole(TypedDict, total=False):
    """Of what there are few of, all is read."""

    metadata: _ListMetadata
    items: list[dict[str, Any]]


#: Of a list, and of one thing that a watch tells of, by the kind.
LISTS: dict[str, type] = {
    "Pod": AskedPods,
    "Job": Jobs,
    "Event": Events,
    "Deployment": _Whole,
    "ReplicaSet": _Whole,
}
ONES: dict[str, type] = {
    "Pod": AskedPod,
    "Job": Job,
    "Event": Event,
    "Deployment": dict,
    "ReplicaSet": dict,
}
