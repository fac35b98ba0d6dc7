"""What of the user's folder a plan counts as code, on every backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.backends.home import state_home
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.compiling import compile_job as compile_for_a_cluster
from rankzero.backends.local.compiling import compile_job as compile_for_here
from rankzero.backends.local.folder import Runs
from rankzero.plan.model import Plan
from rankzero.spec import from_target
from rankzero.spec.model import Job

KUBECONFIG = """
current-context: lab
clusters: [{name: lab, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: ada, user: {token: t}}]
contexts: [{name: lab, context: {cluster: lab, user: ada}}]
"""


def compiled(job: Job, backend: str) -> Plan:
    if backend == "local":
        return compile_for_here(Runs(Path(job.workdir).parent), job, checked=False)
    return compile_for_a_cluster(Cluster(), job)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands are given in, which holds a script."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("backend", ["local", "kubernetes"])
def test_outputs_and_what_rankzero_keeps_are_no_code(
    work: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(work / ".local" / "state"))
    for kept in (state_home() / "runs" / "digits-7f3a" / "token", work / "out" / "model"):
        kept.parent.mkdir(parents=True)
        kept.write_text("hush")
    job = from_target("train.py", options={"image": "lab/image:1", "outputs": "out"})
    assert compiled(job, backend).code.files == 1


@pytest.mark.parametrize("backend", ["local", "kubernetes"])
def test_who_has_no_home_keeps_nothing_there(
    work: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    job = from_target("train.py", options={"image": "lab/image:1"})
    assert compiled(job, backend).code.files == 1
