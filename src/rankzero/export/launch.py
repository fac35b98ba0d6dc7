"""How a pod becomes its ranks, with what Kubernetes alone tells it: its number among the pods of
its Job, and names that are known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rankzero.export import own
from rankzero.export.model import Outline, Part
from rankzero.export.terms import TASKS, Terms, master
from rankzero.export.text import Page, Short
from rankzero.export.variables import Variable, escaped, index, pair

#: How a framework calls a rank's number; the first name is the one that others refer to.
_RANK = {
    "torch": ("RANK",),
    "jax": ("JAX_PROCESS_ID", "OMPI_COMM_WORLD_RANK"),
    "plain": ("RANK",),
    "tensorflow": (),
    "mpi": (),
}


class Launch(NamedTuple):
    """What a container is started with."""

    command: list[str]
    args: list[str]
    env: list[Variable]


def launch(outline: Outline, part: Part, terms: Terms, page: Page) -> Launch:
    """page: for texts of several lines."""
    rank = _rank_names(outline, part)
    env = [
        *_framework(outline, part, terms, page),
        *own.variables(outline, part, terms),
    ]
    command = _command(outline, part)
    args = [escaped(terms.text(one)) for one in part.args]
    if not part.first or not rank:
        return Launch(Short(command), args, [*_by_field(rank), *env])
    export = " ".join(f"{name}=$((JOB_COMPLETION_INDEX + {terms.before(part)}))" for name in rank)
    # What stands behind it is handed on word by word, whatever signs it holds.
    shell = ["/bin/sh", "-c", f'export {export}; exec "$0" "$@"']
    return Launch(shell, [*command, *args], env)


def _rank_names(outline: Outline, part: Part) -> list[str]:
    """Variables that hold the number of the pod's rank, or, under torchrun, of its node."""
    if part.each > 1:
        return ["PET_NODE_RANK"]
    if outline.framework == "mpi":
        return []
    ours = [one for one in ("RANKZERO_RANK", "RANKZERO_NODE") if outline.uses(one)]
    return [*_RANK[outline.framework], *ours]


def _by_field(names: list[str]) -> Iterator[Variable]:
    """Where the pods' numbers are those of the ranks."""
    for name in names:
        yield index(name) if name == names[0] else pair(name, f"$({names[0]})")


def _command(outline: Outline, part: Part) -> list[str]:
    python = outline.job.python or "python3"
    if part.each == 1:
        return [*part.words] if part.program else [python, *part.words]
    torchrun = [python, "-m", "torch.distributed.run", *(["--no_python"] if part.program else ())]
    return [*torchrun, *part.words]


def _framework(outline: Outline, part: Part, terms: Terms, page: Page) -> Iterator[Variable]:
    """What it expects in a rank's environment, beside the rank's number."""
    if outline.framework == "tensorflow":
        yield index("TASK_INDEX")
        yield pair("TF_CONFIG", page.block(_tf_config(outline, part, terms)))
        return
    if outline.framework == "mpi":
        return
    address, port = master(outline, terms), terms.port()
    if outline.framework == "jax":
        found = _jax(part, terms, f"{address}:{port}")
    elif part.each > 1:
        found = _torchrun(part, terms, address, port)
    else:
        found = {
            "WORLD_SIZE": terms.world(),
            "MASTER_ADDR": address,
            "MASTER_PORT": port,
            "LOCAL_RANK": "0",
            "LOCAL_WORLD_SIZE": "1",
        }
    for name, value in found.items():
        yield pair(name, value)


def _torchrun(part: Part, terms: Terms, address: str, port: str) -> dict[str, str]:
    """Its options as variables. Each pod knows its number and the first one's name: no
    rendezvous has to tell them."""
    return {
        "PET_NNODES": terms.nodes(),
        "PET_NPROC_PER_NODE": terms.each(part),
        "PET_RDZV_BACKEND": "static",
        "PET_MASTER_ADDR": address,
        "PET_MASTER_PORT": port,
    }


def _jax(part: Part, terms: Terms, address: str) -> dict[str, str]:
    """A bare `jax.distributed.initialize()` takes count and number from the cluster that it finds
    itself in, and looks for Open MPI's first."""
    # Beside Open MPI's variables it would take the first one only.
    devices = {"JAX_LOCAL_DEVICE_IDS": terms.devices(part)} if terms.devices(part) else {}
    return {
        "JAX_COORDINATOR_ADDRESS": address,
        "JAX_NUM_PROCESSES": terms.world(),
        "OMPI_MCA_orte_hnp_uri": f"0.0;tcp://{address}",
        "OMPI_COMM_WORLD_SIZE": terms.world(),
        "OMPI_COMM_WORLD_LOCAL_RANK": "0",
        **devices,
        "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo",
    }


def _tf_config(outline: Outline, part: Part, terms: Terms) -> str:
    """Kubernetes itself fills in the task's number."""
    known = part.role in TASKS
    if not known and any(other.role in TASKS for other in outline.parts):
        return "{}"
    task = part.role if known else "worker"
    return (
        "{\n"
        f'  "cluster": {terms.cluster()},\n'
        f'  "task": {{"type": "{task}", "index": $(TASK_INDEX)}}\n'
        "}"
    )
