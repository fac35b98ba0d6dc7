"""What the real API server's answers make of a run before it is created, and that nothing is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rankzero.backends.kubernetes import cluster as api
from rankzero.backends.kubernetes import compiling
from rankzero.backends.kubernetes.preflight import check
from rankzero.backends.kubernetes.preflight.rights import allows, rules_review
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes.rights import SOME_VERBS, USUAL, Right, rights
from rankzero.plan.kubernetes.standards import against
from rankzero.plan.model import Plan
from rankzero.spec import from_target
from support.home import Said
from support.security import PODS

from .lab.kubectl import Kubectl
from .lab.manifests import claim
from .lab.places import LOG
from .lab.shell import LabError, until
from .lab.target import Cluster
from .rights import without
from .team import ROLE, Team

Rules = list[dict[str, Any]]
_OURS = "jobs,pods,secrets,services,configmaps"
ENFORCE = "pod-security.kubernetes.io/enforce"


def objects(admin: Kubectl) -> list[str]:
    """What there is in a namespace that Kubernetes has not put there."""
    found = admin("get", _OURS, "-o", "name").split()
    return [one for one in found if one != "configmap/kube-root-ca.crt"]


def refused(team: Team, *argv: str, code: int = 3) -> str:
    """What the command says against a run, which it does not start."""
    said = team.call("run", team.script("print('hello')"), *argv)
    assert (said.code, said.out) == (code, ""), said
    assert "nothing was created" in said.err
    assert objects(team.admin) == []
    return said.err


@pytest.fixture
def teams(cluster: Cluster, user: Callable[..., Kubectl], tmp_path: Path) -> Iterator[Any]:
    """Makes the command line of one who may do in a namespace what the rules say:
    teams(namespace, rules)."""
    made: list[Team] = []

    def make(namespace: str, rules: Rules) -> Team:
        someone = user(namespace, {"rules": rules})
        _until_granted(someone, rules)
        folder = tmp_path / f"team-{len(made)}"
        admin = cluster.kubectl.within(namespace)
        made.append(Team(folder, someone.kubeconfig, admin, cluster.python))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _until_granted(someone: Kubectl, rules: Rules) -> None:
    """The API server learns of a Role, and of another in its place, a moment after it has stored
    it."""
    given = {
        Right(verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    asked = rules_review(someone.namespace)
    raw = ("create", "--raw", asked.path, "-f", "-")

    def counts() -> bool:
        review = json.loads(someone(*raw, text=asked.body))
        return all(allows(review, one) == (one in given) for one in {*given, *rights(USUAL)})

    until("the Role to count", counts)


def and_may(*more: tuple[str, str, str]) -> Rules:
    """The usual Role, and (verb, group, resource)."""
    extra = [{"apiGroups": [g], "resources": [r], "verbs": [v]} for v, g, r in more]
    return [*ROLE["rules"], *extra]


READING = (
    ("list", "", "resourcequotas"),
    ("list", "", "limitranges"),
    ("get", "", "persistentvolumeclaims"),
    ("get", "", "secrets"),
    ("get", "", "namespaces"),
)


def lines(said: Said) -> dict[str, str]:
    """What a dry run says of each check."""
    return dict(re.findall(r"^  check   ([^:]+): (.*)$", said.out, re.MULTILINE))


# -- who may do nothing but run


def test_a_dry_run_says_what_was_checked_and_what_could_not_be(team: Team) -> None:
    said = team.call("run", team.script("print(1)"), "--nodes", "2", "--dry-run")
    checks = lines(said)

    assert said.code == 0, said
    assert checks["rights"] == f"all {len(rights(USUAL))} that a run takes"
    assert checks["dry run"] == "the API server would take 5 objects"
    assert checks["features"] == "Jobs have all that a run takes"
    assert checks["namespace"] == f'"{team.namespace}" is there'
    assert checks["quota"] == "not checked: may not list resourcequotas"
    assert checks["nodes"] == "not checked: may not list nodes"
    assert objects(team.admin) == []


def test_programs_read_the_checks_too(team: Team) -> None:
    said = team.call("run", team.script("print(1)"), "--dry-run", "--output", "json")
    checks = {one["check"]: one for one in json.loads(said.out)["checks"]}

    assert checks["rights"]["done"] is True
    assert checks["nodes"] == {"check": "nodes", "done": False, "text": "may not list nodes"}


def test_what_was_not_checked_is_one_line_under_the_plan(team: Team) -> None:
    said = team.call("run", team.script("print('hello')"))

    assert (said.code, said.out) == (0, "[0] hello\n"), said
    assert said.err.splitlines()[1] == (
        "  not checked: quota (may not list resourcequotas), "
        "limits (may not list limitranges), nodes (may not list nodes)"
    )


def test_nothing_is_asked_where_nothing_is_to_be_checked(team: Team) -> None:
    argv = (team.script("print(1)"), "--image", "Wrong", "--dry-run")

    assert team.call("run", *argv).code == 2
    assert lines(team.call("run", *argv, "--no-preflight")) == {}


# -- rights


def test_each_right_that_is_missing_is_named(namespace: str, teams: Callable[..., Team]) -> None:
    """Each verb by itself: so each is needed, and no other is."""
    account = f"--serviceaccount {namespace}:someone"
    for missing in rights(USUAL):
        own = [one for one in rights(USUAL) if one != missing]
        rules = [{"apiGroups": [g], "resources": [r], "verbs": [v]} for v, g, r, _ in own]
        said = refused(teams(namespace, rules))

        assert f"  rights  you may not {missing}\n" in said
        assert f"rankzero doctor --rbac --namespace {namespace} {account} | kubectl" in said


def test_a_role_as_doctor_prints_it_is_taken_by_kubectl(
    namespace: str, teams: Callable[..., Team]
) -> None:
    team = teams(namespace, [])
    who = ("--namespace", namespace, "--serviceaccount", "someone", "--user", "ada/ben")
    printed = team.call("doctor", "--rbac", *who)
    assert printed.code == 0, printed

    team.admin("apply", "-f", "-", text=printed.out)
    _until_granted(team.admin.of(Path(team.env["KUBECONFIG"])), ROLE["rules"])
    said = team.call("run", team.script("print('hello')"))
    assert said.out == "[0] hello\n", said


def test_every_right_is_used(lab: Cluster, team: Team) -> None:
    """A whole life of runs, and what the API server was asked for meanwhile."""
    script = team.script("import rankzero; (rankzero.outputs() / 'a').write_text('1'); print(1)")
    assert team.call("run", script, "--nodes", "2").code == 0
    forever = team.script("import time\nwhile True: time.sleep(100)", "forever.py")
    run = team.call("run", forever, "--detach").out.strip()
    for verb in ("status", "logs", "stop"):
        assert team.call(verb, run).code == 0, verb
    team.call("wait", run)
    assert team.call("delete", run).code == 0

    assert used(team.namespace) - set(rights(SOME_VERBS)) == set(rights(USUAL)) - {
        # What Kubernetes 1.35 asks for beside `get`; this one does not.
        Right("create", "", "pods/exec")
    }


def used(namespace: str) -> set[Right]:
    """What the namespace's user asked the API server for, and got."""
    found = set()
    for line in audited().splitlines():
        if f"serviceaccount:{namespace}:someone" not in line:
            continue
        entry = json.loads(line)
        about = entry.get("objectRef", {})
        if "dryRun=" in entry["requestURI"] or about.get("namespace") != namespace:
            continue
        inner = f"/{about['subresource']}" if "subresource" in about else ""
        found.add(Right(entry["verb"], about.get("apiGroup", ""), about["resource"] + inner))
    return found


def test_as_many_questions_for_many_nodes_as_for_one(lab: Cluster, team: Team) -> None:
    script = team.script("print(1)")
    counts = []
    for nodes in ("1", "500"):
        before = asked(team.namespace)
        assert team.call("run", script, "--nodes", nodes, "--dry-run").code == 0
        counts.append(asked(team.namespace) - before)

    assert counts == [6, 6]


def audited() -> str:
    """A line for each request; the log is begun anew when it is long."""
    return "".join(path.read_text() for path in sorted(LOG.glob("audit*.jsonl")))


def asked(namespace: str) -> int:
    return audited().count(f'"username":"system:serviceaccount:{namespace}:someone"')


# -- the namespace


def test_a_namespace_that_is_not_there(
    cluster: Cluster, team: Team, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who may do everything learns it from the namespace, another one has no rights there."""
    nowhere = elsewhere(cluster.kubeconfig, "rz-test-nowhere", tmp_path / "admin.kubeconfig")
    said = team.call("run", team.script(""), env={"KUBECONFIG": str(nowhere)})
    assert said.code == 3
    assert '  namespace  there is no namespace "rz-test-nowhere"\n' in said.err
    assert "kubectl create namespace rz-test-nowhere" in said.err

    own = Path(team.env["KUBECONFIG"])
    nowhere = elsewhere(own, "rz-test-nowhere", tmp_path / "user.kubeconfig")
    said = team.call("run", team.script(""), env={"KUBECONFIG": str(nowhere)})
    assert said.code == 3
    assert 'you have no rights in namespace "rz-test-nowhere"; is that its name?' in said.err


def elsewhere(kubeconfig: Path, namespace: str, path: Path) -> Path:
    """The same user, in another namespace."""
    text = Kubectl(kubeconfig)("config", "view", "--raw", "--flatten", "-o", "json")
    config = json.loads(text)
    for context in config["contexts"]:
        context["context"]["namespace"] = namespace
    path.write_text(json.dumps(config))
    return path


def test_a_namespace_that_is_being_deleted(team: Team) -> None:
    """Something in it that nobody cleans away keeps it; its Roles are the last to go."""
    finalizers = ["example.com/nobody"]
    kept = {"name": "kept", "finalizers": finalizers}
    team.admin.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "kept", "finalizers": finalizers},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "someone"},
            "subjects": [{"kind": "ServiceAccount", "name": "someone"}],
        },
    )
    try:
        team.admin("delete", "namespace", team.namespace, "--wait=false")
        admin = elsewhere(team.admin.kubeconfig, team.namespace, team.work / "admin")
        said = team.call("run", team.script(""), env={"KUBECONFIG": str(admin)})
    finally:
        change = '{"metadata": {"finalizers": null}}'
        for kind in ("configmap", "rolebinding"):
            team.admin("patch", kind, "kept", "--type=merge", "--patch", change)

    assert said.code == 3, said
    assert f'  namespace  namespace "{team.namespace}" is being deleted\n' in said.err


# -- the request


def test_all_findings_are_told_at_once(namespace: str, teams: Callable[..., Team]) -> None:
    may = teams(namespace, and_may(*READING))
    quota(may.admin, {"pods": "1", "count/jobs.batch": "5"})
    said = refused(may, "--nodes", "2", "--image", "Upper/Name:1", code=2)

    assert '  image  "Upper/Name:1" is no image name: "Upper" has capital letters' in said
    assert '  quota  quota "small" is 1 pods, and the run takes 2 pods' in said
    assert "--no-preflight" in said


def quota(admin: Kubectl, hard: dict[str, str]) -> None:
    meta = {"name": "small"}
    admin.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}
    )

    def counted() -> bool:
        return "hard" in admin.get("resourcequota", "small").get("status", {})

    until("the quota to be counted", counted)


def test_a_quota_of_objects_holds_also_for_whoever_may_not_read_it(team: Team) -> None:
    quota(team.admin, {"count/jobs.batch": "0"})
    said = refused(team)

    assert "exceeded quota: small" in said


def test_a_quota_of_gpus(namespace: str, teams: Callable[..., Team]) -> None:
    may = teams(namespace, and_may(*READING))
    quota(may.admin, {"requests.nvidia.com/gpu": "3"})
    said = refused(may, "--nodes", "2", "--gpus", "2")

    assert 'quota "small" is 3 requests.nvidia.com/gpu, and the run takes 4' in said
    fits = may.call("run", may.script(""), "--nodes", "3", "--gpus", "1", "--dry-run")
    assert lines(fits)["quota"] == "room in every quota"


def test_limits_of_containers(namespace: str, teams: Callable[..., Team]) -> None:
    may = teams(namespace, and_may(*READING))
    limit = {"type": "Container", "max": {"memory": "1Gi"}}
    may.admin.apply(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "small"},
            "spec": {"limits": [limit]},
        }
    )
    said = refused(may, "--memory", "2Gi")

    assert 'LimitRange "small" allows a container at most 1 GiB memory, and a pod of' in said


# -- nodes


@pytest.fixture
def of_nodes(cluster: Cluster, namespace: str, teams: Callable[..., Team]) -> Iterator[Team]:
    """One who may also look at the nodes, which are no namespace's."""
    group = "rbac.authorization.k8s.io"
    meta = {"name": f"{namespace}-nodes"}
    account = {"kind": "ServiceAccount", "name": "someone", "namespace": namespace}
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    head = {"apiVersion": f"{group}/v1", "metadata": meta}
    may = teams(namespace, ROLE["rules"])
    cluster.kubectl.apply(
        {**head, "kind": "ClusterRole", "rules": rules},
        {
            **head,
            "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", **meta},
            "subjects": [account],
        },
    )
    someone = may.admin.of(Path(may.env["KUBECONFIG"]))
    until("nodes to be readable", lambda: someone.succeeds("auth", "can-i", "list", "nodes"))
    yield may
    cluster.kubectl("delete", "clusterrole,clusterrolebinding", meta["name"])


def test_no_node_fits_the_nearest_is_named_and_nodes_may_be_waited_for(of_nodes: Team) -> None:
    asked = ("--nodes", "2", "--gpus", "64")
    said = refused(of_nodes, *asked)
    assert re.search(
        r"  nodes  no node can run worker, which asks for 64 nvidia\.com/gpu; "
        r"(nearest is \S+: it|each of the \d nodes) has ",
        said,
    )
    assert "--wait-for-nodes" in said

    may = of_nodes.call("run", of_nodes.script(""), *asked, "--wait-for-nodes", "--dry-run")
    assert may.code == 0, may
    assert re.search(r"note +no node can run worker, .*; the run waits for some", may.out)


def test_nodes_that_fit(of_nodes: Team) -> None:
    said = of_nodes.call("run", of_nodes.script(""), "--nodes", "2", "--dry-run")

    assert re.fullmatch(r"\d+ nodes? could run worker", lines(said)["nodes"]), said


def test_without_checks_it_is_submitted_all_the_same(of_nodes: Team) -> None:
    forced = ("--gpus", "64", "--no-preflight", "--detach")
    said = of_nodes.call("run", of_nodes.script(""), *forced)

    assert said.code == 0, said
    assert len(objects(of_nodes.admin)) >= 4
    for verb in ("stop", "delete"):
        ended = of_nodes.call(verb, said.out.strip())
        assert ended.code == 0, ended


# -- what a pod may name, laid over the plan


Checked = Callable[..., Plan]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Checked:
    """Checks the plan of a small script with another pod: checked(team, **spec); container: what
    its container has beside its own."""

    def call(team: Team, container: Mapping[str, Any] | None = None, **spec: Any) -> Plan:
        monkeypatch.chdir(team.work)
        for name, value in team.env.items():
            monkeypatch.setenv(name, value)
        cluster = api.Cluster()
        plan = compiling.compile_job(cluster, from_target(team.script("print(1)")))
        first, *others = plan.manifests
        changed = json.loads(json.dumps(first))
        pod_spec = changed["spec"]["template"]["spec"]
        for key, value in spec.items():
            pod_spec[key] = [*pod_spec.get(key, ()), *value] if isinstance(value, list) else value
        own = pod_spec["containers"][0]
        for key, value in (container or {}).items():
            own[key] = [*own.get(key, ()), *value] if isinstance(value, list) else value
        return check(cluster, replace(plan, manifests=(changed, *others)))

    return call


def variable(secret: str, key: str = "token") -> dict[str, Any]:
    source = {"secretKeyRef": {"name": secret, "key": key}}
    return {"env": [{"name": "TOKEN", "valueFrom": source}]}


def mounted(name: str) -> list[dict[str, Any]]:
    return [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]


def unchecked(plan: Plan) -> dict[str, str]:
    return {one.check: one.text for one in plan.checks if not one.done}


def test_a_secret_that_is_absent(
    namespace: str, teams: Callable[..., Team], checked: Checked
) -> None:
    may = teams(namespace, and_may(*READING))
    with pytest.raises(Refused, match=r'there is no secret "hf" in \S+ \(variable TOKEN\)'):
        checked(may, variable("hf"))
    may.admin("create", "secret", "generic", "hf", "--from-literal", "other=1")
    with pytest.raises(Refused, match='the secret "hf" has no entry "token"'):
        checked(may, variable("hf"))

    assert checked(may, variable("hf", "other"), imagePullSecrets=[{"name": "hf"}])
    with pytest.raises(Refused, match='there is no secret "registry"'):
        checked(may, imagePullSecrets=[{"name": "registry"}])


def test_what_may_not_be_read_is_not_checked(
    namespace: str, teams: Callable[..., Team], checked: Checked
) -> None:
    may = teams(namespace, without("persistentvolumeclaims", role=ROLE)["rules"])
    names = {"priorityClassName": "none", "serviceAccountName": "none"}
    plan = checked(may, variable("hf"), volumes=mounted("data"), **names)
    found = unchecked(plan)

    assert found["secrets"] == '"hf" (may not get secrets)'
    assert found["claims"] == '"data" (may not get persistentvolumeclaims)'
    assert found["service account"] == '"none" (may not get serviceaccounts)'
    assert found["priority class"] == '"none" (may not get priorityclasses.scheduling.k8s.io)'


def test_whoever_may_create_pods_learns_from_a_pod_what_it_lacks(
    namespace: str, teams: Callable[..., Team], checked: Checked
) -> None:
    may = teams(namespace, and_may(("create", "", "pods")))

    assert "pod security" not in unchecked(checked(may))
    with pytest.raises(Refused, match=r"a pod of worker: .*no PriorityClass with name none"):
        checked(may, priorityClassName="none")
    with pytest.raises(Refused, match=r'a pod of worker: .*service account .*"?none"? not found'):
        checked(may, serviceAccountName="none")
    quota(may.admin, {"requests.cpu": "1"})
    with pytest.raises(Refused, match=r"must specify requests\.cpu"):
        checked(may)


def test_claims(namespace: str, teams: Callable[..., Team], checked: Checked) -> None:
    may = teams(namespace, and_may(*READING))
    with pytest.raises(Refused, match=r'there is no claim "data" in \S+ \(volume data\)'):
        checked(may, volumes=mounted("data"))
    may.admin.apply(claim("data", storageClassName="rz-test-none"))
    assert (
        '"rz-test-none" (may not list storage'
        in unchecked(checked(may, volumes=mounted("data")))["storage classes"]
    )

    admin = {"KUBECONFIG": str(elsewhere(may.admin.kubeconfig, namespace, may.work / "admin"))}
    everything = Team(may.work / "everything", Path(admin["KUBECONFIG"]), may.admin, "python:1")
    said = 'the claim "data" is of StorageClass "rz-test-none", which is not there'
    with pytest.raises(Refused, match=said):
        checked(everything, volumes=mounted("data"))


def test_what_the_server_cannot_take_is_a_wrong_request(team: Team, checked: Checked) -> None:
    """As an overlay may make it."""
    with pytest.raises(BadRequest, match=r"volumes.*Duplicate value"):
        checked(team, volumes=[{"name": "rankzero-run", "emptyDir": {}}])
    plan = checked(team, {"conatinerPort": 1})
    assert any('unknown field "spec.template.spec.containers[0].conat' in n for n in plan.notices)


# -- Pod Security


HOST = [{"name": "data", "hostPath": {"path": "/tmp"}}]


def test_a_restricted_namespace_admits_runs_and_not_more(
    new_namespace: Callable[..., str], teams: Callable[..., Team], checked: Checked
) -> None:
    """As seen by who may create pods, who may read the namespace, and who may do neither."""
    space = new_namespace({ENFORCE: "restricted"})
    seen = {
        'level "restricted:latest": restricted volume types': [("create", "", "pods")],
        'level "restricted": the hostPath volume data': [("get", "", "namespaces")],
        'level "restricted:latest": .*hostPath': [],
    }
    for said, more in seen.items():
        may = teams(space, and_may(*more))
        until("it to be admitted", lambda may=may: checked(may))
        assert "pod security" not in unchecked(checked(may))
        with pytest.raises(Refused, match=f"not admitted by {said}"):
            checked(may, volumes=HOST)
        assert objects(may.admin) == []


def test_a_namespace_that_only_warns_admits_more_for_those_who_may_read_it(
    new_namespace: Callable[..., str], teams: Callable[..., Team], checked: Checked
) -> None:
    space = new_namespace({"pod-security.kubernetes.io/warn": "baseline", ENFORCE: "privileged"})

    assert checked(teams(space, and_may(("get", "", "namespaces"))), volumes=HOST)
    with pytest.raises(Refused, match="where the namespace only warns, submit with --no-pre"):
        checked(teams(space, ROLE["rules"]), volumes=HOST)


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_the_standards_are_read_as_the_api_server_reads_them(
    cluster: Cluster, new_namespace: Callable[..., str], level: str
) -> None:
    inside = cluster.kubectl.within(new_namespace({ENFORCE: level}))
    read = {case: not against(level, spec) for case, (spec, _, _) in PODS.items()}

    assert {case: admitted(inside, spec) for case, (spec, _, _) in PODS.items()} == read


def admitted(inside: Kubectl, spec: Mapping[str, Any]) -> bool:
    """Whether the API server would take such a pod. Errors: LabError where it could take none."""
    containers = {
        key: [{"image": "image:1", **one} for one in spec[key]]
        for key in ("initContainers", "containers")
        if key in spec
    }
    made = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "tried"}}
    text = json.dumps({**made, "spec": {**spec, **containers}})
    try:
        inside("create", "--dry-run=server", "-f", "-", text=text)
    except LabError as error:
        if "violates PodSecurity" in str(error):
            return False
        raise
    return True
