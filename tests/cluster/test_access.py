"""Every way in that a kubeconfig can name, to a real API server."""

from __future__ import annotations

import base64
import json
import secrets
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from rankzero.backends.kubernetes.cluster import Cluster as Reached
from rankzero.backends.kubernetes.observing import Observed
from support.gate import Gate
from support.kubeconfigs import V1, calls, printed, program
from support.proxies import HttpProxy, SocksProxy
from support.waiting import until

from .lab.places import PKI, ROOT
from .lab.shell import run
from .lab.target import Cluster
from .team import Team

_HELLO = "print('hello')"
_WAITS = "import sys; sys.stdin.read(); import time\nwhile True: time.sleep(1)"
_REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
_BETA = "client.authentication.k8s.io/v1beta1"
Change = Callable[..., None]


@pytest.fixture
def change(team: Team) -> Change:
    """Changes what the team's kubeconfig says: user= in place of the one there is, and more of the
    cluster."""

    def to(user: dict[str, Any] | None = None, **cluster: Any) -> None:
        path = Path(team.env["KUBECONFIG"])
        config = json.loads(path.read_text())
        if user is not None:
            config["users"][0]["user"] = user
        said = {key.replace("_", "-"): value for key, value in cluster.items()}
        config["clusters"][0]["cluster"].update(said)
        path.write_text(json.dumps(config))

    return to


@pytest.fixture
def reached(team: Team, monkeypatch: pytest.MonkeyPatch) -> Reached:
    """The cluster, as the team's kubeconfig leads to it when it is first asked."""
    monkeypatch.setenv("KUBECONFIG", team.env["KUBECONFIG"])
    return Reached()


def whoami(to: Reached) -> dict[str, Any]:
    """Whom the API server takes one for."""
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    with to.access.client(httpx2.Timeout(30)) as client:
        answer = client.post(path, json=_REVIEW)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["status"]["userInfo"]
    return found


def token(team: Team) -> str:
    config = json.loads(Path(team.env["KUBECONFIG"]).read_text())
    return str(config["users"][0]["user"]["token"])


def server(team: Team) -> str:
    config = json.loads(Path(team.env["KUBECONFIG"]).read_text())
    return str(config["clusters"][0]["cluster"]["server"])


def hello(team: Team, **env: str) -> None:
    """A run there and back: requests, watches, and the way into a pod."""
    said = team.call("run", team.script(_HELLO), env=env)
    assert (said.code, said.out) == (0, "[0] hello\n"), said


# -- exec plugins


@pytest.mark.parametrize("version", [V1, _BETA])
def test_a_plugin_s_token(team: Team, change: Change, version: str) -> None:
    folder = team.work.parent
    path = program(folder, printed(version, token=token(team)))
    said = {"apiVersion": version, "command": path.name, "interactiveMode": "Never"}
    change(user={"exec": {**said, "provideClusterInfo": True}})
    # It stands beside the kubeconfig or on the PATH, as kubectl looks for it.
    hello(team, PATH=f"{folder}:{team.env['PATH']}")
    assert calls(folder) == 1, "it is asked once for all that a run needs"


def test_a_plugin_s_token_is_renewed_before_it_expires(
    team: Team, change: Change, reached: Reached
) -> None:
    """Of two tokens the first one is no good any more after two seconds."""
    folder = team.work.parent
    until_when = '$(date -u -d "+2 seconds" +%Y-%m-%dT%H:%M:%SZ)'
    status = f'{{"token": "{token(team)}", "expirationTimestamp": "%s"}}'
    body = f'printf \'{{"apiVersion": "{V1}", "status": {status}}}\' "{until_when}"'
    change(user={"exec": {"apiVersion": V1, "command": str(program(folder, body))}})
    name = whoami(reached)["username"]
    first = calls(folder)
    until(
        lambda: whoami(reached)["username"] == name and calls(folder) >= first + 2,
        "the plugin to be asked twice more",
    )
    hello(team)


def test_a_plugin_s_token_that_is_refused_is_asked_for_again(
    team: Team, change: Change, reached: Reached
) -> None:
    folder = team.work.parent
    stale = f'if [ "$(grep -c . "{folder}/calls")" = 1 ]; then'
    body = f"{stale} {printed(token='stale')}\nelse {printed(token=token(team))}\nfi"
    change(user={"exec": {"apiVersion": V1, "command": str(program(folder, body))}})
    assert whoami(reached)["username"].endswith(f":{team.namespace}:someone")
    assert calls(folder) == 2


def test_a_plugin_s_token_that_nobody_knows(team: Team, change: Change) -> None:
    folder = team.work.parent
    change(user={"exec": {"apiVersion": V1, "command": str(program(folder, printed(token="x")))}})
    said = team.call("run", team.script(_HELLO))
    assert (said.code, said.out) == (3, ""), said
    assert "does not know you: Unauthorized" in said.err
    assert "It was shown what the plugin plugin gave. Log in again" in said.err


# -- client certificates


def certificate(folder: Path, name: str) -> dict[str, str]:
    """One that the lab's authority has signed, with its key, as an ExecCredential has them."""
    key, asked, made = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    run("openssl", "req", "-new", "-key", key, "-out", asked, "-subj", f"/O=testers/CN={name}")
    signed_by = ("-CA", PKI / "ca.crt", "-CAkey", PKI / "ca.key")
    number = ("-set_serial", f"0x{secrets.token_hex(8)}")
    run("openssl", "x509", "-req", "-in", asked, "-out", made, *signed_by, *number, "-days", "1")
    return {"clientCertificateData": made.read_text(), "clientKeyData": key.read_text()}


def allow(team: Team, name: str) -> None:
    """The team's Role, for a user of this name."""
    group = "rbac.authorization.k8s.io"
    team.admin.apply(
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "someone"},
            "subjects": [{"kind": "User", "apiGroup": group, "name": name}],
        }
    )


def test_a_plugin_s_certificate(lab: Cluster, team: Team, change: Change) -> None:
    folder, name = team.work.parent, f"{team.namespace}-certified"
    allow(team, name)
    path = program(folder, printed(**certificate(folder, name)))
    change(user={"exec": {"apiVersion": V1, "command": str(path)}})
    hello(team)


def test_a_plugin_s_next_certificate_is_shown_on_the_same_client(
    lab: Cluster, team: Team, change: Change, reached: Reached
) -> None:
    folder = team.work.parent
    soon = {"expirationTimestamp": "2020-01-01T00:00:00Z"}
    first = printed(**certificate(folder, "first"), **soon)
    second = printed(**certificate(folder, "second"), **soon)
    again = f'if [ "$(grep -c . "{folder}/calls")" = 1 ]; then {first}\nelse {second}\nfi'
    change(user={"exec": {"apiVersion": V1, "command": str(program(folder, again))}})
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    with reached.access.client(httpx2.Timeout(30)) as client:
        seen = [client.post(path, json=_REVIEW).json()["status"]["userInfo"] for _ in range(2)]
    assert [one["username"] for one in seen] == ["first", "second"]
    assert "testers" in seen[0]["groups"]


def test_certificates_in_files(lab: Cluster, team: Team, change: Change, reached: Reached) -> None:
    """Relative to the kubeconfig, as all its paths."""
    folder = Path(team.env["KUBECONFIG"]).parent
    certificate(folder, "filed")
    authority = json.loads(Path(team.env["KUBECONFIG"]).read_text())["clusters"][0]["cluster"]
    (folder / "ca.crt").write_bytes(base64.b64decode(authority["certificate-authority-data"]))
    change(
        user={"client-certificate": "filed.crt", "client-key": "filed.key"},
        certificate_authority="ca.crt",
        certificate_authority_data=None,
    )
    assert whoami(reached)["username"] == "filed"


def test_a_key_with_a_password_is_refused_and_asks_nobody(
    lab: Cluster, team: Team, change: Change
) -> None:
    folder = Path(team.env["KUBECONFIG"]).parent
    certificate(folder, "locked")
    open_, locked = folder / "locked.key", folder / "closed.key"
    run("openssl", "ec", "-in", open_, "-aes256", "-passout", "pass:hunter2", "-out", locked)
    change(user={"client-certificate": "locked.crt", "client-key": "closed.key"})
    said = team.call("list")
    assert f"the client certificate ({folder}/locked.crt) in the kubeconfig cannot" in said.err


# -- tokens in files


def test_a_token_that_is_replaced_while_a_run_is_watched(
    team: Team, change: Change, reached: Reached
) -> None:
    """The first one ends with the Secret that it is bound to."""
    bound = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bound"}}
    team.admin.apply(bound)
    how = ("--bound-object-kind", "Secret", "--bound-object-name", "bound")
    file, lasting = team.work.parent / "token", token(team)
    file.write_text(team.admin("create", "token", "someone", *how))
    gate = _gate(team, change)
    change(user={"tokenFile": str(file)})
    started = team.call("run", team.script(_WAITS), "--detach")
    assert started.code == 0, started
    first = file.read_text()
    with gate, Observed(reached, started.out.strip()) as live:
        until(lambda: live.found is not None, "the run to be seen")
        team.admin("delete", "secret", "bound")
        with Reached().access.client(httpx2.Timeout(30)) as client:
            until(lambda: _refused(client), "the first token to be known no more")
            file.write_text(lasting)
            assert not _refused(client)
        with gate.away():
            until(lambda: live.silent_since is not None, "the cut to be noticed")
        team.admin("delete", "jobs", "--all", "--wait=false")
        until(lambda: live.found is None, "the watch to go on")
    assert first != lasting


def _refused(client: httpx2.Client) -> bool:
    return client.get("/apis/batch/v1").status_code == 401


def _gate(team: Team, change: Change, address: str = "127.0.0.1") -> Gate:
    """A gate before the API server, which the team's kubeconfig leads to from now on."""
    url = urlsplit(server(team))
    gate = Gate(str(url.hostname), url.port or 443, address)
    change(server=f"https://{address}:{gate.port}")
    return gate


# -- ways


def test_a_proxy_that_the_cluster_names(team: Team, change: Change) -> None:
    with HttpProxy() as proxy:
        change(proxy_url=proxy.url)
        hello(team, HTTPS_PROXY="http://127.0.0.1:1", NO_PROXY="*")
    assert set(proxy.asked) == {urlsplit(server(team)).netloc}


def test_a_proxy_that_the_environment_names_and_that_wants_a_password(team: Team) -> None:
    with HttpProxy("me:hunter2") as proxy:
        url = proxy.url.replace("//", "//me:hunter2@")
        hello(team, HTTPS_PROXY=url, NO_PROXY="")
        assert set(proxy.asked) == {urlsplit(server(team)).netloc}
        asked = len(proxy.asked)
        refused = team.call("run", team.script(_HELLO), env={"HTTPS_PROXY": proxy.url})
        assert refused.code == 3, refused
        assert f"through {proxy.url}) refuses: 407 Proxy Authentication" in refused.err
        assert len(proxy.asked) > asked
        asked = len(proxy.asked)
        direct = team.call("list", env={"HTTPS_PROXY": url, "NO_PROXY": "10.0.0.0/8,127.0.0.0/8"})
    assert direct.code == 0, direct
    if str(urlsplit(server(team)).hostname).startswith("10."):
        assert len(proxy.asked) == asked
    gone = team.call("run", team.script(_HELLO), env={"HTTPS_PROXY": url})
    assert gone.code == 3, gone
    assert f"through {proxy.url}): " in gone.err
    assert "hunter2" not in refused.err + gone.err


def test_a_proxy_of_socks(team: Team, change: Change) -> None:
    """As `ssh -D` opens one to a cluster behind a bastion."""
    with SocksProxy() as proxy:
        change(proxy_url=proxy.url)
        hello(team)
    assert set(proxy.asked) == {urlsplit(server(team)).netloc}


def test_a_server_by_another_name(team: Team, change: Change) -> None:
    """No certificate has the address in it that the gate listens on."""
    with _gate(team, change, "127.0.0.2"):
        refused = team.call("run", team.script(_HELLO))
        assert refused.code == 3, refused
        assert "is not trusted" in refused.err
        change(tls_server_name="kubernetes.default.svc")
        hello(team)
        change(tls_server_name="kubernetes.elsewhere")
        assert "is not trusted" in team.call("run", team.script(_HELLO)).err


# -- somebody else's name


def test_impersonation(cluster: Cluster, team: Team, change: Change, reached: Reached) -> None:
    name = f"{team.namespace}-boss"
    admin = json.loads(
        cluster.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
    )["users"][0]["user"]
    extra = {"lab.example/reason": ["late", "night"]}
    change(
        user={**admin, "as": name, "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": extra}
    )
    found = whoami(reached)
    assert (found["username"], found["uid"], found["extra"]) == (name, "7", extra)
    assert {"a", "b"} <= set(found["groups"])
    said = team.call("run", team.script(_HELLO))
    assert (said.code, f"--user {name} " in said.err) == (3, True), said
    allow(team, name)
    hello(team)


# -- several files


def test_two_kubeconfigs(team: Team, tmp_path: Path) -> None:
    """Clusters in one, who one is in the other; what both name is the first one's."""
    whole = json.loads(Path(team.env["KUBECONFIG"]).read_text())
    clusters = {**whole, "contexts": [], "users": [], "current-context": ""}
    nowhere = {"name": whole["clusters"][0]["name"], "cluster": {"server": "https://127.0.0.1:1"}}
    people = {**whole, "clusters": [nowhere]}
    files = [tmp_path / "clusters", tmp_path / "people"]
    for file, said in zip(files, (clusters, people), strict=True):
        file.write_text(json.dumps(said))
    hello(team, KUBECONFIG=f"{files[0]}:{tmp_path / 'absent'}:{files[1]}")
    other = team.call("run", team.script(_HELLO), env={"KUBECONFIG": f"{files[1]}:{files[0]}"})
    assert (other.code, "https://127.0.0.1:1" in other.err) == (3, True), other


# -- from within


def test_from_inside_a_pod(lab: Cluster, team: Team) -> None:
    """rankzero in a pod, with the pod's service account and no kubeconfig. The lab's nodes have the
    disk of this machine, so this very rankzero can be mounted there."""
    script = "import rankzero.cli.main as m; m.main(['run', 'train.py'])"
    folders = {"src": str(ROOT / "src"), "packages": sysconfig.get_path("purelib")}
    mounts = [{"name": n, "mountPath": f"/mnt/{n}", "readOnly": True} for n in folders]
    env = {
        "PYTHONPATH": "/mnt/src:/mnt/packages",
        "RANKZERO_ON": "kubernetes",
        "RANKZERO_IMAGE": lab.python,
        "HOME": "/tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    write = f"open('train.py', 'w').write({_HELLO!r})"
    container = {
        "name": "main",
        "image": lab.python,
        "command": ["python3", "-uc", f"{write}; {script}"],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "volumeMounts": mounts,
        "workingDir": "/tmp/mine",
    }
    spec = {
        "restartPolicy": "Never",
        "serviceAccountName": "someone",
        "containers": [container],
        "volumes": [{"name": n, "hostPath": {"path": p}} for n, p in folders.items()],
    }
    meta = {"name": "inside"}
    team.admin.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    until(lambda: _phase(team) in ("Succeeded", "Failed"), "the pod to end", 120)
    said = team.admin("logs", "inside")
    assert _phase(team) == "Succeeded", said
    assert "[0] hello\n" in said
    assert f"in-cluster/{team.namespace}" in said


def _phase(team: Team) -> str:
    return str(team.admin.get("pod", "inside")["status"].get("phase"))
