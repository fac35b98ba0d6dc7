"""The rights that runs take, and the Role that gives them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rankzero.driver.cluster import words
from rankzero.plan.kubernetes import driver
from rankzero.plan.kubernetes.kinds import KINDS
from rankzero.plan.kubernetes.rbac import Subject, binding, role, role_name
from rankzero.plan.kubernetes.rights import USUAL, Right, needed, rights

from .test_plan_kubernetes import CASES, plan


def manifest(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "a"}, **more}


#: The plans of jobs that ask for objects which not every run has.
MORE = {
    *("rights-and-a-wall", "heals-itself", "heals-itself-with-rights", "volumes-of-its-own"),
    "heals-itself-in-one-role-with-rights",
}


@pytest.mark.parametrize("name", sorted(CASES.keys() - MORE))
def test_a_run_of_what_every_run_has_takes_the_usual_rights(name: str) -> None:
    assert needed(plan(*CASES[name]).manifests) == USUAL == needed()


@pytest.mark.parametrize("name", CASES)
def test_every_object_of_a_plan_can_be_created_with_them(name: str) -> None:
    manifests = plan(*CASES[name]).manifests
    for one in manifests:
        kind = KINDS[one["kind"]]
        assert Right("create", kind.group, kind.plural) in rights(needed(manifests))


def test_what_a_job_asks_for_its_pods_its_user_has_to_have() -> None:
    more = set(rights(needed(plan(*CASES["rights-and-a-wall"]).manifests))) - set(rights(USUAL))

    assert set(map(str, more)) == {
        "create serviceaccounts",
        "create roles.rbac.authorization.k8s.io",
        "create rolebindings.rbac.authorization.k8s.io",
        "create networkpolicies.networking.k8s.io",
        "get pods",
        "get jobs.batch mine",
    }


def of_driver(client: str | None) -> list[dict[str, Any]]:
    wanted = driver.Wanted("digits-7f3a", "digits", "image:1", {}, ["sha256:1"], client=client)
    return [driver.job(wanted), *driver.others(wanted)]


def test_a_client_that_drives_a_pipeline_takes_no_right_to_give_rights() -> None:
    more = set(rights(needed(of_driver("ada@laptop")))) - set(rights(USUAL))
    assert set(map(str, more)) == {"list configmaps", "watch configmaps", "patch configmaps"}
    assert needed(of_driver("ada@laptop")) == driver.for_users("any")
    pod = set(map(str, rights(needed(of_driver(None))))) - set(map(str, rights(USUAL)))
    assert {"create serviceaccounts", "create roles.rbac.authorization.k8s.io"} <= pod


def test_no_pod_comes_of_the_first_job_of_a_client_whoever_resumes_it() -> None:
    job, plan = of_driver("ada@laptop")
    assert plan["kind"] == "ConfigMap"
    assert job["metadata"]["annotations"][words.CLIENT] == "ada@laptop"
    assert (job["spec"]["suspend"], job["spec"]["parallelism"]) == (True, 0)
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
    other, *_ = of_driver(None)
    assert words.CLIENT not in other["metadata"]["annotations"]
    assert other["spec"]["template"]["spec"]["serviceAccountName"] == "digits-7f3a"


def test_who_lets_a_run_heal_itself_must_be_able_to_heal_it() -> None:
    more = set(rights(needed(plan(*CASES["heals-itself"]).manifests))) - set(rights(USUAL))

    assert set(map(str, more)) == {
        "create serviceaccounts",
        "create roles.rbac.authorization.k8s.io",
        "create rolebindings.rbac.authorization.k8s.io",
        "patch pods",
        "delete pods",
    }


def test_exec_takes_both_of_its_verbs() -> None:
    assert {one.verb for one in rights(USUAL) if one.resource == "pods/exec"} == {"get", "create"}


#: Those that every run has, and the one that may be there already.
OTHERS = {"Job", "Service", "Secret", "ConfigMap", "PersistentVolumeClaim"}


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - OTHERS))
def test_each_other_kind_takes_one_right_more(kind: str) -> None:
    more = set(rights(needed([manifest(kind, rules=[])]))) - set(rights(USUAL))

    assert more == {Right("create", KINDS[kind].group, KINDS[kind].plural)}


def test_who_brings_a_volume_along_may_look_whether_it_is_there() -> None:
    more = set(rights(needed([manifest("PersistentVolumeClaim")]))) - set(rights(USUAL))

    assert set(map(str, more)) == {"get persistentvolumeclaims", "create persistentvolumeclaims"}


def test_who_creates_a_role_needs_what_it_gives() -> None:
    given = {"apiGroups": ["", "batch"], "resources": ["pods", "jobs"], "verbs": ["list", "get"]}
    more = set(rights(needed([manifest("Role", rules=[given])]))) - set(rights(USUAL))

    assert set(map(str, more)) == {
        "create roles.rbac.authorization.k8s.io",
        "get pods",
        "get jobs.batch",
        "list jobs",
        "get jobs",
        "list pods.batch",
        "get pods.batch",
    }


def test_a_right_that_is_about_some_objects_stays_so() -> None:
    given = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["a"]}
    *_, rule = needed([manifest("Role", rules=[given])])

    assert rule.to_json() == given
    assert list(map(str, rule.rights)) == ["get secrets a"]


def test_two_objects_of_a_kind_take_one_rule() -> None:
    assert len(needed([manifest("NetworkPolicy"), manifest("NetworkPolicy")])) == len(USUAL) + 1


def test_a_role_gives_the_rights_and_nothing_else() -> None:
    made = role("rankzero", USUAL, "team")

    assert made["metadata"] == {"name": "rankzero", "namespace": "team"}
    assert [
        Right(verb, group, resource)
        for rule in made["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ] == list(rights(USUAL))
    assert not any("*" in one for rule in made["rules"] for one in (*rule["verbs"], *rule))


def test_no_rights_to_read_what_runs_write() -> None:
    """Whoever may start runs can still not read the namespace's secrets."""
    assert {one.verb for one in rights(USUAL) if one.resource == "secrets"} == {"create"}


def test_without_a_namespace_it_goes_to_kubectls() -> None:
    assert "namespace" not in role("rankzero", USUAL, None)["metadata"]


def test_a_job_that_takes_more_has_a_role_of_its_own() -> None:
    more = needed([manifest("NetworkPolicy")])

    assert role_name(USUAL) == role_name(USUAL, "digits") == "rankzero"
    assert role_name(more, "digits") == "rankzero-digits"


ADA, BEN = Subject("User", "ada"), Subject("User", "ben")
BOT = Subject("ServiceAccount", "bot", "ci")


def test_a_binding_names_subjects_as_kubernetes_wants_them() -> None:
    made = binding("rankzero", [ADA, Subject("Group", "team"), BOT], "team")
    group = "rbac.authorization.k8s.io"

    assert made["roleRef"] == {"apiGroup": group, "kind": "Role", "name": "rankzero"}
    assert made["subjects"] == [
        {"kind": "User", "name": "ada", "apiGroup": group},
        {"kind": "Group", "name": "team", "apiGroup": group},
        {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"},
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([ADA], [BEN]),
        ([ADA], [Subject("Group", "ada")]),
        ([BOT], [Subject("ServiceAccount", "bot", "other")]),
        ([Subject("User", "a/b")], [Subject("User", "a%b")]),
        ([Subject("User", "x" * 300)], [Subject("User", "x" * 301)]),
    ],
)
def test_bindings_of_different_people_do_not_replace_each_other(
    one: list[Subject], other: list[Subject]
) -> None:
    names = {binding("rankzero", some, None)["metadata"]["name"] for some in (one, other)}

    assert len(names) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9@:._-]{1,253}", name) for name in names)


def test_a_driver_changes_only_the_services_that_are_its_steps() -> None:
    wanted = list(driver.serving({"Deployment", "Service"}, ("web", "api"), ("code-1",)))
    given = set(rights(wanted))

    changed = {right for right in given if right.verb == "patch"}
    assert changed == {
        Right("patch", group, kind, name)
        for group, kind in (("apps", "deployments"), ("", "services"))
        for name in ("web", "api")
    }
    assert {right.name for right in given if right.verb == "delete"} == {"code-1"}
    assert {right.name for right in given if right.verb == "create"} == {""}
    assert not [right for right in given if right.resource == "horizontalpodautoscalers"]


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "path"),
    [
        ("Job", "team", "", "/apis/batch/v1/namespaces/team/jobs"),
        ("Job", "team", "a", "/apis/batch/v1/namespaces/team/jobs/a"),
        ("Pod", "team", "a", "/api/v1/namespaces/team/pods/a"),
        ("Pod", "", "", "/api/v1/pods"),
    ],
)
def test_where_objects_are_kept(kind: str, namespace: str, name: str, path: str) -> None:
    assert KINDS[kind].path(namespace, name) == path
