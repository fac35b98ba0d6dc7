"""The agent's own way to the API server, with a ServiceAccount's token as a pod has it."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rankzero.agent.healing.api import Api, Denied, Unanswered
from rankzero.agent.healing.judging import FINALIZER
from rankzero.plan.kubernetes.access import HEALING

from .lab.kubectl import Kubectl
from .lab.target import Cluster

RUN = "lasting-7f3a"


@pytest.fixture
def healer(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> Callable[..., Api]:
    """Makes its Api as of a pod whose account may do this."""

    def make(rule: dict[str, Any] = HEALING) -> Api:
        config = json.loads(
            user(namespace, {"rules": [rule]})("config", "view", "--raw", "-o", "json")
        )
        (there,) = (one["cluster"] for one in config["clusters"])
        folder = tmp_path / "account"
        folder.mkdir()
        authority = base64.b64decode(there["certificate-authority-data"])
        (folder / "ca.crt").write_bytes(authority)
        (folder / "namespace").write_text(namespace)
        (folder / "token").write_text(config["users"][0]["user"]["token"] + "\n")
        server = urlsplit(there["server"])
        return Api(str(folder), (str(server.hostname), server.port or 443))

    return make


@pytest.fixture
def make_pod(cluster: Cluster, kubectl: Kubectl) -> Callable[..., Any]:
    """Pods that nobody places, so that nobody ends them; as the API has them."""

    def make(name: str, run: str = RUN, **labels: str) -> Any:
        meta = {
            "name": name,
            "labels": {"rankzero/run": run, "rankzero/role": "worker", **labels},
            "finalizers": [FINALIZER, "example.com/another"],
        }
        container = {"name": "rank", "image": cluster.python}
        spec = {"schedulerName": "nobody", "containers": [container]}
        kubectl.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        return kubectl.get("pod", name)

    return make


def freed(kubectl: Kubectl, name: str) -> None:
    """Nothing else holds it, either."""
    kubectl("patch", "pod", name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def listed(api: Api) -> list[str]:
    return [pod["metadata"]["name"] for _, some in api.pages(RUN) for pod in some]


def test_a_runs_pods_are_listed_page_by_page(
    healer: Callable[..., Api],
    make_pod: Callable[..., Any],
    kubectl: Kubectl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = healer()
    assert listed(api) == []
    for name in "abc":
        make_pod(name)
    make_pod("d", run="another-0000")
    monkeypatch.setattr("rankzero.agent.healing.api._PAGE", "2")

    assert listed(api) == ["a", "b", "c"]
    assert [len(some) for _, some in api.pages(RUN)] == [2, 1]
    for name in "abcd":
        freed(kubectl, name)


def test_a_release_takes_one_finalizer_and_leaves_others_alone(
    healer: Callable[..., Api], make_pod: Callable[..., Any], kubectl: Kubectl
) -> None:
    api, pod = healer(), make_pod("a")
    other = {**pod, "metadata": {**pod["metadata"], "uid": "b" * 8}}

    assert not api.release(other)
    assert "deletionTimestamp" not in kubectl.get("pod", "a")["metadata"]
    assert api.release(pod)
    left = kubectl.get("pod", "a")["metadata"]
    assert (left["finalizers"], left["deletionGracePeriodSeconds"]) == (["example.com/another"], 0)
    freed(kubectl, "a")
    assert not api.release(pod)
    assert listed(api) == []


def test_a_change_ends_the_waiting(
    healer: Callable[..., Api], make_pod: Callable[..., Any], kubectl: Kubectl
) -> None:
    api = healer()
    make_pod("a")
    ((version, _),) = api.pages(RUN)
    waiting = threading.Thread(target=api.changed, args=(RUN, version, 3600))
    waiting.start()

    kubectl("label", "pod", "a", "changed=yes")
    waiting.join(60)

    assert not waiting.is_alive()
    freed(kubectl, "a")


def test_waiting_has_an_end(healer: Callable[..., Api], kubectl: Kubectl) -> None:
    api = healer()
    ((version, _),) = api.pages(RUN)

    api.changed(RUN, version, 1)

    assert listed(api) == []


def test_a_token_is_read_each_time(healer: Callable[..., Api], tmp_path: Path) -> None:
    api, file = healer(), tmp_path / "account" / "token"
    good = file.read_text()
    file.write_text("nobody's")
    with pytest.raises(Denied, match="401"):
        listed(api)

    file.write_text(good)

    assert listed(api) == []


def test_without_the_right_it_says_which(
    healer: Callable[..., Api], make_pod: Callable[..., Any], kubectl: Kubectl
) -> None:
    api, pod = healer({**HEALING, "verbs": ["list", "watch"]}), make_pod("a")

    with pytest.raises(Denied, match='cannot patch resource "pods"'):
        api.release(pod)

    assert "deletionTimestamp" not in kubectl.get("pod", "a")["metadata"]
    freed(kubectl, "a")


def test_a_server_of_another_authority_is_not_told_the_token(
    healer: Callable[..., Api], tmp_path: Path
) -> None:
    known = ssl.get_default_verify_paths().cafile
    if known is None:
        pytest.skip("this Python knows no certificate authority")
    api = healer()
    shutil.copy(known, tmp_path / "account" / "ca.crt")

    with pytest.raises(Unanswered, match="certificate verify failed"):
        listed(api)
