"""Which fields of a cluster's objects are wanted where thousands are read: all others are skipped
before they become objects, and that is most of a pod.

What is there is as it came, in plain dictionaries (null is a time that never came); what is absent,
and what no shape names, is not in them.
"""

from __future__ import annotations

from typing import TypedDict


class Metadata(TypedDict, total=False):
    name: str
    namespace: str
    uid: str
    resourceVersion: str
    creationTimestamp: str
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


class _PodStatus(TypedDict, total=False):
    phase: str
    reason: str
    message: str
    podIP: str
    startTime: str | None
    conditions: list[Condition]
    initContainerStatuses: list[_Container]
    containerStatuses: list[_Container]


class Pod(TypedDict, total=False):
    """Where a pod is and how it fares; not what it was made of."""

    metadata: Metadata
    spec: _PodSpec
    status: _PodStatus


class _JobSpec(TypedDict, total=False):
    suspend: bool
    completions: int
    parallelism: int


class _JobStatus(TypedDict, total=False):
    conditions: list[Condition]
    startTime: str | None
    completionTime: str | None


class Job(TypedDict, total=False):
    """What a run was asked for, in annotations, and how it ended; not its pods' template."""

    metadata: Metadata
    spec: _JobSpec
    status: _JobStatus


class _ListMetadata(TypedDict, total=False):
    resourceVersion: str


class Pods(TypedDict, total=False):
    metadata: _ListMetadata
    items: list[Pod]


class Jobs(TypedDict, total=False):
    metadata: _ListMetadata
    items: list[Job]


class _PodChange(TypedDict):
    type: str
    object: Pod


class _JobChange(TypedDict):
    type: str
    object: Job


#: Of a list, and of a line of a watch, by the kind of what is in them.
LISTS: dict[str, type] = {"Pod": Pods, "Job": Jobs}
CHANGES: dict[str, type] = {"Pod": _PodChange, "Job": _JobChange}
