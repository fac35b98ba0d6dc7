"""A command line: which launcher's it is, and what the launcher would start."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from rankzero.importing.findings import Findings
from rankzero.importing.mpirun import Start
from rankzero.importing.sketch import Sketch
from rankzero.importing.torchrun import Launch
from rankzero.spec.launchers import MPI
from rankzero.spec.params import escape
from rankzero.spec.problems import Place

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
#: As a container's command begins where a shell reads the rest.
SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash")
#: What a shell acts on, but for variables.
_SHELLS_OWN = re.compile(r"[;|&<>`(){}*?\[\]~#\n!]|\$\(")
_PYTHON = re.compile(r"python(\d+(\.\d+)*)?")
_TORCH = {"torch.distributed.run": False, "torch.distributed.launch": True}


class Line(NamedTuple):
    """A command line in its parts.

    env: variables set before it. launcher: `torchrun`, `torch.distributed.launch`, `mpirun`, or
    nothing. words: what the launcher is told; without one, all of them. program: the launcher as it
    was called. python: the interpreter that was named by its path.
    """

    env: dict[str, str]
    launcher: str
    words: list[str]
    python: str | None = None
    program: str = ""


def parts(words: Sequence[str]) -> Line:
    """The parts of a command line."""
    env, rest = _assigned(list(words))
    program = posixpath.basename(rest[0]) if rest else ""
    if program == "torchrun":
        return Line(env, "torchrun", rest[1:])
    if program in MPI:
        return Line(env, "mpirun", rest[1:], program=rest[0])
    if _PYTHON.fullmatch(program):
        flags = [at for at, word in enumerate(rest) if at and word != "-u"][:1]
        at = flags[0] if flags else len(rest)
        if rest[at : at + 1] == ["-m"] and rest[at + 1 : at + 2] and rest[at + 1] in _TORCH:
            launcher = "torch.distributed.launch" if _TORCH[rest[at + 1]] else "torchrun"
            return Line(env, launcher, rest[at + 2 :], rest[0] if "/" in rest[0] else None)
    return Line(env, "", rest)


def script_at(words: Sequence[str]) -> int | None:
    """Where in a command the file stands that it begins with: a script of Python's, or a program by
    its path; None where it is a module, or a program that is found by its name."""
    if not words or not _PYTHON.fullmatch(posixpath.basename(words[0])):
        return 0 if words and "/" in words[0] else None
    at = 1
    while at < len(words) and words[at].startswith("-"):
        if words[at] in ("-m", "-c", "-"):
            return None
        at += 2 if words[at] in ("-X", "-W") else 1
    return at if at < len(words) else None


def _assigned(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The variables at the beginning, as a shell or `env` sets them, and the rest."""
    rest = words[1:] if words[:1] == ["env"] else words
    env = {}
    while rest and (found := _ASSIGNMENT.fullmatch(rest[0])):
        env[found[1]] = found[2]
        rest = rest[1:]
    return (env, rest) if env else ({}, words)


def sketch_of(words: Sequence[str], findings: Findings) -> Sketch | None:
    """The job that a launcher's command line is; None where it is no launcher's."""
    line = parts(words)
    if not line.launcher:
        return None
    made = Sketch()
    env = line.env
    if line.launcher == "mpirun":
        start = Start(line.program, line.words, findings)
        made.job, made.roles = start.job, {"worker": start.said}
        env = {**env, **start.env}
    else:
        launch = Launch(line.words, findings, old=line.launcher != "torchrun")
        made.job, made.roles = launch.job, {launch.role: launch.said}
    if env:
        made.job["env"] = {name: escape(value) for name, value in env.items()}
    if line.python:
        made.job["python"] = line.python
    return made


class Inner(NamedTuple):
    """What each rank of a container runs. words: its command. job, role: what a launcher was told
    besides. launched: whether there was one, which a run stands for now."""

    words: list[str]
    job: dict[str, Any]
    role: dict[str, Any]
    launched: bool


def inside(
    words: Sequence[str], findings: Findings, where: Place, options: Sequence[str] = ()
) -> Inner:
    """A container's command, which may be a launcher's: then the ranks are those that it would
    start. options: words for it, which its own count more than."""
    line = parts(_without_shell(words, where))
    if line.launcher in ("", "mpirun") or line.env:
        return Inner(list(words), {}, {}, False)
    given = [*options, *line.words]
    launch = Launch(given, findings, where, old=line.launcher != "torchrun")
    said = {"nproc": launch.said["nproc"]} if launch.said["nproc"] is not None else {}
    job = {key: one for key, one in launch.job.items() if key not in ("run", "args")}
    return Inner(launch.command(line.python or "python"), job, said, True)


def _without_shell(words: Sequence[str], where: Place) -> Sequence[str]:
    """The words of `sh -c "torchrun ..."`, where a shell would do nothing but split them."""
    if len(words) != 3 or words[0] not in SHELLS or words[1] not in ("-c", "-ec", "-lc"):
        return words
    text = words[2].replace("\\\n", " ").strip().removeprefix("exec ")
    text = re.sub(r"\$\{(\w+)\}", r"$\1", text)
    if _SHELLS_OWN.search(text):
        return words
    try:
        inner = shlex.split(text)
    except ValueError:
        return words
    line = parts(inner)
    if line.launcher != "torchrun":
        return words
    trial = Findings("")
    launched = Launch(line.words, trial, where).command("python")
    return words if trial.problems or any("$" in word for word in launched) else inner
