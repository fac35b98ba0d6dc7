"""Compiling Kubernetes, CoreDNS and the pause program from their Go modules, once; and on demand
metrics-server, Kueue, JobSet, Helm and kind."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from .places import BIN, CACHE, PROGRAMS
from .shell import run, say, tried_again

#: Sources and objects, while they are needed.
GO = CACHE / "go"
#: What one program is called as.
KUBERNETES = (
    *("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kubelet", "kube-proxy", "kubectl"),
)
#: Folder of the sources -> name of the program.
MADE = {"pause": "pause", "dns": "coredns", "kube": "kube"}
#: Compiled where a test asks for them.
KUEUE, METRICS, HELM, JOBSET = "kueue", "metrics-server", "helm", "jobset"
KIND = "kind"
#: Whose module says which objects it needs in a cluster, and which module that is.
_WITH_MANIFESTS = {KUEUE: "sigs.k8s.io/kueue", JOBSET: "sigs.k8s.io/jobset"}


def compile_all() -> None:
    """Compile what is missing, or has changed. Errors: LabError with the compiler's words."""
    BIN.mkdir(parents=True, exist_ok=True)
    _make(MADE)
    for name in KUBERNETES:
        if not (BIN / name).exists():
            (BIN / name).symlink_to("kube")


def kueue() -> tuple[Path, Path]:
    """Kueue, and the folder with its manifests; compiled where it is missing, in some minutes.

    Errors: LabError with the compiler's words.
    """
    _make({KUEUE: KUEUE})
    return BIN / KUEUE, _manifests(KUEUE)


def jobset() -> tuple[Path, Path]:
    """JobSet's controller, and the folder with its manifests; compiled where it is missing.

    Errors: LabError with the compiler's words.
    """
    _make({JOBSET: JOBSET})
    return BIN / JOBSET, _manifests(JOBSET)


def metrics_server() -> Path:
    """metrics-server; compiled where it is missing. Errors: LabError with the compiler's words."""
    _make({"metrics": METRICS})
    return BIN / METRICS


def helm() -> Path:
    """Helm; compiled where it is missing. Errors: LabError with the compiler's words."""
    _make({HELM: HELM})
    return BIN / HELM


def kind() -> Path:
    """kind; compiled where it is missing. Errors: LabError with the compiler's words."""
    _make({KIND: KIND})
    return BIN / KIND


def _make(programs: Mapping[str, str]) -> None:
    missing = [folder for folder, program in programs.items() if not _is_made(folder, program)]
    for folder in missing:
        program = programs[folder]
        minutes = {"kube": 8, KUEUE: 9, METRICS: 3, HELM: 3, JOBSET: 3}.get(program)
        long = f"; about {minutes} minutes on 2 cores" if minutes else ""
        say(f"compiling {program} (once{long})")
        _compile(folder, program)
        _stamp(program).write_text(_fingerprint(folder))
    if missing:  # 5 GB that are not looked at again
        shutil.rmtree(GO, ignore_errors=True)


def _is_made(folder: str, program: str) -> bool:
    stamp = _stamp(program)
    there = (BIN / program).exists() and stamp.exists()
    return there and stamp.read_text() == _fingerprint(folder)


def _stamp(program: str) -> Path:
    return BIN / f"{program}.made-from"


def _package(folder: str) -> str:
    """What is compiled: the folder's own program, or one of another module, named in go.mod."""
    named = re.search(r"^tool (\S+)$", (PROGRAMS / folder / "go.mod").read_text(), re.MULTILINE)
    return named[1] if named else "."


def _fingerprint(folder: str) -> str:
    whole = b"".join(path.read_bytes() for path in sorted((PROGRAMS / folder).iterdir()))
    return hashlib.sha256(whole).hexdigest()


def _compile(folder: str, program: str) -> None:
    source = PROGRAMS / folder
    env = {
        "GOMODCACHE": str(GO / "mod"),
        "GOCACHE": str(GO / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
    }
    if folder == "pause":
        env["CGO_ENABLED"] = "0"  # its image holds nothing else
    else:
        tried_again(
            f"downloading the modules of {program}",
            lambda: run("go", "mod", "download", cwd=source, env=env, seconds=900),
        )
    nice = ("nice", "-n", str(max(10 - os.nice(0), 0)))
    command = ("go", "build", "-trimpath", f"-ldflags={_flags(folder)}", "-o", BIN / program)
    run(*nice, *command, _package(folder), cwd=source, env=env, seconds=3600)
    if program in _WITH_MANIFESTS:
        where = ("go", "list", "-m", "-f", "{{.Dir}}", _WITH_MANIFESTS[program])
        module = Path(run(*where, cwd=source, env=env).strip())
        shutil.rmtree(_manifests(program), ignore_errors=True)  # another version's
        shutil.copytree(module / "config" / "components", _manifests(program))


def _manifests(program: str) -> Path:
    return BIN / f"{program}.manifests"


def _flags(folder: str) -> str:
    """No debugging symbols; and Kubernetes must be told its version."""
    required = (PROGRAMS / folder / "go.mod").read_text()
    version = re.search(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\S*)", required)
    if version is None:
        return "-s -w"
    values = zip(("gitVersion", "gitMajor", "gitMinor"), version.groups(), strict=True)
    package = "k8s.io/component-base/version"
    return "-s -w" + "".join(f" -X {package}.{name}={value}" for name, value in values)
