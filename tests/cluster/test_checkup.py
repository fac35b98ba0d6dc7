"""`rankzero doctor` on a real cluster: what keeps a user's runs from working is told beforehand."""

from __future__ import annotations

import base64
import json
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

import yaml

from rankzero.plan.kubernetes.checkup import LABEL
from support import bundles
from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import ROLE, Team

#: A namespace in which nobody can be reached.
WALL = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "wall"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


def findings(team: Team, code: int, *argv: str, area: str = "cluster") -> dict[str, dict[str, str]]:
    said = team.start("doctor", "-o", "json", *argv).wait(200.0)
    assert said.code == code, said
    found = json.loads(said.out)["findings"]
    return {one["check"]: one for one in found if one["area"] == area}


def nothing_is_left(team: Team) -> None:
    def gone() -> bool:
        left = team.admin("get", "jobs,pods,services,configmaps", "-l", LABEL, "-o", "name")
        return not left.strip()

    until(gone, "the pods of the check-up to go")


def test_a_user_with_the_role_is_told_that_all_is_well(team: Team) -> None:
    found = findings(team, 0)
    for check in ("reached", "clock", "version", "namespace", "rights", "dry run"):
        assert found[check]["verdict"] == "ok", found[check]
    assert found["machines"]["verdict"] == "not checked"
    assert not team.admin("get", "jobs,pods,configmaps", "-l", "rankzero/run", "-o", "name").strip()


def test_a_user_without_rights_is_told_which_and_what_to_ask_for(
    cluster: Cluster,
    new_namespace: Callable[[], str],
    user: Callable[..., Kubectl],
    tmp_path: Path,
) -> None:
    namespace = new_namespace()
    config = user(namespace, {"rules": []}).kubeconfig
    barred = Team(tmp_path / "barred", config, cluster.kubectl.within(namespace), cluster.python)
    found = findings(barred, 3)
    assert found["rights"]["verdict"] == "failure"
    assert "--rbac" in found["rights"]["remedy"]
    inside = findings(barred, 3, "--pods", area="pods")
    assert set(inside) == {"network"}
    assert "may not create" in inside["network"]["said"]
    assert "--rbac" in inside["network"]["remedy"]


def test_pods_look_from_inside_as_pods_of_a_team_s_run_would(
    cluster: Cluster,
    new_namespace: Callable[..., str],
    user: Callable[..., Kubectl],
    tmp_path: Path,
) -> None:
    namespace = new_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    config = user(namespace, ROLE).kubeconfig
    team = Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)
    found = findings(team, 0, "--pods", area="pods")
    assert [one["verdict"] for one in found.values()] == ["ok"] * 6, found
    assert found["image"]["said"].startswith(cluster.python)
    assert "kubernetes.default.svc and rankzero-checkup-" in found["DNS"]["said"]
    assert " reaches " in found["other pods"]["said"] or "each other" in found["other pods"]["said"]
    nothing_is_left(team)


def absent(cluster: Cluster) -> str:
    """An image that is not where others are."""
    return cluster.python.rpartition(":")[0] + ":none"


def test_an_image_that_is_not_there_is_told_with_the_reason_and_at_once(
    cluster: Cluster, team: Team
) -> None:
    found = findings(team, 3, "--pods", "--image", absent(cluster), area="pods")
    assert set(found) == {"image"}
    assert f"{absent(cluster)} is not there" in found["image"]["said"]
    assert "--image" in found["image"]["remedy"]
    nothing_is_left(team)


def test_a_wall_between_pods_is_told_beside_what_is_well(lab: Cluster, team: Team) -> None:
    team.admin.apply(WALL)
    found = findings(team, 3, "--pods", area="pods")
    assert found["other pods"]["verdict"] == "failure"
    assert found["DNS"]["verdict"] == found["API server"]["verdict"] == "ok"
    assert "networkpolicies" in found["other pods"]["remedy"]


def test_a_gpu_that_is_granted_and_not_there_is_told(lab: Cluster, team: Team) -> None:
    resource = f"rz-test-{secrets.token_hex(4)}.example/gpu"
    machine = lab.kubectl.get("nodes")["items"][0]["metadata"]["name"]

    def offer(count: str | None) -> None:
        told = {resource: count}
        patch = json.dumps({"status": {"capacity": told, "allocatable": told}})
        lab.kubectl("patch", "node", machine, "--subresource=status", "--type=merge", "-p", patch)

    offer("1")
    try:
        found = findings(team, 3, "--pods", "--gpus", f"{resource}=1", area="pods")
    finally:
        offer(None)
    assert found["GPU"]["verdict"] == "failure"
    assert f"granted on {machine}, but there is no device file" in found["GPU"]["said"]
    assert "container runtime" in found["GPU"]["remedy"]


def test_ctrl_c_takes_the_pods_away(cluster: Cluster, team: Team) -> None:
    going = team.start("doctor", "--pods", "--image", absent(cluster))
    until(lambda: LABEL in team.admin("get", "jobs", "-o", "yaml"), "a Job of the check-up")
    going.signal(signal.SIGINT)
    assert going.wait(60.0).code == 130
    nothing_is_left(team)


def test_a_bundle_has_what_a_run_was_and_neither_its_token_nor_its_user_s(team: Team) -> None:
    script = team.script("raise ValueError('it fails with password=hidden-1')")
    said = team.call("run", script, "--env", "API_TOKEN=hidden-2")
    assert said.code == 1, said
    (run,) = [one["run"] for one in json.loads(team.call("list", "-o", "json").out)["runs"]]
    made = team.start("doctor", "--bundle", "all.tar.gz", "--run", run).wait(200.0)
    assert made.code == 0, made
    held = bundles.texts(team.work / "all.tar.gz")

    assert json.loads(held["cluster/version.json"])["gitVersion"].startswith("v1.")
    (pod,) = json.loads(held["cluster/pods.json"])
    assert pod["metadata"]["labels"]["rankzero/run"] == run
    assert "may not" in json.loads(held["cluster/nodes.json"])["fault"]
    assert json.loads(held[f"runs/{run}/why.json"])["cause"] == "exception"
    assert [*json.loads(held[f"runs/{run}/agents.json"])] == [pod["metadata"]["name"]]

    whole = "".join(held.values())
    token = team.admin.get("secret", run)["data"]["token"]
    user = yaml.safe_load(Path(team.env["KUBECONFIG"]).read_text())["users"][0]["user"]
    hidden = ["hidden-1", "hidden-2", token, base64.b64decode(token).decode("latin-1")]
    hidden += [one for one in user.values() if isinstance(one, str)]
    assert len(hidden) > 4
    assert [one for one in hidden if one in whole] == []
