"""`rankzero doctor` on a real cluster: what keeps a user's runs from working is told beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import Team

pytestmark = pytest.mark.timeout(240)


def findings(team: Team, code: int) -> dict[str, dict[str, str]]:
    said = team.start("doctor", "-o", "json").wait(200.0)
    assert said.code == code, said
    found = json.loads(said.out)["findings"]
    return {one["check"]: one for one in found if one["area"] == "cluster"}


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
