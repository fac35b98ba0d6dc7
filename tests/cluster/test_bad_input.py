"""A cluster that refuses: one clear paragraph, the exit code that says so, and nothing left."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .lab.kubectl import Kubectl
from .lab.shell import until
from .lab.target import Cluster
from .team import ROLE, Team

_HELLO = "print('hello')"
_VERBS = (("list",), ("status", "any-0000"), ("stop", "any-0000"), ("delete", "any-0000"))


def config(team: Team) -> dict[str, Any]:
    return json.loads(Path(team.env["KUBECONFIG"]).read_text())


def refused(team: Team, data: object, *verb: str, code: int = 3, **env: str) -> str:
    """What a command says on stderr with this kubeconfig; it must refuse, and create nothing."""
    argv = verb or ("run", team.script(_HELLO), "--detach")
    said = team.call(*argv, env={"KUBECONFIG": str(written(team, data)), **env})
    assert (said.code, said.out) == (code, ""), said
    lines = said.err.splitlines(keepends=True)
    lines = [line for line in lines if not re.search(r" · image |^  not checked: ", line)]
    assert len(lines) == 2, said.err
    assert objects(team) == []
    return "".join(lines)


def unchecked(team: Team) -> tuple[str, ...]:
    """A run whose first sign of trouble is the API server's refusal; what preflight says before
    is in test_preflight.py."""
    return ("run", team.script(_HELLO), "--detach", "--no-preflight")


def written(team: Team, data: object) -> Path:
    """A kubeconfig of this content."""
    path = team.work.parent / "other.kubeconfig"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def objects(team: Team) -> list[str]:
    kinds = "jobs,pods,services,secrets,configmaps"
    found = team.admin("get", kinds, "-l", "app.kubernetes.io/managed-by=rankzero", "-o", "name")
    return found.split()


def test_a_context_that_is_not_there(team: Team) -> None:
    said = refused(team, config(team), "run", team.script(_HELLO), "--context", "usr")
    assert 'has no context "usr". Did you mean "user"? Contexts: user.\n' in said
    assert said.endswith("Choose one: --context NAME, or kubectl config use-context NAME\n")


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (
            "user",
            {"user": "nobody"},
            'names the user "nobody", which is not there. There is: user.',
        ),
        ("cluster", {"cluster": "moon"}, 'names the cluster "moon", which is not there.'),
    ],
)
def test_a_context_that_names_what_is_not_there(
    team: Team, kind: str, change: dict[str, str], words: str
) -> None:
    data = config(team)
    data["contexts"][0]["context"].update(change)
    assert f'the context "user" {words}' in refused(team, data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty."),
        ("{}", "is empty."),
        ("- a\n- b\n", "is no kubeconfig: it is not a mapping"),
        ("a: [1\nb: 2\n", "is no kubeconfig: "),
        ("clusters: []\ncontexts: []\n", "names no current context. Contexts: none."),
        ("clusters: [{}]\n", "is no kubeconfig: no 'name'"),
        ("clusters: 3\n", "is no kubeconfig: "),
    ],
)
def test_a_kubeconfig_that_is_none(team: Team, text: str, words: str) -> None:
    assert words in refused(team, text)


def test_a_kubeconfig_that_is_not_there(team: Team) -> None:
    said = team.call("run", team.script(_HELLO), env={"KUBECONFIG": "/no/such/file"})
    assert (said.code, said.err.splitlines()) == (
        3,
        [
            "There is no kubeconfig: no file /no/such/file.",
            "Get one from the cluster's administrator, and name it: export KUBECONFIG=FILE",
        ],
    )


@pytest.mark.parametrize("verb", [(), *_VERBS])
def test_a_token_that_is_not_known_any_more(team: Team, verb: tuple[str, ...]) -> None:
    data = config(team)
    data["users"][0]["user"] = {"token": "expired"}
    if verb == ("list",):  # the rest is listed
        said = team.call("list", env={"KUBECONFIG": str(written(team, data))})
        assert (said.code, "note: user does not know you: Unauthorized" in said.err) == (0, True)
        return
    said = refused(team, data, *verb)
    assert said.startswith("user does not know you: Unauthorized\n"), said
    assert "Log in again" in said


def test_no_proof_at_all(team: Team) -> None:
    data = config(team)
    del data["contexts"][0]["context"]["user"]
    said = refused(team, data)
    assert "system:anonymous" in said or "does not know you" in said


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        ("no-such-plugin-here", 'the plugin "no-such-plugin-here" is not installed\nInstall it'),
        ("false", 'the plugin "false" ended with 1\n'),
        ("hostname", 'the plugin "hostname" printed no ExecCredential: '),
    ],
)
def test_a_plugin_that_proves_nothing(team: Team, plugin: str, words: str) -> None:
    data = config(team)
    version = "client.authentication.k8s.io/v1"
    data["users"][0]["user"] = {"exec": {"apiVersion": version, "command": plugin}}
    said = refused(team, data)
    assert said.startswith("cannot prove who you are to user: ")
    assert words in said


def test_a_plugin_that_prints_the_token(team: Team) -> None:
    data = config(team)
    status = json.dumps({"status": {"token": data["users"][0]["user"]["token"]}})
    version = "client.authentication.k8s.io/v1"
    plugin = {"apiVersion": version, "command": "printf", "args": ["%s", status]}
    data["users"][0]["user"] = {"exec": plugin}
    said = team.call("run", team.script(_HELLO), env={"KUBECONFIG": str(written(team, data))})
    assert (said.code, said.out) == (0, "[0] hello\n"), said


@pytest.fixture
def port() -> Iterator[tuple[int, socket.socket]]:
    """A port that nobody listens on until somebody does."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1], taken


def test_a_server_that_refuses(team: Team, port: tuple[int, socket.socket]) -> None:
    data = config(team)
    data["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port[0]}"
    said = refused(team, data)
    assert said.startswith(f"cannot reach user (https://127.0.0.1:{port[0]}): ")
    assert "Connection refused" in said


def test_a_server_that_says_nothing(team: Team, port: tuple[int, socket.socket]) -> None:
    port[1].listen(5)
    data = config(team)
    data["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port[0]}"
    said = refused(team, data)
    assert said.startswith(f"user (https://127.0.0.1:{port[0]}) cannot be reached (")


def test_a_name_that_does_not_resolve(team: Team) -> None:
    data = config(team)
    data["clusters"][0]["cluster"]["server"] = "https://no-such-host.invalid:6443"
    assert refused(team, data).startswith("cannot reach user (https://no-such-host.invalid:6443): ")


def test_a_certificate_that_is_not_trusted(team: Team) -> None:
    data = config(team)
    cluster = data["clusters"][0]["cluster"]
    for key in ("certificate-authority-data", "certificate-authority"):
        cluster.pop(key, None)
    said = refused(team, data)
    assert said.startswith("the certificate of user (https://")
    assert "is not trusted" in said


def test_an_authority_that_is_none(team: Team) -> None:
    data = config(team)
    cluster = data["clusters"][0]["cluster"]
    cluster.pop("certificate-authority-data", None)
    cluster["certificate-authority"] = "no-such.crt"
    said = refused(team, data)
    assert said.startswith("cannot prove who you are to user: ")
    assert "no-such.crt" in said or "No such file" in said
    cluster["certificate-authority"] = ssl.__file__
    assert refused(team, data).startswith("cannot prove who you are to user: ")


def test_a_namespace_that_is_not_there(cluster: Cluster, team: Team) -> None:
    admin = cluster.kubeconfig.read_text()
    said = refused(team, admin, *unchecked(team), "--namespace", "no-such-namespace")
    assert 'has no namespace "no-such-namespace".' in said


def test_a_namespace_that_is_being_deleted(
    cluster: Cluster, team: Team, new_namespace: Callable[..., str]
) -> None:
    name = new_namespace()
    inside = cluster.kubectl.within(name)
    held = {"name": "held", "finalizers": ["rankzero.test/held"]}
    inside.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    inside("delete", "namespace", name, "--wait=false")
    admin = cluster.kubeconfig.read_text()
    try:
        until(
            "the namespace to be on its way",
            lambda: inside.get("namespace", name)["status"]["phase"] == "Terminating",
        )
        said = refused(team, admin, *unchecked(team), "--namespace", name)
    finally:
        inside(
            "patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
        )
    assert f'the namespace "{name}" of ' in said
    assert "is being deleted" in said


def lacking(resource: str, verb: str) -> dict[str, Any]:
    """The Role without one right."""
    rules = []
    for rule in ROLE["rules"]:
        for one in rule["resources"]:
            verbs = [v for v in rule["verbs"] if (one, v) != (resource, verb)]
            rules.append({**rule, "resources": [one], "verbs": verbs})
    return {"rules": [rule for rule in rules if rule["verbs"]]}


@pytest.mark.parametrize(
    ("resource", "verb"),
    [
        ("jobs", "create"),
        ("services", "create"),
        ("secrets", "create"),
        ("configmaps", "create"),
        ("jobs", "patch"),
    ],
)
def test_a_right_that_is_missing_for_a_submission(
    team: Team, user: Callable[..., Kubectl], resource: str, verb: str
) -> None:
    short = user(team.namespace, lacking(resource, verb)).kubeconfig.read_text()
    said = refused(team, short, *unchecked(team))
    assert f'cannot {verb} resource "{resource}"' in said
    assert said.endswith("rankzero doctor --rbac\n")


def test_a_folder_of_200_megabytes(team: Team) -> None:
    (team.work / "data").mkdir()
    with (team.work / "data" / "images.bin").open("wb") as file:
        file.truncate(200 * 1000 * 1000)
    said = team.call("run", team.script(_HELLO))
    assert (said.code, said.out) == (3, ""), said
    assert "is too large to travel: 200.0 MB in 2 files, and the limit is 128 MiB" in said.err
    assert "data/images.bin 200.0 MB" in said.err
    assert ".rankzeroignore" in said.err
    assert objects(team) == []
    (team.work / ".rankzeroignore").write_text("data/\n")
    assert team.call("run", team.script(_HELLO)).code == 0


def test_what_travels_and_what_stays_is_said(team: Team) -> None:
    (team.work / ".env").write_text("PASSWORD=1")
    (team.work / "out.py").symlink_to("/etc/hosts")
    (team.work / ".gitignore").write_text("mine.py\n")
    team.script("import os; print(sorted(os.listdir('.')))", "mine.py")
    team.script("import os; print(sorted(os.listdir('.')))", "other.py")
    team.script(
        "run: other.py\nroles:\n  a: {nodes: 1}\n  b: {nodes: 1, run: mine.py}\n", "job.yaml"
    )
    dry = team.call("run", "job.yaml", "--dry-run")
    for line in (
        "  note    left out as secrets: .env; left out: out.py (a link out of the folder)",
        "  travels    41 B  mine.py",
    ):
        assert line in dry.out.splitlines(), dry.out
    code = json.loads(team.call("run", "job.yaml", "--dry-run", "-o", "json").out)["code"]
    assert {"name": "mine.py", "size": 41} in code["largest"]
    assert len(code["largest"]) == code["files"] == 4
    said = team.call("run", "job.yaml")
    assert said.code == 0, said
    seen = "['.gitignore', 'job.yaml', 'mine.py', 'other.py']"
    assert sorted(said.out.splitlines()) == [f"[0] {seen}", f"[1] {seen}"]
    assert "left out as secrets: .env" in said.err
