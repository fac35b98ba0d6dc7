"""What can be known before anything starts: files that are missing, scripts that do not compile,
folders that cannot be written. Looks, and creates nothing."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from rankzero.spec import roles
from rankzero.spec.given import Given
from rankzero.spec.model import Job, Run
from rankzero.spec.problems import Problem, did_you_mean

#: Larger files are not programs that people wrote.
_LARGEST_SCRIPT = 4 * 1024 * 1024


def check(job: Job, tree: Given) -> list[Problem]:
    """Every problem of a valid job with the files around it."""
    found = [(("roles",), message) for message in _roles_fault(job)]
    folder_fault = _workdir_fault(job.workdir)
    if folder_fault:
        found.append((("workdir",), folder_fault))
    else:
        for path, run in runs(job):
            found += [(path, message) for message in _run_faults(run, job, path)]
    if job.outputs is not None and (message := outputs_fault(job.outputs)):
        found.append((("outputs",), message))
    return [Problem(tree.find(path).place, message) for path, message in found]


def runs(job: Job) -> Iterator[tuple[tuple[str, ...], Run]]:
    """Everything that some rank would run, with its path in the job."""
    if any(role.run is None for role in job.roles.values()):
        yield ("run",), job.run
    for name, role in job.roles.items():
        if role.run is not None:
            yield ("roles", name, "run"), role.run


def entry_file(run: Run, workdir: str) -> str | None:
    """The Python file that a run begins with, without importing anything; None where there is
    none under the workdir (an installed module, a program)."""
    if run.script is not None:
        return os.path.join(workdir, run.script)
    if run.module is not None:
        return _module_file(run.module, workdir)
    words = list(run.command or ())
    for word in words:
        if word.endswith(".py") and os.path.isfile(os.path.join(workdir, word)):
            return os.path.join(workdir, word)
    if "-m" in words[:-1]:
        return _module_file(words[words.index("-m") + 1], workdir)
    return None


def outputs_fault(path: str) -> str | None:
    """Why results could not be written there, as far as one can see without trying."""
    if os.path.lexists(path) and not os.path.isdir(path):
        return f"{path} is not a folder"
    here = path
    while not os.path.lexists(here) and os.path.dirname(here) != here:
        here = os.path.dirname(here)
    if not os.path.isdir(here):
        return f"{path} cannot be made: {here} is not a folder"
    if not os.access(here, os.W_OK | os.X_OK):
        return f"{path} cannot be written: no right to write in {here}"
    return None


def _roles_fault(job: Job) -> Iterator[str]:
    if not any(roles.completes(job, name) for name in job.roles):
        names = ", ".join(job.roles)
        yield f"the run would never be done: no role's end ends it ({names}); set `completes: true`"


def _workdir_fault(path: str) -> str | None:
    if not os.path.lexists(path):
        return f"there is no folder {path}"
    if not os.path.isdir(path):
        return f"{path} is not a folder"
    if not os.access(path, os.R_OK | os.X_OK):
        return f"no right to read {path}"
    return None


def _run_faults(run: Run, job: Job, path: Sequence[str]) -> Iterator[str]:
    if run.command is not None:
        yield from _command_faults(run.command[0], job.workdir)
    file = entry_file(run, job.workdir)
    if run.script is not None and file is not None and (message := _script_fault(run.script, file)):
        yield message
    elif file is not None and _same_interpreter(job, path):
        yield from _syntax_faults(file, os.path.relpath(file, job.workdir))


def _command_faults(program: str, workdir: str) -> Iterator[str]:
    """Of a program in the user's folder; others are the nodes' own."""
    if "/" not in program or os.path.isabs(program):
        return
    file = os.path.join(workdir, program)
    if not os.path.exists(file):
        yield f"there is no file {program} in {workdir}{_near_file(file)}"
    elif os.path.isdir(file):
        yield f"{program} is a folder, not a program"
    elif not os.access(file, os.X_OK):
        yield f"{program} may not be executed; chmod +x {program}"


def _script_fault(script: str, file: str) -> str | None:
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, (FileNotFoundError, NotADirectoryError, ValueError)):
            return f"there is no file {script} in {os.path.dirname(file) or '.'}{_near_file(file)}"
        return f"{script} cannot be read: {error.strerror}"
    if stat.S_ISDIR(mode):
        return f"{script} is a folder; name the script inside it{_script_in(file, script)}"
    if not stat.S_ISREG(mode):
        return f"{script} is not a regular file"
    return None if os.access(file, os.R_OK) else f"{script} cannot be read: no right to"


def _syntax_faults(file: str, name: str) -> Iterator[str]:
    """Compiled, not run; what this interpreter cannot judge is left to the ranks'."""
    try:
        source = Path(file).read_bytes()
    except OSError as error:
        yield f"{name} cannot be read: {error.strerror}"
        return
    if len(source) > _LARGEST_SCRIPT:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        yield f"{name}:{error.lineno or 1}: {error.msg}" + (f":  {line[:80]}" if line else "")
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


def _module_file(module: str, workdir: str) -> str | None:
    path = os.path.join(workdir, *module.split("."))
    for file in (f"{path}.py", os.path.join(path, "__main__.py")):
        if os.path.isfile(file):
            return file
    return None


def _near_file(file: str) -> str:
    try:
        names = sorted(os.listdir(os.path.dirname(file)))[:1000]
    except (OSError, ValueError):
        return ""
    meant = did_you_mean(os.path.basename(file), [n for n in names if not n.startswith(".")])
    return meant if "did you mean" in meant else ""


def _script_in(folder: str, script: str) -> str:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    except OSError:
        return ""
    return f", such as {os.path.join(script, names[0])}" if names else ""
