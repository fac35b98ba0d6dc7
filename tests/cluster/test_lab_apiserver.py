"""The API server goes away and comes back: watches are cut, pods and what is stored are not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .lab import servers
from .lab.kubectl import Kubectl
from .lab.manifests import pod
from .lab.shell import until
from .lab.target import Cluster
from .lab.watching import phase, succeeded

pytestmark = pytest.mark.alone


def test_a_restart_cuts_watches_and_nothing_else(
    kubectl: Kubectl, lab: Cluster, tmp_path: Path
) -> None:
    kubectl.apply(pod("before", lab.python))
    running = phase(kubectl, "before", "Running")
    with (tmp_path / "watched").open("wb") as output:
        watch = subprocess.Popen(
            kubectl.command("get", "pods", "--watch", "-o", "name"), stdout=output, stderr=output
        )
    seen = tmp_path / "watched"
    until("the watch", lambda: "pod/before" in seen.read_text())

    servers.restart_api_server()

    watch.wait(60)  # kubectl gives up where its stream ends
    after = kubectl.get("pod", "before")
    assert after["metadata"]["uid"] == running["metadata"]["uid"]
    assert after["status"]["containerStatuses"][0]["restartCount"] == 0
    kubectl.apply(pod("after", lab.python, "print('well')"))
    assert succeeded(kubectl, "after") == "well\n"
