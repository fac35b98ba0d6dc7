"""What a tool that makes clusters is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rankzero.clusters.wanted import Wanted


class Step(NamedTuple):
    """A command. stdin: what it reads. may_fail: it only tries."""

    words: Sequence[str]
    stdin: str = ""
    may_fail: bool = False


def label(name: str) -> str:
    """Of a container that was made for a cluster."""
    return f"rankzero.cluster={name}"


def without_registry(name: str) -> Step:
    """Take away the containers that were made for a cluster, and no others."""
    found = f"docker ps --all --quiet --filter label={label(name)}"
    return Step(["sh", "-c", f"{found} | xargs -r docker rm --force --volumes"], may_fail=True)


class Tool(NamedTuple):
    """install: where it is got. context: what it calls a cluster in the kubeconfig. fault: what it
    cannot make, in words, or empty. whole: a cluster of its is the machine itself, whatever it is
    called. create, delete: what is run, one after the other."""

    name: str
    install: str
    context: Callable[[str], str]
    fault: Callable[[Wanted], str]
    create: Callable[[Wanted], list[Step]]
    delete: Callable[[str], list[Step]]
    whole: bool = False
