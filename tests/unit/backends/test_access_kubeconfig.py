"""Reading kubeconfigs: which file's word stands, and what becomes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rankzero.backends.kubernetes import kubeconfig as read
from rankzero.backends.kubernetes.access.model import User
from rankzero.errors import Refused
from support.kubeconfigs import kubeconfig


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


def name(monkeypatch: pytest.MonkeyPatch, *files: Path | str) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))


def test_the_first_file_that_names_something_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kubeconfig(tmp_path / "1", "lab farm", "https://one:1", {"username": "a"}, "farm")
    second = kubeconfig(tmp_path / "2", "lab field", "https://two:2", {"token": "b"}, "field")
    name(monkeypatch, first, "", tmp_path / "absent", second)
    assert read.contexts() == ["lab", "farm", "field"]
    assert read.chosen(None).name == "farm"
    lab = read.chosen("lab")
    assert lab.server.server == "https://one:1"
    assert (lab.user.username, lab.user.token) == ("a", ""), "nothing of the second's user"
    assert read.chosen("field").server.server == "https://two:2"


def test_the_current_context_is_that_of_the_first_file_that_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clusters = tmp_path / "clusters"
    clusters.write_text("clusters: [{name: c, cluster: {server: https://c:1}}]\ncontexts: null\n")
    users = tmp_path / "users"
    users.write_text(
        "contexts: [{name: x, context: {cluster: c, namespace: team}}]\ncurrent-context: x\n"
    )
    name(monkeypatch, clusters, users)
    found = read.chosen(None)
    assert (found.name, found.namespace, found.server.server) == ("x", "team", "https://c:1")
    assert found.user == User(), "a context without a user proves nothing"


def test_without_the_variable_it_is_the_one_at_home(tmp_path: Path) -> None:
    kubeconfig(tmp_path / "home" / ".kube" / "config", "home")
    found = read.chosen(None)
    assert (found.name, found.namespace) == ("home", "default")


def test_relative_paths_start_at_their_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one" / "config", tmp_path / "two" / "config"
    plugin = {"apiVersion": "v1", "command": "bin/log-in"}
    kubeconfig(one, "a", user={"client-certificate": "me.crt", "client-key": "/etc/me.key"})
    kubeconfig(two, "b", user={"tokenFile": "../token", "exec": plugin})
    name(monkeypatch, one, two)
    assert read.chosen("a").user.client_certificate == str(tmp_path / "one" / "me.crt")
    assert read.chosen("a").user.client_key == "/etc/me.key"
    user = read.chosen("b").user
    assert user.token_file == str(tmp_path / "two" / ".." / "token")
    assert user.exec is not None
    assert user.exec.command == str(tmp_path / "two" / "bin" / "log-in")


def test_a_plugin_s_bare_name_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = {"apiVersion": "v1", "command": "aws", "args": None, "env": None}
    name(monkeypatch, kubeconfig(tmp_path / "c", "a", user={"exec": plugin, "token": None}))
    user = read.chosen(None).user
    assert user.exec is not None
    assert (user.exec.command, user.exec.args, user.exec.env) == ("aws", (), ())
    assert user.token == "", "null says nothing"


def test_a_server_without_scheme_is_one_with_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name(monkeypatch, kubeconfig(tmp_path / "c", "a", "10.0.0.1:6443"))
    assert read.chosen(None).server.server == "https://10.0.0.1:6443"


def test_all_that_is_said_of_cluster_and_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    path.write_text("""
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters:
- name: c
  cluster:
    server: https://c:1
    insecure-skip-tls-verify: true
    tls-server-name: api.lab
    proxy-url: http://proxy:3128
    extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: me}}]
users:
- name: u
  user:
    as: boss
    as-uid: "7"
    as-groups: [a, b]
    as-user-extra: {reason: [late, night]}
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: log-in
      args: [--quiet]
      env: [{name: A, value: "1"}]
      installHint: Get it.
      provideClusterInfo: true
      interactiveMode: Never
""")
    name(monkeypatch, path)
    found = read.chosen(None)
    server, user = found.server, found.user
    assert (server.insecure_skip_tls_verify, server.tls_server_name) == (True, "api.lab")
    assert server.proxy_url == "http://proxy:3128"
    assert server.extensions[0].extension == {"audience": "me"}
    assert (user.as_user, user.as_uid, user.as_groups) == ("boss", "7", ("a", "b"))
    assert user.as_user_extra == {"reason": ("late", "night")}
    assert user.exec is not None
    assert (user.exec.env[0].name, user.exec.env[0].value) == ("A", "1")
    assert (user.exec.install_hint, user.exec.interactive_mode) == ("Get it.", "Never")
    assert user.exec.provide_cluster_info


def test_what_is_wrong_is_named_and_no_secret_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"token": ["hunter2"], "password": "hunter2"}
    name(monkeypatch, kubeconfig(tmp_path / "c", "a b", user=user))
    with pytest.raises(Refused) as refused:
        read.chosen("b")
    assert str(refused.value).splitlines()[0] == (
        f'{tmp_path / "c"}: the user "b": Expected `str`, got `array` - at `$.token`'
    )
    assert "hunter2" not in repr(User(token="hunter2"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contexts: [{name: x}]", 'the context "x" is empty.'),
        ("contexts: 5", "contexts is not a list"),
        ("users: {a: b}", "users is not a list"),
        ("current-context: 5", "current-context is not text"),
        (
            "contexts: [{name: x, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {server: 'http://['}}]",
            'the cluster "c" has no URL of a server',
        ),
        ("contexts: [{name: x, context: {user: u}}]", "names no cluster. There is: none."),
        (
            "contexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c}]",
            'the cluster "c": Object missing required field `server`',
        ),
    ],
)
def test_a_context_that_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    (tmp_path / "c").write_text(text)
    name(monkeypatch, tmp_path / "c")
    with pytest.raises(Refused) as refused:
        read.chosen("x")
    assert words in str(refused.value)


# -- in a pod


def account(folder: Path, **files: str) -> Path:
    for file, text in files.items():
        (folder / file.replace("_", ".")).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("host", "server"),
    [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")],
)
def test_a_pod_knows_its_cluster(tmp_path: Path, host: str, server: str) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"}
    folder = account(tmp_path, token="t", namespace="team\n", ca_crt="PEM")
    found = read.in_cluster(environ, folder)
    assert found.clusters["in-cluster"] == {
        "server": server,
        "certificate-authority": str(tmp_path / "ca.crt"),
    }
    assert found.contexts["in-cluster"]["namespace"] == "team"
    assert found.users["in-cluster"] == {"tokenFile": str(tmp_path / "token")}
    assert found.current == "in-cluster"


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        ({}, {"token": "t"}),
        ({"KUBERNETES_SERVICE_HOST": "a", "KUBERNETES_SERVICE_PORT": "1"}, {}),
    ],
)
def test_elsewhere_a_kubeconfig_is_wanted(
    tmp_path: Path, environ: dict[str, str], files: dict[str, str]
) -> None:
    with pytest.raises(Refused, match=r"There is no kubeconfig: no file .*/\.kube/config"):
        read.in_cluster(environ, account(tmp_path, **files))


def test_a_kubeconfig_counts_before_the_pod_s_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    name(monkeypatch, kubeconfig(tmp_path / "c", "mine"))
    assert read.chosen(None).name == "mine"
