"""Compiling Kubernetes, CoreDNS and the pause program from their Go modules, once."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
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


def compile_all() -> None:
    """Compile what is missing, or has changed. Errors: LabError with the compiler's words."""
    BIN.mkdir(parents=True, exist_ok=True)
    missing = [folder for folder, program in MADE.items() if not _is_made(folder, program)]
    for folder in missing:
        program = MADE[folder]
        say(f"compiling {program} (once{'; about 8 minutes on 2 cores' * (program == 'kube')})")
        _compile(folder, program)
        _stamp(program).write_text(_fingerprint(folder))
    if missing:  # 5 GB that are not looked at again
        shutil.rmtree(GO, ignore_errors=True)
    for name in KUBERNETES:
        if not (BIN / name).exists():
            (BIN / name).symlink_to("kube")


def _is_made(folder: str, program: str) -> bool:
    stamp = _stamp(program)
    there = (BIN / program).exists() and stamp.exists()
    return there and stamp.read_text() == _fingerprint(folder)


def _stamp(program: str) -> Path:
    return BIN / f"{program}.made-from"


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
    command = ("go", "build", "-trimpath", f"-ldflags={_flags(folder)}", "-o", BIN / program, ".")
    run(*nice, *command, cwd=source, env=env, seconds=3600)


def _flags(folder: str) -> str:
    """No debugging symbols; and Kubernetes must be told its version."""
    required = (PROGRAMS / folder / "go.mod").read_text()
    version = re.search(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\S*)", required)
    if version is None:
        return "-s -w"
    values = zip(("gitVersion", "gitMajor", "gitMinor"), version.groups(), strict=True)
    package = "k8s.io/component-base/version"
    return "-s -w" + "".join(f" -X {package}.{name}={value}" for name, value in values)
