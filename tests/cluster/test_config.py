"""Clusters and namespaces by name: profiles, options, what is remembered, looking everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import ROLE, Team

_HELLO = "import os; print('hello from', os.environ['RANKZERO_RUN'])"


class Two(Team):
    """Somebody with the Role in two namespaces, each a context of one kubeconfig; the first one is
    the current."""

    def __init__(self, folder: Path, configs: list[Path], admin: Kubectl, image: str) -> None:
        super().__init__(folder, folder / "kubeconfig", admin, image)
        joined: dict[str, Any] = {}
        self.namespaces = []
        for number, path in enumerate(configs):
            one = json.loads(path.read_text())
            joined = joined or {**one, "users": [], "contexts": []}
            user = {**one["users"][0], "name": f"user-{number}"}
            context = {**one["contexts"][0]["context"], "user": user["name"]}
            joined["users"].append(user)
            joined["contexts"].append({"name": f"context-{number}", "context": context})
            self.namespaces.append(context["namespace"])
        joined["current-context"] = "context-0"
        (folder / "kubeconfig").write_text(json.dumps(joined))

    @property
    def env(self) -> dict[str, str]:
        return {name: value for name, value in super().env.items() if name != "RANKZERO_ON"}

    def listed(self, *options: str) -> dict[str, str]:
        """The runs that `list` shows, and where they are."""
        said = self.call("list", "-o", "json", *options)
        assert said.code == 0, said
        return {run["run"]: run["where"] for run in json.loads(said.out)["runs"]}

    def sent(self, *options: str) -> str:
        """Start a run there; returns its id."""
        said = self.call("run", self.script(_HELLO), "--detach", *options)
        assert said.code == 0, said
        return said.out.strip()


@pytest.fixture
def two(
    cluster: Cluster,
    new_namespace: Callable[..., str],
    user: Callable[..., Kubectl],
    tmp_path: Path,
) -> Iterator[Two]:
    configs = [user(new_namespace(), ROLE).kubeconfig for _ in range(2)]
    made = Two(tmp_path / "two", configs, cluster.kubectl, cluster.python)
    yield made
    made.close()


def test_a_run_elsewhere_is_found_by_its_id_alone(two: Two) -> None:
    run = two.sent("--on", "kubernetes", "--context", "context-1")
    assert two.listed() == {run: f"context-1/{two.namespaces[1]}"}
    assert two.call("wait", run).code == 0
    assert two.call("logs", run).out == f"[0] hello from {run}\n"
    assert json.loads(two.call("status", run, "-o", "json").out)["runs"][0]["run"] == run
    assert two.listed("--on", "kubernetes") == {}, "the current context has none"
    unknown = two.call("status", run, "--context", "context-0")
    assert (unknown.code, unknown.err.splitlines()[0]) == (2, f'There is no run "{run}".')
    assert two.call("delete", run).code == 0
    assert two.listed() == {}


def test_a_profile_says_where_and_what_in(two: Two) -> None:
    two.script(
        f"""
        on = "second"
        [defaults]
        labels = {{ course = "ml" }}
        max_restarts = 2
        [profiles.second]
        context = "context-1"
        [profiles.first.defaults]
        labels = {{ at = "home" }}
        [profiles.other]
        namespace = "{two.namespaces[1]}"
        image = "nobody/nothing:1"
        """,
        "rankzero.toml",
    )
    by_default, named = two.sent(), two.sent("--on", "first", "--max-restarts", "0")
    assert two.listed() == {
        by_default: f"context-1/{two.namespaces[1]}",
        named: f"context-0/{two.namespaces[0]}",
    }
    shown = json.loads(two.call("status", by_default, named, "-o", "json").out)["runs"]
    assert [run["labels"] for run in shown] == [
        {"course": "ml"},
        {"course": "ml", "at": "home"},
    ]
    assert [run["max_restarts"] for run in shown] == [2, 0]
    assert two.listed("--on", "first") == {named: f"context-0/{two.namespaces[0]}"}
    planned = two.call("run", two.script(_HELLO), "--on", "other", "--dry-run", "--no-preflight")
    assert planned.code == 0, planned
    assert f" · context-0/{two.namespaces[1]} · " in planned.out
    assert " · image nobody/nothing:1 · " in planned.out
    assert two.call("delete", "--all", "--force").code == 0
    assert two.listed() == {}


def test_from_another_machine_the_configuration_finds_the_runs(two: Two, tmp_path: Path) -> None:
    run = two.sent("--on", "kubernetes", "--context", "context-1")
    elsewhere = {"XDG_STATE_HOME": str(tmp_path / "elsewhere")}
    assert "No runs." in two.call("list", env=elsewhere).out
    there = {**elsewhere, "RANKZERO_ON": "kubernetes", "RANKZERO_CONTEXT": "context-1"}
    assert run in two.call("list", env=there).out
    two.script('on = "there"\n[profiles.there]\ncontext = "context-1"\n', "rankzero.toml")
    assert run in two.call("list", env=elsewhere).out
    assert two.call("wait", run, env=elsewhere).code == 0


def test_who_may_not_see_the_whole_cluster_sees_what_is_known_here(two: Two) -> None:
    mine = two.sent("--on", "kubernetes")
    other = two.sent("--on", "kubernetes", "--context", "context-1")
    said = two.call("list", "-A")
    assert said.code == 0, said
    assert (mine in said.out, other in said.out) == (True, True)
    for context, namespace in zip(("context-0", "context-1"), two.namespaces, strict=True):
        note = f"note: {context}: no right to look into all namespaces; read: {namespace}"
        assert note in said.err
    said = two.call("list", "-A", "--context", "context-0")
    assert (mine in said.out, other in said.out) == (True, False)


def test_who_may_see_all_namespaces_sees_them_in_one_call(two: Two, cluster: Cluster) -> None:
    runs = {two.sent("--on", "kubernetes", "--context", f"context-{i}"): i for i in range(2)}
    admin = {"KUBECONFIG": str(cluster.kubeconfig), "XDG_STATE_HOME": str(two.work / "other")}
    said = two.call("list", "--all-namespaces", "-o", "json", env=admin)
    assert (said.code, said.err) == (0, ""), said
    seen = {run["run"]: run["where"].rpartition("/")[2] for run in json.loads(said.out)["runs"]}
    assert {run: seen[run] for run in runs} == {run: two.namespaces[i] for run, i in runs.items()}
    run = next(iter(runs))
    status = two.call("status", "-A", run, env=admin)
    assert (status.code, status.out.startswith(run)) == (0, True), status


def test_a_place_that_does_not_answer_is_named_and_the_others_are_listed(two: Two) -> None:
    mine = two.sent("--on", "kubernetes")
    two.sent("--on", "kubernetes", "--context", "context-1")
    path = Path(two.env["KUBECONFIG"])
    config = json.loads(path.read_text())
    config["clusters"].append({"name": "off", "cluster": {"server": "https://127.0.0.1:9"}})
    config["contexts"][1]["context"]["cluster"] = "off"
    path.write_text(json.dumps(config))
    said = two.call("list")
    assert said.code == 0
    assert mine in said.out
    (note,) = said.err.splitlines()
    assert note.startswith("  note: cannot reach context-1 (https://127.0.0.1:9): ")
    assert two.call("wait", mine).code == 0, "it is found although another place is off"
    unknown = two.call("status", "nothing-0000")
    assert (unknown.code, "cannot reach context-1" in unknown.err) == (3, True), unknown


def test_the_same_id_in_two_namespaces_is_told_apart_by_the_namespace(two: Two) -> None:
    run = two.sent("--on", "kubernetes", "--context", "context-1")
    job = two.admin.within(two.namespaces[1]).get("job", f"{run}-worker")
    meta = job["metadata"]
    copy = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {key: meta[key] for key in ("name", "labels", "annotations")},
        "spec": {**job["spec"], "suspend": True},
    }
    del copy["spec"]["selector"]
    labels = copy["spec"]["template"]["metadata"]["labels"]
    for name in [name for name in labels if "controller-uid" in name or "job-name" in name]:
        del labels[name]
    two.admin.within(two.namespaces[0]).apply(copy)
    said = two.call("status", run[:-1])
    assert said.code == 2
    for context, namespace in zip(("context-0", "context-1"), two.namespaces, strict=True):
        assert f"{run} in {context}/{namespace}" in said.err
    there = two.call("status", run, "-N", two.namespaces[1], "--context", "context-1")
    assert f"context-1/{two.namespaces[1]}" in there.out, there
