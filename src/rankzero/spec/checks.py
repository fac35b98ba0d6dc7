"""What can be known before anything starts: files that are missing, scripts that do not compile,
folders that cannot be written. Looks, and creates nothing."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from rankzero.script.step import MODULE as STEP
from rankzero.spec import roles
from rankzero.spec.given import Given
from rankzero.spec.launchers import PLACING, PLAIN, launcher
from rankzero.spec.model import Job, Run
from rankzero.spec.paths import listed, meant
from rankzero.spec.problems import Problem

#: Larger files are not programs that people wrote.
_LARGEST_SCRIPT = 4 * 1024 * 1024


def check(job: Job, tree: Given, *, look: bool = True) -> list[Problem]:
    """Every problem of a valid job, and, where it looks, with the files around it."""
    found: list[tuple[tuple[str, ...], str]] = [
        *((("roles",), message) for message in _roles_faults(job)),
        *_launcher_faults(job),
    ]
    if look:
        found += _files_faults(job)
    return [Problem(tree.find(path).place, message) for path, message in found]


def _files_faults(job: Job) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = []
    folder_fault = _workdir_fault(Path(job.workdir))
    if folder_fault:
        found.append((("workdir",), folder_fault))
    else:
        for path, run in runs(job):
            found += [(path, message) for message in _run_faults(run, job, path)]
    if job.outputs is not None and (message := outputs_fault(Path(job.outputs))):
        found.append((("outputs",), message))
    return found


def _launcher_faults(job: Job) -> Iterator[tuple[tuple[str, ...], str]]:
    """Of MPI the program alone is wanted: each rank would start a world of its own."""
    if job.mpirun != PLAIN and job.framework not in ("auto", "mpi"):
        yield ("mpirun",), f"is of framework mpi alone, and this job's is {job.framework}"
    placed = [word for word in job.mpirun if word.partition("=")[0] in PLACING]
    if placed:
        yield (
            ("mpirun",),
            f"says {placed[0]}, which is rankzero's to say: nodes are how many machines, nproc how "
            "many ranks on each",
        )
    for path, run in runs(job) if job.framework == "mpi" else ():
        if (name := launcher(run)) is not None:
            yield (
                path,
                f"begins with {name}, which framework mpi calls itself: name the program alone, "
                f"with nodes and nproc (`rankzero import` makes that of a line), and by `mpirun:` "
                f"what {name} is told",
            )


def runs(job: Job) -> Iterator[tuple[tuple[str, ...], Run]]:
    """Everything that some rank would run, with its path in the job."""
    if any(role.run is None for role in job.roles.values()):
        yield ("run",), job.run
    for name, role in job.roles.items():
        if role.run is not None:
            yield ("roles", name, "run"), role.run


def entry_files(job: Job) -> list[Path]:
    """The Python files that the ranks begin with, as far as they lie in the user's folder."""
    found = [entry_file(run, Path(job.workdir)) for _, run in runs(job)]
    if job.run.module == STEP and job.args:  # a function, of which the first word says the file
        found.append(Path(job.workdir) / job.args[0])
    return [file for file in dict.fromkeys(found) if file is not None]


def entry_file(run: Run, workdir: Path) -> Path | None:
    """The Python file that a run begins with, without importing anything; None where there is
    none under the workdir (an installed module, a program)."""
    if run.script is not None:
        return workdir / run.script
    if run.module is not None:
        return _module_file(run.module, workdir)
    words = list(run.command or ())
    for word in words:
        if word.endswith(".py") and (workdir / word).is_file():
            return workdir / word
    if "-m" in words[:-1]:
        return _module_file(words[words.index("-m") + 1], workdir)
    return None


def outputs_fault(folder: Path) -> str | None:
    """Why results could not be written there, as far as one can see without trying."""
    if os.path.lexists(folder) and not folder.is_dir():
        return f"{folder} is not a folder"
    here = folder
    while not os.path.lexists(here) and here.parent != here:
        here = here.parent
    if not here.is_dir():
        return f"{folder} cannot be made: {here} is not a folder"
    if not os.access(here, os.W_OK | os.X_OK):
        return f"{folder} cannot be written: no right to write in {here}"
    return None


def _roles_faults(job: Job) -> Iterator[str]:
    if not any(roles.completes(job, name) for name in job.roles):
        names = ", ".join(job.roles)
        yield f"the run would never be done: no role's end ends it ({names}); set `completes: true`"


def _workdir_fault(folder: Path) -> str | None:
    if not os.path.lexists(folder):
        return f"there is no folder {folder}"
    if not folder.is_dir():
        return f"{folder} is not a folder"
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"no right to read {folder}"
    return None


def _run_faults(run: Run, job: Job, path: Sequence[str]) -> Iterator[str]:
    workdir = Path(job.workdir)
    if run.command is not None:
        yield from _command_faults(run.command[0], workdir)
    file = entry_file(run, workdir)
    if file is None:
        return
    if run.script is not None and (message := _script_fault(run.script, file)):
        yield message
    elif _same_interpreter(job, path):
        name = file.relative_to(workdir) if file.is_relative_to(workdir) else file
        yield from _syntax_faults(file, str(name))


def _command_faults(program: str, workdir: Path) -> Iterator[str]:
    """Of a program in the user's folder; others are the nodes' own."""
    if "/" not in program or program.startswith("/"):
        return
    file = workdir / program
    if not file.exists():
        yield f"there is no file {program} in {workdir}{meant(file)}"
    elif file.is_dir():
        yield f"{program} is a folder, not a program"
    elif not os.access(file, os.X_OK):
        yield f"{program} may not be executed; chmod +x {program}"


def _script_fault(script: str, file: Path) -> str | None:
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no file {file.name} in {file.parent}{meant(file)}"
    except OSError as error:
        return f"{script} cannot be read: {error.strerror}"
    if stat.S_ISDIR(mode):
        inner = next(iter(listed(file, ".py")), None)
        such = f", such as {Path(script) / inner}" if inner else ""
        return f"{script} is a folder; name the script inside it{such}"
    if not stat.S_ISREG(mode):
        return f"{script} is not a regular file"
    return None if os.access(file, os.R_OK) else f"{script} cannot be read: no right to"


def _syntax_faults(file: Path, name: str) -> Iterator[str]:
    """Compiled, not run; what this interpreter cannot judge is left to the ranks'."""
    try:
        source = file.read_bytes()
    except OSError as error:
        yield f"{name} cannot be read: {error.strerror}"
        return
    if len(source) > _LARGEST_SCRIPT:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()[:80]
        yield f"{name}:{error.lineno or 1}: {error.msg}" + (f":  {line}" if line else "")
    except ValueError as error:
        yield f"{name}: {error}"
    except (RecursionError, MemoryError):
        return


def _same_interpreter(job: Job, path: Sequence[str]) -> bool:
    """Whether ranks are run by this interpreter: another may know more, or other, syntax."""
    concerned = [job.roles[path[1]]] if len(path) > 1 else list(job.roles.values())
    if any(role.image is not None for role in concerned):
        return False
    return job.python is None or os.path.realpath(job.python) == os.path.realpath(sys.executable)


def _module_file(module: str, workdir: Path) -> Path | None:
    path = workdir.joinpath(*module.split("."))
    candidates = (path.with_name(f"{path.name}.py"), path / "__main__.py")
    return next((file for file in candidates if file.is_file()), None)
