"""What a user can ask for. One model for the command line, a YAML file and Python."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic import Strict as Strictness

from rankzero.spec import cluster_kinds, kinds, pods, units
from rankzero.spec.strict import Strict

Scalar = bool | int | float | str
Framework = Literal["auto", "torch", "tensorflow", "jax", "mpi", "plain"]

#: What most clusters call a GPU.
NVIDIA = "nvidia.com/gpu"
#: More roles than any job has; a file with more was made by a mistake.
MOST_ROLES = 64


class Run(Strict):
    """What each rank runs: exactly one of a script, a module, or a command (argv)."""

    script: kinds.Filled | None = Field(None, description="A Python file, from the workdir on")
    module: kinds.ModuleName | None = Field(None, description="A module, as after `python -m`")
    command: kinds.Texts | None = Field(None, description="Any command, word by word")

    @model_validator(mode="after")
    def _exactly_one(self) -> Run:
        if sum(one is not None for one in (self.script, self.module, self.command)) != 1:
            raise kinds.fault("must be exactly one of script, module and command", "whole")
        if self.command is not None and (not self.command or not self.command[0].strip()):
            raise kinds.fault("must not be an empty command", "whole")
        if self.command is not None and self.command[0].startswith("-"):
            raise kinds.fault("must begin with a script, `-m module` or a program", "whole")
        return self


class NodeRange(Strict):
    """How many nodes a role has: `maximum` is asked for, `minimum` is enough."""

    minimum: int
    maximum: int

    @model_validator(mode="after")
    def _ordered(self) -> NodeRange:
        try:
            units.nodes(f"{self.minimum}:{self.maximum}")
        except ValueError as error:
            raise kinds.fault(str(error)) from None
        return self


Nodes = Annotated[NodeRange, kinds.NodesBefore, kinds.NODES_SCHEMA]


class Role(Strict):
    """A group of equal nodes. What is None here is taken from the job, or is the default."""

    nodes: Nodes = Field(
        NodeRange(minimum=1, maximum=1), description="How many: N, or MIN:MAX to start with fewer"
    )
    nproc: kinds.Nproc = Field(1, description="Ranks on each node: N, gpu or cpu (one for each)")
    cpu: kinds.Processors | None = Field(None, description="Processors for each node")
    memory: kinds.Memory | None = Field(None, description="Memory for each node, such as 8Gi")
    gpus: kinds.Gpus | None = Field(
        None, description="GPUs for each node; with the cluster's name for them amd.com/gpu=2"
    )
    gpu_resource: cluster_kinds.ResourceName = Field(
        NVIDIA, description="What the cluster calls a GPU"
    )
    resources: dict[cluster_kinds.ResourceName, kinds.Quantity] = Field(
        default_factory=dict, description="Other resources for each node, by the cluster's names"
    )
    shm: kinds.Memory | None = Field(
        None, description="The most that /dev/shm holds; otherwise as much as there is memory"
    )
    run: Run | None = Field(None, description="What this role runs, where it differs")
    args: kinds.Texts | None = Field(None, description="Replaces the job's args for this role")
    env: dict[kinds.EnvName, kinds.Text] = Field(
        default_factory=dict, description="Environment variables, beside the job's"
    )
    image: kinds.Filled | None = Field(None, description="Container image")
    pull: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the image is pulled"
    )
    ports: dict[kinds.PortName, kinds.Port] = Field(
        default_factory=dict, description="Named ports that this role's ranks listen on"
    )
    labels: dict[kinds.LabelKey, kinds.LabelValue] = Field(
        default_factory=dict, description="Labels of the role's nodes"
    )
    annotations: dict[kinds.LabelKey, kinds.Text] = Field(
        default_factory=dict, description="Annotations of the role's nodes"
    )
    completes: bool | None = Field(
        None, description="Whether the run is done only when this role's ranks are"
    )
    node_selector: kinds.Labels = Field(
        default_factory=dict, description="Labels that a machine must have, beside the job's"
    )
    place: cluster_kinds.Places = Field(
        (), description="Worker i on machine i: for each node the labels of its machine"
    )
    tolerations: pods.Tolerations = Field(
        (), description="Taints that the pods tolerate, beside the job's"
    )
    volumes: pods.Volumes = Field(default_factory=dict, description="Volumes, beside the job's")
    secrets: pods.Secrets = Field(
        default_factory=dict, description="Variables from Secrets, beside the job's"
    )
    env_from: pods.EnvSources = Field(
        (), description="Secrets that are environment variables as a whole, beside the job's"
    )
    user: cluster_kinds.User | None = Field(
        None, description="Who the ranks run as: a number, UID:GID, or image for the image's own"
    )
    priority_class: cluster_kinds.ObjectName | None = Field(
        None, description="PriorityClass of the pods"
    )
    pod: cluster_kinds.Overlay = Field(
        default_factory=dict, description="Laid over the pods' spec, after the job's"
    )


class Torch(Strict):
    """PyTorch's process group. timeout is in seconds."""

    backend: Literal["nccl", "gloo", "mpi"] | None = Field(
        default=None, description="Default backend of init_process_group()"
    )
    port: kinds.Port | None = Field(default=None, description="MASTER_PORT; otherwise a free one")
    timeout: kinds.Timeout | None = Field(
        default=None, description="How long ranks wait for each other, such as 30m"
    )


class Param(Strict):
    """A typed value that `--set` changes. `${name}` stands for it in args, env, counts, image."""

    type: Literal["int", "float", "str", "bool"] = Field(description="What its value must be")
    value: Scalar = Field(description="Its value where `--set` gives none")
    help: kinds.Text = Field("", description="One line for people")
    choices: Annotated[tuple[Scalar, ...], Strictness(False)] | None = Field(
        None, description="The only values allowed"
    )
    min: int | float | None = Field(None, description="The least value")
    max: int | float | None = Field(None, description="The greatest value")

    @model_validator(mode="after")
    def _fits(self) -> Param:
        message = param_fault(self.type, self.value, self.choices, self.min, self.max)
        if message:
            raise kinds.fault(message, "whole")
        return self


class Job(Strict):
    """The whole request, checked and complete: `spec.load` and `spec.build` are the ways to one.

    workdir and outputs are absolute in a job that came from them; args and env have their
    params filled in.
    """

    name: kinds.Name = Field(description="Names the runs; by default what is run")
    run: Run = Field(description="Script with its args, `-m module`, or a command")
    args: kinds.Texts = Field((), description="Arguments of what is run")
    roles: dict[kinds.RoleName, Role] = Field(
        description="Groups of equal nodes; without them there is one role, worker"
    )
    framework: Framework = Field("auto", description="auto looks at the script's imports")
    params: dict[str, Param] = Field(
        default_factory=dict, description="Values that `--set` changes and `${name}` stands for"
    )
    env: dict[kinds.EnvName, kinds.Text] = Field(
        default_factory=dict, description="Environment variables of every rank"
    )
    labels: dict[kinds.LabelKey, kinds.LabelValue] = Field(
        default_factory=dict, description="Labels of the run, to find it by"
    )
    torch: Torch = Field(Torch(), description="PyTorch's process group")
    mpirun: kinds.Command = Field(
        ("mpirun",), description="How MPI's ranks become one world: mpirun, with its own options"
    )
    max_restarts: kinds.Restarts = Field(0, description="How many failures a run survives")
    workdir: kinds.Filled = Field(".", description="Where ranks start; by default this folder")
    outputs: kinds.Filled | None = Field(None, description="Where results go")
    collect: Literal["first", "all"] = Field(
        "first", description="Whose outputs come back from a cluster: the first node's, or all"
    )
    python: kinds.Filled | None = Field(None, description="Interpreter for agent and script")
    wait: kinds.Duration = Field(600.0, description="How long nodes are waited for")
    grace: kinds.Duration = Field(30.0, description="Time between SIGTERM and SIGKILL")
    log_keep: kinds.Bytes = Field(256 * 1024 * 1024, description="Log kept on each node")
    log_volume: cluster_kinds.ObjectName | None = Field(
        None, description="Keeps every line on a volume: one of `volumes`, or a claim by its name"
    )
    output_volume: cluster_kinds.ObjectName | None = Field(
        None, description="Where outputs stay: one of `volumes`, or a claim by its name"
    )
    spares: bool | None = Field(
        None,
        description="Start interpreters and imports before all nodes meet; left out: on a cluster",
    )
    node_selector: kinds.Labels = Field(
        default_factory=dict, description="Labels that a machine must have"
    )
    tolerations: pods.Tolerations = Field(
        (), description='Taints that the pods tolerate, such as "gpu=true:NoSchedule"'
    )
    volumes: pods.Volumes = Field(
        default_factory=dict, description="Volumes that every pod mounts, by name"
    )
    secrets: pods.Secrets = Field(
        default_factory=dict, description="Variables from Secrets: NAME: SECRET/KEY"
    )
    env_from: pods.EnvSources = Field(
        (), description="Secrets that are environment variables as a whole"
    )
    pull_secrets: cluster_kinds.ObjectNames = Field(
        (), description="Secrets with the passwords of registries"
    )
    registry: kinds.Filled | None = Field(
        None,
        description="Where a folder that is too large for objects of the cluster is sent, as a "
        "layer on the image: REGISTRY/TEAM/NAME",
    )
    queue: cluster_kinds.QueueName | None = Field(
        None, description="Kueue's queue that starts the run"
    )
    service_account: cluster_kinds.ObjectName | None = Field(
        None, description="ServiceAccount whose token the pods get"
    )
    api: pods.Rules = Field(
        (),
        description="What the pods may do with the cluster's API: true to look at pods, or rules",
    )
    self_heal: cluster_kinds.SelfHeal = Field(
        False,
        description="Let the run replace the nodes that a dead machine holds, also while nobody "
        "watches: true, or the ServiceAccount to do it with",
    )
    isolate: bool = Field(False, description="Let only pods of the same run reach each other")
    ttl: kinds.Duration = Field(
        24 * 3600.0, description="How long a run that has ended can be seen"
    )
    keep_outputs: kinds.Duration = Field(
        600.0, description="How long the outputs of a run that has ended wait to be fetched"
    )
    pod: cluster_kinds.Overlay = Field(
        default_factory=dict, description="Laid over every pod's spec, in Kubernetes' notation"
    )

    @model_validator(mode="after")
    def _some_roles(self) -> Job:
        if not 1 <= len(self.roles) <= MOST_ROLES:
            raise kinds.fault(f"roles: must be 1 to {MOST_ROLES}; got {len(self.roles)}", "whole")
        return self

    def to_json(self) -> dict[str, Any]:
        """Plain data, defaults included; `Job.model_validate` reads it back."""
        return self.model_dump(mode="json", by_alias=True)


def param_fault(
    type_: str,
    value: Scalar,
    choices: tuple[Scalar, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> str | None:
    """Why a param cannot have a value, or None."""
    if type(value).__name__ != type_:
        return f"must be {TYPE_WORDS.get(type_, type_)}"
    if isinstance(value, float) and value - value != 0:
        return "must be a finite number"
    if isinstance(value, str) and (message := kinds.text_fault(value)):
        return message
    if choices is not None and value not in choices:
        return f"must be one of {', '.join(str(choice) for choice in choices)}"
    if isinstance(value, (int, float)) and low is not None and value < low:
        return f"must be at least {low}"
    if isinstance(value, (int, float)) and high is not None and value > high:
        return f"must be at most {high}"
    return None


TYPE_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
}
