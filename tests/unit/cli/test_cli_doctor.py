"""`rankzero doctor --rbac`: what stands on its standard output, without any cluster."""

from __future__ import annotations

import json

import pytest
import yaml


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)


def documents(out):
    return list(yaml.safe_load_all(out))


def test_a_role_and_nothing_else(rankzero):
    code, out, err = rankzero("doctor", "--rbac")
    (role,) = documents(out)
    assert (code, err) == (0, "")
    assert (role["kind"], role["metadata"]) == ("Role", {"name": "rankzero"})
    assert role["rules"]


def test_every_rule_says_what_it_is_for(rankzero):
    _, out, _ = rankzero("doctor", "--rbac")
    lines = out.splitlines()
    rules = [at for at, line in enumerate(lines) if line.startswith("- ")]
    assert len(rules) == len(documents(out)[0]["rules"])
    assert all(lines[at - 1].startswith("# ") for at in rules)


def test_whoever_is_named_gets_it(rankzero):
    where = ("--namespace", "team")
    who = ("--user", "ada@example.com", "--group", "vision", "--serviceaccount", "bot")
    code, out, _ = rankzero("doctor", "--rbac", *where, *who)
    role, binding = documents(out)
    assert code == 0
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "team"
    assert [one["name"] for one in binding["subjects"]] == ["ada@example.com", "vision", "bot"]
    assert binding["subjects"][-1]["namespace"] == "team"


def test_an_account_may_live_elsewhere(rankzero):
    _, out, _ = rankzero("doctor", "--rbac", "--serviceaccount", "ci:bot")
    (subject,) = documents(out)[1]["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"}


def test_an_account_of_no_namespace_is_refused(rankzero):
    code, out, err = rankzero("doctor", "--rbac", "--serviceaccount", "bot")
    assert (code, out) == (2, "")
    assert "--serviceaccount NS:bot" in err


def test_json_is_a_list_of_the_same_objects(rankzero):
    asked = ("doctor", "--rbac", "--user", "ada")
    _, text, _ = rankzero(*asked)
    _, out, _ = rankzero(*asked, "--output", "json")
    made = json.loads(out)
    assert (made["kind"], made["items"]) == ("List", documents(text))


def test_a_job_of_usual_objects_takes_the_usual_role(rankzero, tmp_path):
    (tmp_path / "train.py").write_text("print(1)")
    (tmp_path / "job.yaml").write_text("name: digits\nrun: train.py\nnodes: 4\n")
    assert rankzero("doctor", "--rbac", "job.yaml") == rankzero("doctor", "--rbac")


def test_a_client_that_drives_pipelines_gives_nobody_rights(rankzero):
    def resources(*more):
        _, out, _ = rankzero("doctor", "--rbac", "--pipelines", *more)
        (role,) = documents(out)
        return role["metadata"]["name"], {
            one for rule in role["rules"] for one in rule["resources"]
        }

    name, given = resources()
    assert name == "rankzero-pipelines"
    assert {"serviceaccounts", "roles", "rolebindings"} <= given
    name, given = resources("--client")
    assert name == "rankzero-clients"
    assert not {"serviceaccounts", "roles", "rolebindings"} & given
    code, _, err = rankzero("doctor", "--rbac", "--client")
    assert (code, "--pipelines --client" in err) == (2, True)


@pytest.mark.parametrize("more", [("--pipelines",), ("--pipelines", "--client")])
def test_who_runs_pipelines_may_do_all_that_others_may(rankzero, more):
    def rights(*argv):
        _, out, _ = rankzero("doctor", "--rbac", *argv)
        return {
            (group, resource, verb)
            for rule in documents(out)[0]["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    assert rights(*more) > rights()


def test_a_job_that_is_wrong_is_told_as_anywhere(rankzero, tmp_path):
    (tmp_path / "job.yaml").write_text("run: train.py\nnodes: 0\n")
    code, out, err = rankzero("doctor", "--rbac", "job.yaml")
    assert (code, out) == (2, "")
    assert "nodes: must be a number of nodes" in err


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("job.yaml",), "--pods"),
        (("--image", "a:1"), "--pods"),
        (("--gpus", "1"), "--pods"),
        (("--pods", "--rbac"), "leave out"),
        (("--pods", "--on", "local"), "there are none on local"),
        (("--pods", "--wait", "soon"), "--wait"),
        (("--pods", "--gpus", "many"), "--gpus"),
        (("--pods", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_looked_at(rankzero, argv, word):
    code, out, err = rankzero("doctor", *argv)
    assert (code, out) == (2, "")
    assert word in err


def test_it_has_to_be_said_that_a_role_is_wanted(rankzero):
    code, out, err = rankzero("doctor", "--pipelines")
    assert (code, out) == (2, "")
    assert "rankzero doctor --rbac" in err
