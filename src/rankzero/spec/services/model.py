"""The request for a service, checked. One model for the command line, files and Python."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from rankzero.spec import cluster_kinds, kinds, pods, units
from rankzero.spec.model import NVIDIA, Nodes
from rankzero.spec.strict import Strict

#: The most pods of one service.
MOST = 10_000


def _replicas(value: object) -> int:
    number = units.whole(value)
    if number is None or not 0 <= number <= MOST:
        raise ValueError(f"must be a number of replicas, 0 to {MOST:,}")
    return number


def _percent(value: object) -> int:
    number = units.whole(value.removesuffix("%") if isinstance(value, str) else value)
    if number is None or not 1 <= number <= 100:
        raise ValueError("must be a percentage of the processors asked for, such as 70%")
    return number


def _node_port(value: object) -> int:
    number = units.whole(value)
    if number is None or not 1 <= number <= 65535:
        raise ValueError("must be a port, 1 to 65535; most clusters give 30000 to 32767")
    return number


Replicas = Annotated[int, PlainValidator(kinds.by(_replicas))]
Percent = Annotated[int, PlainValidator(kinds.by(_percent))]
NodePort = Annotated[int, PlainValidator(kinds.by(_node_port))]
Path = Annotated[str, AfterValidator(kinds.matching(r"/[!-~]*", "must be a path such as /healthz"))]
Expose = Literal["ClusterIP", "NodePort", "LoadBalancer"]


class Sent(Strict):
    """What has travelled, as it lies in the cluster. name: what its ConfigMaps' names begin with;
    digest: of all of it; parts: how many ConfigMaps it takes; file: its name, of a single one."""

    name: str
    digest: str
    parts: int
    file: str = ""


def _token(value: object) -> object:
    """`SECRET/KEY`; the key is `token` unless it is said."""
    if not isinstance(value, str):
        return value
    secret, _, key = value.partition("/")
    return {"secret": secret, "key": key or "token"}


class Service(Strict):
    """A service, as `rankzero serve deploy` asks for it. image and port: None where nothing was
    said of them, which only this machine can do with."""

    name: kinds.Name = Field(description="Its name, which is a name in the cluster's DNS too")
    image: kinds.Filled | None = Field(None, description="Container image, on a cluster")
    command: kinds.Texts = Field((), description="What runs, instead of what the image would")
    predictor: kinds.Filled | None = Field(
        None, description="A class that is served, such as app.py:Predictor"
    )
    model: kinds.Filled | None = Field(None, description="Where the predictor's model lies")
    python: kinds.Filled | None = Field(None, description="Interpreter for the predictor")
    port: kinds.Port | None = Field(None, description="Where it listens")
    replicas: Replicas = Field(1, description="How many pods")
    autoscale: Nodes | None = Field(None, description="MIN:MAX pods, by the processors' load")
    at_cpu: Percent = Field(80, description="The load to keep to, of the processors asked for")
    expose: Expose = Field("ClusterIP", description="Who reaches it")
    node_port: NodePort | None = Field(None, description="The port on every node, with NodePort")
    ready: Path | None = Field(None, description="A path that answers when requests may come")
    live: Path | None = Field(None, description="A path that fails when it should be restarted")
    drain: kinds.Duration = Field(
        5.0, description="How long a pod that is to end still takes requests"
    )
    grace: kinds.Duration = Field(30.0, description="Time between SIGTERM and SIGKILL")
    wait: kinds.Duration = Field(600.0, description="How long a version may take to be ready")
    cpu: kinds.Processors | None = Field(None, description="Processors for each pod")
    memory: kinds.Memory | None = Field(None, description="Memory for each pod, such as 8Gi")
    gpus: kinds.Gpus | None = Field(None, description="GPUs for each pod")
    gpu_resource: cluster_kinds.ResourceName = Field(
        NVIDIA, description="What the cluster calls a GPU"
    )
    resources: dict[cluster_kinds.ResourceName, kinds.Quantity] = Field(
        default_factory=dict, description="Other resources, by the cluster's names"
    )
    shm: kinds.Memory | None = Field(None, description="The most that /dev/shm holds")
    pull: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the image is pulled"
    )
    env: dict[cluster_kinds.Variable, kinds.Text] = Field(
        default_factory=dict, description="Environment variables"
    )
    secrets: pods.Secrets = Field(
        default_factory=dict, description="Variables from Secrets: NAME: SECRET/KEY"
    )
    env_from: pods.EnvSources = Field(
        (), description="Secrets that are environment variables as a whole"
    )
    volumes: pods.Volumes = Field(default_factory=dict, description="Volumes, by name")
    node_selector: kinds.Labels = Field(
        default_factory=dict, description="Labels that a machine must have"
    )
    tolerations: pods.Tolerations = Field((), description="Taints that the pods tolerate")
    pull_secrets: cluster_kinds.ObjectNames = Field(
        (), description="Secrets with the passwords of registries"
    )
    user: cluster_kinds.User | None = Field(None, description="Who the pods run as")
    service_account: cluster_kinds.ObjectName | None = Field(
        None, description="ServiceAccount whose token the pods get"
    )
    priority_class: cluster_kinds.ObjectName | None = Field(
        None, description="PriorityClass of the pods"
    )
    labels: dict[kinds.LabelKey, kinds.LabelValue] = Field(
        default_factory=dict, description="Labels, to find it by"
    )
    pod: cluster_kinds.Overlay = Field(
        default_factory=dict, description="Laid over the pods' spec, in Kubernetes' notation"
    )
    token: Annotated[pods.SecretKey, BeforeValidator(_token)] | None = Field(
        None, description="SECRET/KEY: what clients of a predictor have to say"
    )
    server: dict[str, int | float] = Field(
        default_factory=dict, description="How a predictor is served: workers, max_batch, ..."
    )
    program: Sent | None = Field(None, description="Where the server lies; nobody's to say")
    code: Sent | None = Field(None, description="Where the code lies; nobody's to say")
    weights: Sent | None = Field(None, description="Where the model lies; nobody's to say")

    def to_json(self) -> dict[str, Any]:
        """Plain data; `Service.model_validate` reads it back."""
        return self.model_dump(mode="json", exclude_none=True)
