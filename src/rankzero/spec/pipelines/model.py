"""The whole request, checked and complete: steps, and what each hands to the next."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic import Strict as Strictness

from rankzero.spec import cluster_kinds, kinds, names, pods
from rankzero.spec.model import Param
from rankzero.spec.strict import Strict

#: More steps than anybody writes; a list to go through may have more items.
MOST_STEPS = 10_000
LONGEST_STEP = 40
#: A step's output in a text: `train.model`.
OUTPUT = r"[a-z][a-z0-9-]*\.[a-z][a-z0-9_-]*"


def _step_name(value: str) -> str:
    message = names.fault(value, LONGEST_STEP)
    if message:
        raise kinds.fault(f"a step's name {message}", "whole")
    return value


_ARTIFACT = kinds.matching(
    r"[a-z]([a-z0-9_-]{0,61}[a-z0-9])?",
    "its name must be lower-case letters, digits, - and _, beginning with a letter",
    "whole",
)
_SOURCE = kinds.matching(OUTPUT, "must be a step and its output, such as train.model")

StepName = Annotated[str, AfterValidator(_step_name)]
ArtifactName = Annotated[str, AfterValidator(_ARTIFACT)]
Source = Annotated[str, AfterValidator(_SOURCE)]


class Mount(Strict):
    """Where a step sees one of the pipeline's volumes."""

    path: cluster_kinds.MountPath = Field(description="Where it is; by default /volumes/NAME")
    read_only: bool = Field(False, description="Whether the step may only read it")
    sub_path: cluster_kinds.InnerPath | None = Field(
        None, description="The part of the volume that is mounted"
    )


#: What a service hands on: where it is reached.
ADDRESS = "address"


class Step(Strict):
    """One step: a command, a job of any size, or a service that is left running. Its texts may name
    what only its doing knows: `${inputs.NAME}`, `${outputs.NAME}`, `${item}`."""

    command: kinds.Texts | None = Field(None, description="A command, word by word")
    job: dict[str, Any] | None = Field(None, description="A job, as a job file says it")
    service: dict[str, Any] | None = Field(
        None, description="A service that is left running, as a service file says it"
    )
    needs: Annotated[tuple[str, ...], Strictness(False)] = Field(
        (), description="Steps that must be over before it, beside those it takes from"
    )
    inputs: dict[ArtifactName, Source] = Field(
        default_factory=dict, description="What it takes, by name: STEP.OUTPUT"
    )
    outputs: dict[ArtifactName, Literal["path", "value"]] = Field(
        default_factory=dict,
        description="What it hands on: path for a file or folder, value for a short text",
    )
    when: kinds.Text = Field(
        "", description='A condition, such as ${check.score} >= 0.9 and ${mode} == "full"'
    )
    for_each: Source | Annotated[tuple[Any, ...], Strictness(False)] | None = Field(
        None, description="Items that it is done for one by one, or STEP.OUTPUT that lists them"
    )
    retries: kinds.Restarts = Field(0, description="How many failures it survives")
    timeout: kinds.Timeout | None = Field(None, description="How long one attempt may take")
    mounts: dict[cluster_kinds.VolumeName, Mount] = Field(
        default_factory=dict, description="The pipeline's volumes that it uses: NAME: /PATH"
    )
    cache: bool | None = Field(
        None,
        description="Whether equal inputs may give an earlier result; by default where it mounts "
        "no volume and comes after no service",
    )
    code: kinds.Texts = Field(
        (), description="Files and folders that its result depends on; by default the whole folder"
    )
    env: dict[kinds.EnvName, kinds.Text] = Field(
        default_factory=dict, description="Environment variables, beside the pipeline's"
    )

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        if sum(one is not None for one in (self.command, self.job, self.service)) != 1:
            raise kinds.fault("must say one of `command`, `job` and `service`", "whole")
        if self.command is not None and not self.command:
            raise kinds.fault("`command` must not be empty", "whole")
        return self


class Pipeline(Strict):
    """workdir is absolute, params are filled in."""

    name: kinds.Name = Field(description="Names the pipeline's runs; by default the file's name")
    steps: dict[StepName, Step] = Field(description="What is done, by name")
    params: dict[str, Param] = Field(
        default_factory=dict, description="Values that `--set` changes and `${name}` stands for"
    )
    workdir: kinds.Filled = Field(description="Where commands run; by default the file's folder")
    env: dict[kinds.EnvName, kinds.Text] = Field(
        default_factory=dict, description="Environment variables of every step"
    )
    output_volume: cluster_kinds.ObjectName | None = Field(
        None, description="On a cluster, the claim on which what steps hand on lies"
    )
    volumes: dict[cluster_kinds.VolumeName, pods.Source] = Field(
        default_factory=dict, description="Volumes that steps mount by these names"
    )
