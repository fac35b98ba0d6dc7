"""What a user can ask for. One model for the command line, a YAML file and Python."""

from __future__ import annotations

from typing import Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field

Scalar = Union[bool, int, float, str]


class Strict(BaseModel):
    """No unknown keys, no silent conversions, no change after it was checked."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Run(Strict):
    """What each rank runs: exactly one of a script, a module, or a command (argv)."""

    script: str | None = None
    module: str | None = None
    command: tuple[str, ...] | None = None


class NodeRange(Strict):
    """How many nodes a role has: `maximum` is asked for, `minimum` is enough."""

    minimum: int
    maximum: int


class Role(Strict):
    """A group of equal nodes. What is None here is taken from the job, or is the default."""

    nodes: NodeRange = NodeRange(minimum=1, maximum=1)
    nproc: int | Literal["gpu", "cpu"] = 1
    cpu: float | None = None
    memory: str | None = None
    gpus: int | None = None
    resources: dict[str, str] = Field(default_factory=dict)
    run: Run | None = None
    args: tuple[str, ...] | None = None
    env: dict[str, str] = Field(default_factory=dict)
    image: str | None = None
    pull: Literal["Always", "IfNotPresent", "Never"] | None = None
    ports: dict[str, int] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    completes: bool | None = None


class Torch(Strict):
    """PyTorch's process group. timeout is in seconds."""

    backend: Literal["nccl", "gloo", "mpi"] | None = None
    port: int | None = None
    timeout: float | None = None


class Param(Strict):
    """A typed value that `--set` can change; `${name}` stands for it in args, env, counts, image."""

    type: Literal["int", "float", "str", "bool"]
    value: Scalar
    help: str = ""
    choices: tuple[Scalar, ...] | None = None


class Job(Strict):
    """The whole request, checked and complete: `spec.load` and `spec.build` are the ways to one."""

    name: str
    run: Run
    args: tuple[str, ...] = ()
    roles: dict[str, Role]
    framework: Literal["auto", "torch", "tensorflow", "jax", "plain"] = "auto"
    params: dict[str, Param] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    torch: Torch = Torch()
    max_restarts: int = 0
    workdir: str = "."
    outputs: str | None = None
    python: str | None = None
    wait: float = 600.0
    grace: float = 30.0
    log_keep: int = 256 * 1024 * 1024

    def to_json(self) -> dict[str, Any]:
        """Plain data, defaults included; `Job.model_validate` reads it back."""
        return self.model_dump(mode="json")
