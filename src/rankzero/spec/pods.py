"""What a job says of its pods beyond their image and size: volumes, secrets, tolerations, rights.

Keys of more than one word that are Kubernetes' own are spelt as it spells them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic import Strict as Strictness

from rankzero.spec import cluster_kinds, kinds
from rankzero.spec.strict import Strict

#: Where a volume may come from: exactly one of these.
SOURCES = ("claim", "host_path", "nfs", "empty_dir", "secret", "config_map")


class Source(Strict):
    """Where a volume comes from: what is there already, or, with a size, what is made if it is not
    there yet."""

    claim: cluster_kinds.ObjectName | None = Field(
        None,
        description="A PersistentVolumeClaim, by its name; with a size by default the volume's",
    )
    size: kinds.Memory | None = Field(
        None, description="The claim is made with this size where it is not there, such as 5Gi"
    )
    access: cluster_kinds.Access | None = Field(
        None,
        description="Who may mount it: once (the pods of one machine), many, or pod (one pod); by "
        "default many where several pods do",
    )
    storage_class: cluster_kinds.ObjectName | None = Field(
        None, alias="class", description="The StorageClass that makes it; by default the cluster's"
    )
    keep: bool = Field(
        True,
        description="Whether it stays; false: each run has one of its own, and takes it along",
    )
    host_path: cluster_kinds.HostPath | None = Field(
        None, description="A folder of the machine that a pod runs on"
    )
    nfs: cluster_kinds.NfsPath | None = Field(None, description="A server's folder: SERVER:/FOLDER")
    empty_dir: cluster_kinds.EmptyDir | None = Field(
        None, description="A new folder for each pod: true, or the most that it may hold"
    )
    secret: cluster_kinds.ObjectName | None = Field(
        None, description="A Secret, each of its keys a file"
    )
    config_map: cluster_kinds.ObjectName | None = Field(
        None, description="A ConfigMap, each of its keys a file"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        if sum(getattr(self, source) is not None for source in SOURCES) != 1:
            *others, last = SOURCES
            raise kinds.fault(
                f"must say one of {', '.join(others)} and {last}, or a size with which it is made",
                "whole",
            )
        said = [key for key, field in _MAKING.items() if getattr(self, field) not in (None, True)]
        if said and self.claim is None:
            raise kinds.fault(f"has {said[0]}, which only a claim knows", "whole")
        if said and self.size is None:
            raise kinds.fault(
                f"has {said[0]} without a size, with which alone it is made; add size: 5Gi", "whole"
            )
        return self

    @property
    def made(self) -> bool:
        """Whether it is made where it is not there."""
        return self.size is not None


#: How a claim is made, key by key; size is what says that it is.
_MAKING = {"size": "size", "access": "access", "class": "storage_class", "keep": "keep"}


class Volume(Source):
    """A folder that a role's pods see: where it comes from, and at which path."""

    path: cluster_kinds.MountPath = Field(description="Where it is mounted")
    read_only: bool = Field(False, description="Whether the pods may only read it")
    sub_path: cluster_kinds.InnerPath | None = Field(
        None, description="The part of the volume that is mounted"
    )


class SecretKey(Strict):
    """Where a variable's value lies: a key of a Secret."""

    secret: cluster_kinds.ObjectName = Field(description="The Secret's name")
    key: cluster_kinds.DataKey = Field(description="The key in it; by default the variable's name")


class EnvSource(Strict):
    """A whole object as environment variables, each of its keys one."""

    secret: cluster_kinds.ObjectName | None = Field(None, description="A Secret's name")
    config_map: cluster_kinds.ObjectName | None = Field(None, description="A ConfigMap's name")

    @model_validator(mode="after")
    def _one_source(self) -> EnvSource:
        if (self.secret is None) == (self.config_map is None):
            raise kinds.fault("must say one of secret and config_map", "whole")
        return self


class Toleration(Strict):
    """A taint that pods put up with, in Kubernetes' notation."""

    key: kinds.LabelKey | None = Field(None, description="The taint's key; without one, any")
    operator: Literal["Equal", "Exists"] = Field(
        "Equal", description="Exists takes any value of the key"
    )
    value: kinds.LabelValue | None = Field(None, description="The taint's value")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="The taint's effect; without one, any"
    )
    tolerationSeconds: kinds.Seconds | None = Field(  # noqa: N815 - Kubernetes' spelling
        None, description="How long a pod stays after a taint with NoExecute came"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Toleration:
        if self.key is None and self.operator != "Exists":
            raise kinds.fault("must have a key, or the operator Exists", "whole")
        if self.operator == "Exists" and self.value is not None:
            raise kinds.fault("must not have a value beside the operator Exists", "whole")
        if self.tolerationSeconds is not None and self.effect != "NoExecute":
            raise kinds.fault("has tolerationSeconds, which only NoExecute knows", "whole")
        return self


_Words = Annotated[tuple[kinds.Filled, ...], Strictness(False), Field(min_length=1)]


class Rule(Strict):
    """What a run's pods may do with the cluster's API: a rule of a Role, as Kubernetes has it."""

    apiGroups: Annotated[tuple[kinds.Text, ...], Strictness(False)] = Field(  # noqa: N815
        ("",), description='API groups; "" is that of pods'
    )
    resources: _Words = Field(description="Kinds of objects, such as pods or pods/log")
    verbs: _Words = Field(description="Such as get, list and watch")
    resourceNames: Annotated[tuple[kinds.Filled, ...], Strictness(False)] = Field(  # noqa: N815
        (), description="Only the objects of these names"
    )


#: `api: true`: who else takes part in the run, and how they are.
LOOKING = {"resources": ["pods"], "verbs": ["get", "list", "watch"]}

Volumes = dict[cluster_kinds.VolumeName, Volume]
Secrets = dict[cluster_kinds.Variable, SecretKey]
EnvSources = Annotated[tuple[EnvSource, ...], Strictness(False)]
Tolerations = Annotated[tuple[Toleration, ...], Strictness(False)]
Rules = Annotated[tuple[Rule, ...], Strictness(False)]
