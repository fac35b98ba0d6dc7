"""Which framework a job uses, found in its script's imports without running anything.

The rule where several are imported: the one whose distributed module is used
(`torch.distributed`, `tf.distribute`, `jax.distributed`, `horovod`) wins; then `mpi4py`, which some
use beside one of these, over one that is imported by its own name, and that over one that only a
library stands for (`transformers`); then the first imported.
The files that the script imports from the user's own folder are read too, two levels deep.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rankzero.spec.checks import entry_files
from rankzero.spec.imports import Uses, local_files, uses
from rankzero.spec.launchers import PLAIN, launcher
from rankzero.spec.model import Job

_OWN = {
    **{name: name for name in ("torch", "tensorflow", "jax")},
    "tf_keras": "tensorflow",
    "mpi4py": "mpi",
}
_LIBRARIES = {
    "torch": "torchvision torchaudio torchtext lightning pytorch_lightning lightning_fabric "
    "transformers accelerate deepspeed fairscale peft trl timm ignite composer torchtitan "
    "torch_geometric torchmetrics sentence_transformers diffusers",
    "jax": "jaxlib flax optax equinox haiku chex orbax numpyro brax",
    "tensorflow": "tensorflow_probability tensorflow_addons tensorflow_recommenders tf_agents",
}
_BY_LIBRARY = {name: kind for kind, all_ in _LIBRARIES.items() for name in all_.split()}
_DISTRIBUTED = {
    "torch": ("torch.distributed", "torch.nn.parallel.DistributedDataParallel"),
    "tensorflow": (
        "tensorflow.distribute",
        "tensorflow.train.Server",
        "tensorflow.compat.v1.train.Server",
        "tensorflow.compat.v1.distribute",
    ),
    "jax": ("jax.distributed", "jax.experimental.multihost_utils"),
    "mpi": ("horovod",),
}
_LEVELS = 2
_MOST_FILES = 50
_DISTRIBUTED_SCORE, _MPI_SCORE, _OWN_SCORE, _LIBRARY_SCORE = 4, 3, 2, 1


class Found(NamedTuple):
    """framework: `torch`, `tensorflow`, `jax`, `mpi` or `plain`. how: for people, such as `found in
    train.py`."""

    framework: str
    how: str


class _Sign(NamedTuple):
    framework: str
    score: int
    by: str
    file: Path


def detect(job: Job) -> Found:
    """The job's framework: as named, or by its scripts' imports, else `plain`."""
    if job.framework != "auto":
        return Found(job.framework, "named")
    if (name := launcher(job.run)) is not None:
        return Found("plain", _called_by_hand(name, job))
    if job.mpirun != PLAIN:
        return Found("mpi", "an mpirun is named")
    files = [file for file in entry_files(job) if file.is_file()]
    if not files:
        return Found("plain", "no script to look into")
    signs = [sign for file in files for sign in _signs(file, job)]
    first = os.path.relpath(files[0], job.workdir)
    if not signs:
        return Found("plain", f"no framework found in {first}")
    best = max(signs, key=lambda sign: sign.score)
    return Found(best.framework, _how(best, signs, files, job.workdir))


def _called_by_hand(name: str, job: Job) -> str:
    """A launcher that the job itself calls: once, or by each of its ranks: few want that."""
    if all((role.nodes.maximum, role.nproc) == (1, 1) for role in job.roles.values()):
        return f"{name} starts the ranks"
    return f"each rank calls {name} by itself; one world of all: --framework mpi and the program"


def _how(best: _Sign, signs: list[_Sign], files: list[Path], workdir: str) -> str:
    file = os.path.relpath(best.file, workdir)
    how = f"found in {file}"
    if best.file not in files:
        how += f", which {os.path.relpath(files[0], workdir)} imports"
    others = sorted({sign.framework for sign in signs} - {best.framework})
    if best.score == _LIBRARY_SCORE:
        how += f": it imports {best.by}"
    elif others and best.score >= _MPI_SCORE:
        how += f": it uses {best.by}, beside {' and '.join(others)}"
    elif others:
        how += f": imported before {' and '.join(others)}"
    return how


def _signs(entry: Path, job: Job) -> Iterator[_Sign]:
    """What speaks for a framework, in the order it is read."""
    folders = list(dict.fromkeys((entry.parent, Path(job.workdir))))
    waiting, seen = [(entry, 0)], {entry.resolve()}
    while waiting:
        file, level = waiting.pop(0)
        found = uses(file)
        if found is None:
            continue
        yield from _signs_in(found, file, job)
        if level == _LEVELS:
            continue
        for module in found.imports:
            for inner in local_files(module, folders, file):
                real = inner.resolve()
                if real not in seen and len(seen) < _MOST_FILES:
                    seen.add(real)
                    waiting.append((inner, level + 1))


def _signs_in(found: Uses, file: Path, job: Job) -> Iterator[_Sign]:
    for module in found.imports:
        top = module.partition(".")[0]
        framework = _OWN.get(top)
        if framework:
            score = _MPI_SCORE if framework == "mpi" else _OWN_SCORE
            yield _Sign(framework, score, module, file)
        elif top in _BY_LIBRARY:
            yield _Sign(_BY_LIBRARY[top], _LIBRARY_SCORE, top, file)
        elif top == "keras":
            chosen = found.settings.get("KERAS_BACKEND") or job.env.get("KERAS_BACKEND")
            framework = chosen if chosen in _DISTRIBUTED else "tensorflow"
            yield _Sign(framework, _LIBRARY_SCORE, "keras", file)
    for name in [*found.imports, *sorted(found.names)]:
        for framework, modules in _DISTRIBUTED.items():
            by = next((m for m in modules if name == m or name.startswith(f"{m}.")), None)
            if by:
                yield _Sign(framework, _DISTRIBUTED_SCORE, by, file)
