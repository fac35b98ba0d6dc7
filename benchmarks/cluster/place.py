"""Where it is measured: a namespace of a cluster, a user with a Role in it, and their commands."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.cluster.lab import needs, suite, target, users
from tests.cluster.lab.kubectl import Kubectl
from tests.cluster.lab.shell import until
from tests.cluster.team import ROLE

from benchmarks.commands import SCRIPTS

#: What runs in processes of its own.
PROGRAMS = Path(__file__).parent / "programs"
#: How long a cluster may take to clean a namespace away (seconds).
_CLEANING = 900


class Said(NamedTuple):
    """What a command printed: out, a file; err, its lines, each with the moment (seconds since the
    epoch) at which it came. began: when the command was started."""

    began: float
    out: Path
    err: list[tuple[float, str]]

    @property
    def text(self) -> str:
        return self.out.read_text(encoding="utf-8", errors="replace")

    @property
    def run(self) -> str:
        """The id of the run that it started."""
        found = re.search(r"^[a-z0-9-]+-[0-9a-f]{4}(?=\s)", self.told or self.text, re.MULTILINE)
        if found is None:
            raise SystemExit(f"no run's id in:\n{self.told}{self.text}")
        return found[0]

    @property
    def told(self) -> str:
        """All that came on stderr."""
        return "".join(line for _, line in self.err)

    def when(self, word: str) -> float:
        """The moment at which the command itself said a word."""
        for moment, line in self.err:
            if word in line:
                return moment
        raise SystemExit(f'nobody said "{word}":\n{self.told}')


class Place(NamedTuple):
    """admin: kubectl with all rights, in the namespace. kubeconfig: the user's."""

    admin: Kubectl
    kubeconfig: Path
    python: str
    torch: str | None
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What the user's commands find, and nothing of the developer's own rankzero. What pip
        installs has byte code: a setting that keeps a clone from having any would count here."""
        other = ("RANKZERO", "PYTHONDONTWRITEBYTECODE")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(other)}
        own = {"KUBECONFIG": str(self.kubeconfig), "XDG_STATE_HOME": str(self.folder / "state")}
        return {**clean, **own, "NO_COLOR": "1", "RANKZERO_ON": "kubernetes"}

    def needs_torch(self) -> str:
        """The image with PyTorch. Errors: SystemExit where none was named."""
        if self.torch is None:
            raise SystemExit(f"name an image with PyTorch: {target.TORCH_VARIABLE}=...")
        return self.torch

    def code(self, *scripts: str) -> Path:
        """A folder that holds these scripts of the benchmarks, and nothing else."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        for name in scripts:
            (folder / name).write_bytes((SCRIPTS / name).read_bytes())
        return folder

    def rankzero(self, *argv: object, cwd: Path | None = None) -> Said:
        """`rankzero ARGV` to its end. Errors: SystemExit where it fails."""
        return self.call([sys.executable, "-m", "rankzero", *map(str, argv)], cwd)

    def call(self, command: list[str], cwd: Path | None = None, **more: str) -> Said:
        """A command of the user's to its end; more is added to its environment. Errors: SystemExit
        where it fails."""
        handle, name = tempfile.mkstemp(dir=self.folder, prefix="out-")
        with os.fdopen(handle, "wb") as out:
            began = time.time()
            process = subprocess.Popen(
                command,
                cwd=cwd or self.folder,
                env={**self.env, **more},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
            )
        with process:
            assert process.stderr is not None
            said = Said(began, Path(name), [(time.time(), line) for line in process.stderr])
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{said.told}{said.text[-2000:]}")
        return said


@contextlib.contextmanager
def opened() -> Iterator[Place]:
    """A place that is gone after the block. Errors: SystemExit where no cluster can be had."""
    with _cluster() as cluster, tempfile.TemporaryDirectory(prefix="rankzero-bench-") as folder:
        namespace = f"rz-bench-{secrets.token_hex(4)}"
        admin = cluster.kubectl.within(namespace)
        cluster.kubectl("create", "namespace", namespace)
        try:
            account = ("get", "serviceaccount", "default")
            until("the namespace's account", lambda: admin.succeeds(*account))
            config = users.user(cluster.kubectl, namespace, ROLE, Path(folder) / "kubeconfig")
            yield Place(admin, config, cluster.python, cluster.torch, Path(folder))
        finally:
            # Kubernetes waits for failed pods, which their Jobs keep where something went wrong.
            admin("delete", "jobs", "--all", "--wait=false")
            cluster.kubectl("delete", "namespace", namespace, seconds=_CLEANING)


@contextlib.contextmanager
def _cluster() -> Iterator[target.Cluster]:
    """The one that the environment names, else the lab."""
    if os.environ.get(target.KUBECONFIG_VARIABLE):
        yield target.find()
        return
    if obstacle := needs.obstacle():
        raise SystemExit(f"this machine cannot host the lab: {obstacle}")
    with suite.standing():
        yield target.find()
