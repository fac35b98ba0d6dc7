"""A coordinator that may take nodes from dead machines, and cannot: it says so, and goes on."""

from __future__ import annotations

import shutil
import socket
import ssl

import pytest

from rankzero.agent import events as ev
from rankzero.contracts.topology import Settings

SCRIPT = """
import os, time
if os.environ["RANKZERO_GENERATION"] == "1":
    print("up", flush=True)
    time.sleep(300)
print("again")
"""
SETTINGS = Settings("by-hand-0000", "plain", max_restarts=1)


@pytest.fixture
def account(tmp_path):
    """As the kubelet puts it there, with an authority that never made an API server's key."""
    folder = tmp_path / "account"
    folder.mkdir()
    (folder / "token").write_text("a token")
    (folder / "namespace").write_text("team")
    trusted = ssl.get_default_verify_paths().cafile
    if trusted is None:
        pytest.skip("this Python knows no certificate authority")
    shutil.copy(trusted, folder / "ca.crt")
    return folder


@pytest.fixture
def closed_port():
    """Where nobody listens, and nobody else can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def lost_and_back(cluster, account) -> list[str]:
    """What the coordinator remarks when a node is lost, and comes back."""
    cluster.start_all(SCRIPT, settings=SETTINGS, account=str(account))
    cluster.until_event(ev.RUNNING)
    cluster.agents["worker/1"].kill()
    cluster.until_event(ev.NOTICE)
    cluster.start(cluster.config(1, SCRIPT, settings=SETTINGS))
    assert cluster.codes() == {"worker/0": 0, "worker/1": 0}
    assert cluster.lines(0) == [b"up", b"again"]
    return [event.data["text"] for event in cluster.events(ev.NOTICE)]


@pytest.mark.parametrize("gone", ["token", "namespace", "ca.crt"])
def test_without_its_account_it_names_who_can(cluster, account, gone) -> None:
    (account / gone).unlink()

    (said,) = lost_and_back(cluster, account)

    assert said.startswith("cannot take nodes from dead machines: ")
    assert gone in said
    assert said.endswith("Who may: rankzero recover by-hand-0000")


def test_without_an_api_server_it_says_so_once(cluster, account, closed_port, monkeypatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(closed_port))

    (said,) = lost_and_back(cluster, account)

    path = "GET /api/v1/namespaces/team/pods"
    assert said.startswith(f"cannot take nodes from dead machines: {path}: ")
    assert "refused" in said
