"""A cluster and its machines, as who may look at them sees them."""

from __future__ import annotations

import json

from .lab.target import Cluster
from .team import Team


def admin_env(cluster: Cluster) -> dict[str, str]:
    return {"KUBECONFIG": str(cluster.kubectl.kubeconfig)}


def test_a_cluster_is_shown_with_its_machines(team: Team, lab: Cluster) -> None:
    said = team.call("cluster", "info", "-o", "json", env=admin_env(lab))
    assert said.code == 0, said
    found = json.loads(said.out)
    assert found["version"].startswith("v1.")
    assert {"node0", "node1"} <= {one["name"] for one in found["nodes"]}
    assert found["not_shown"] == []
    assert any(one.endswith("*") for one in found["classes"])

    text = team.call("cluster", "info", env=admin_env(lab)).out
    assert "machines" in text and "storage" in text


def test_what_runs_on_a_machine_is_told_and_takes_from_what_is_free(
    team: Team, lab: Cluster
) -> None:
    placed = ("--node-selector", "kubernetes.io/hostname=node0", "--cpu", "250m")
    run = team.running("import time; print('up', flush=True); time.sleep(600)", *placed)
    said = team.call("cluster", "nodes", "-o", "json", env=admin_env(lab))
    nodes = {one["name"]: one for one in json.loads(said.out)["nodes"]}
    assert run in nodes["node0"]["runs"]
    assert run not in nodes["node1"]["runs"]
    assert nodes["node0"]["cpu_free"] <= nodes["node0"]["cpu"] - 0.25
    assert run in team.call("cluster", "nodes", env=admin_env(lab)).out
    assert team.call("stop", run).code == 0


def test_a_label_is_put_used_and_taken_away(team: Team, lab: Cluster) -> None:
    env = admin_env(lab)
    key = f"{team.namespace}/place"
    assert team.call("cluster", "label", "node1", f"{key}=here", env=env).code == 0
    listed = team.call("cluster", "nodes", "-l", f"{key}=here", "-o", "json", env=env)
    assert [one["name"] for one in json.loads(listed.out)["nodes"]] == ["node1"]

    said = team.call("run", "--node-selector", f"{key}=here", "--", "true")
    assert said.code == 0, said

    assert team.call("cluster", "label", "node1", f"{key}-", env=env).code == 0
    listed = team.call("cluster", "nodes", "-l", f"{key}=here", "-o", "json", env=env)
    assert json.loads(listed.out) == {"nodes": []}


def test_nothing_is_labelled_where_one_machine_is_not_there(team: Team, lab: Cluster) -> None:
    key = f"{team.namespace}/place"
    said = team.call("cluster", "label", "node0", "gone", f"{key}=x", env=admin_env(lab))
    assert said.code == 2
    assert "no machine gone" in said.err
    listed = team.call("cluster", "nodes", "-l", f"{key}=x", "-o", "json", env=admin_env(lab))
    assert json.loads(listed.out) == {"nodes": []}


def test_who_has_a_namespace_alone_sees_what_may_be_seen(team: Team) -> None:
    said = team.call("cluster", "info", "-o", "json")
    assert said.code == 0, said
    found = json.loads(said.out)
    assert found["namespace"] == team.namespace
    assert found["nodes"] is None
    assert any("nodes" in one for one in found["not_shown"])

    nodes = team.call("cluster", "nodes")
    assert nodes.code == 3
    assert "nodes" in nodes.err and "Traceback" not in nodes.err
