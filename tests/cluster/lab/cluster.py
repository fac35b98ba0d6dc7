"""Bringing the lab up, and taking it down so that nothing of it stays."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import (
    certificates,
    cgroups,
    compile,
    control,
    host,
    images,
    namespaces,
    network,
    power,
    storage,
)
from .kubectl import admin, ready
from .places import CACHE, KUBECONFIG, LINK, LOG, STATE, UP
from .shell import LabError, run, say, until


@contextmanager
def alone() -> Iterator[None]:
    """Only one command at a time changes the lab; others wait for it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another command that changes the lab")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_up() -> bool:
    """Whether a whole lab is up. Waits for its API server where that is just being restarted."""
    if not UP.exists() or not namespaces.runs(control.HOST):
        return False
    try:
        until("the API server", ready, 60)
    except LabError:
        return False
    return True


def up(nodes: int = 2) -> Path:
    """Bring the lab up; the path of its kubeconfig. One that is up already stays as it is.

    What a crashed command left is taken away first. Errors: LabError; the logs are then under LOG.
    """
    with alone():
        if is_up():
            there = json.loads(UP.read_text())["nodes"]
            if there != nodes:
                raise LabError(f"a lab of {there} nodes is up: `down` ends it")
            return KUBECONFIG
        if traces():
            say("taking away what an earlier lab left")
            _down()
        compile.compile_all()
        began = time.monotonic()
        try:
            _start(nodes)
        except LabError as error:
            raise LabError(
                f"{error}\nLogs are in {LOG}. `up` tries again, `down` clears up"
            ) from None
        say(f"up after {time.monotonic() - began:.0f} s")
        return KUBECONFIG


def _start(nodes: int) -> None:
    LOG.mkdir(parents=True)
    host.remember_settings()
    certificates.make(nodes)
    _start_control_plane()
    images.ensure_pause()
    _join_nodes(nodes)
    UP.write_text(json.dumps({"nodes": nodes}))


def _start_control_plane() -> None:
    pid = namespaces.start(control.HOST, "_control")
    network.connect_host(pid)
    log = LOG / f"{control.HOST}.log"

    def started() -> bool:
        namespaces.pid_of(control.HOST)  # raises where it has ended
        return control.STARTED.exists()

    until("the control plane", started, 150, log)


def _join_nodes(nodes: int) -> None:
    binding: dict[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "lab-proxy"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:node-proxier",
        },
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-proxy"}
        ],
    }
    admin.apply(binding, *storage.classes())
    began = time.time()
    for index in range(nodes):
        power.switch_on(index)
    for index in range(nodes):
        power.until_ready(index, began)
    # A pod made before its namespace's own account is there would be refused.
    until("the default account", lambda: "default" in _accounts(), 60)


def _accounts() -> list[str]:
    return [account["metadata"]["name"] for account in admin.get("serviceaccounts")["items"]]


def down() -> None:
    """End the lab, whatever state it is in. Errors: LabError that names what would not go."""
    with alone():
        _down()


def _down() -> None:
    end = time.monotonic() + 30
    while left := namespaces.marked():
        if time.monotonic() > end:
            raise LabError(f"processes of the lab do not end: {sorted(left)}")
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)
    network.disconnect_host()
    cgroups.remove()
    host.restore_settings()
    for mount in host.mounts_under(STATE):
        run("umount", "--lazy", mount)
    shutil.rmtree(STATE, ignore_errors=True)
    if found := traces():
        raise LabError(f"the lab is down, but there is still: {', '.join(found)}")


def traces() -> list[str]:
    """What there is of a lab on this machine besides its cache, in words; none after `down`."""
    found = [f"process {pid}" for pid in sorted(namespaces.marked())]
    found += [f"link {LINK}"] if namespaces.has_link(LINK) else []
    found += [f"cgroup {group}" for group in cgroups.left()]
    found += [f"mount {mount}" for mount in host.mounts_under(STATE)]
    found += [f"folder {STATE}"] if STATE.exists() else []
    return found
