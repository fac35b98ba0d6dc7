"""Where a script finds itself: its numbers, and the folder for what it makes."""

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Context(NamedTuple):
    """One rank's place in its run; of a bare script, that of a world of one.

    run: the run's id, empty when bare. node: the node's number. generation: counts memberships
    from 1; 0 when bare. restarts: how many of them a failure caused; not 0 means that there may
    be a checkpoint to go on from. outputs: the folder that `outputs()` creates.
    """

    run: str
    rank: int
    world_size: int
    local_rank: int
    local_world_size: int
    role: str
    role_rank: int
    node: int
    nodes: int
    generation: int
    restarts: int
    outputs: str


def context() -> Context:
    """This rank's place, read from its environment."""
    return Context(
        run=os.environ.get("RANKZERO_RUN", ""),
        rank=_number("RANKZERO_RANK", 0),
        world_size=_number("RANKZERO_WORLD_SIZE", 1),
        local_rank=_number("RANKZERO_LOCAL_RANK", 0),
        local_world_size=_number("RANKZERO_LOCAL_WORLD_SIZE", 1),
        role=os.environ.get("RANKZERO_ROLE", "worker"),
        role_rank=_number("RANKZERO_ROLE_RANK", 0),
        node=_number("RANKZERO_NODE", 0),
        nodes=_number("RANKZERO_NODES", 1),
        generation=_number("RANKZERO_GENERATION", 0),
        restarts=_number("RANKZERO_RESTARTS", 0),
        outputs=_outputs_folder(),
    )


def outputs(*, own: bool = False) -> "Path":
    """The folder for what the run makes, created where it is missing; bare: `./outputs`.

    All ranks of a run share it. own: the folder in it that is this rank's alone, `ranks/3`.
    Errors: OSError where it cannot be created.
    """
    from pathlib import Path

    folder = Path(_outputs_folder())
    if own:
        folder = folder / "ranks" / str(_number("RANKZERO_RANK", 0))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _number(name: str, bare: int) -> int:
    return int(os.environ.get(name, bare))


def _outputs_folder() -> str:
    return os.environ.get("RANKZERO_OUTPUTS") or os.path.abspath("outputs")
