"""A node's packet filter, kept as the cluster's NetworkPolicies ask.

A new pod, or a policy, is enforced some milliseconds after the API server knows it, as on most
clusters; connections that are established stay.
"""

from __future__ import annotations

import re
import sys
import threading
from typing import NoReturn

from . import api
from .places import node_name
from .policies import BASE, rules, world
from .shell import LabError, run, succeeds

#: Here a packet has the address of the pod that it goes to, and kube-proxy has no say yet.
TABLE = "mangle"
_OURS = re.compile(r"^:(LAB-\S+) ", re.MULTILINE)


def main(index: int) -> NoReturn:
    """Enforce policies on a node, as long as it is up."""
    changed = threading.Event()
    policies = api.Mirror("/apis/networking.k8s.io/v1/networkpolicies", changed)
    pods = api.Mirror("/api/v1/pods", changed)
    namespaces = api.Mirror("/api/v1/namespaces", changed)
    there: tuple[list[str], list[str]] | None = None
    while True:
        changed.wait()
        changed.clear()
        around = world(pods.objects(), namespaces.objects())
        wanted = rules(node_name(index), policies.objects(), around)
        if wanted == there:
            continue
        try:
            _enforce(*wanted)
            there = wanted
        except LabError as error:  # the filter's lock was taken, or a rule is refused: say so
            print(error, file=sys.stderr, flush=True)
            threading.Timer(1, changed.set).start()


def _enforce(chains: list[str], lines: list[str]) -> None:
    """Change the filter at once from what it is to what is wanted."""
    old = sorted(set(_OURS.findall(run("iptables-save", "-t", TABLE))) - set(chains))
    text = [f"*{TABLE}", *(f":{chain} - [0:0]" for chain in [*chains, *old]), *lines]
    text += [*(f"-X {chain}" for chain in old), "COMMIT", ""]
    run("iptables-restore", "--noflush", "--wait", "5", text="\n".join(text))
    table = ("iptables", "-w", "5", "-t", TABLE)
    if not succeeds(*table, "-C", "FORWARD", "-j", BASE):
        run(*table, "-A", "FORWARD", "-j", BASE)
