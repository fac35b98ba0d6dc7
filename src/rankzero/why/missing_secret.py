"""A secret or a ConfigMap that the pod wants is not there, or lacks a key."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_ABSENT = re.compile(r'(secret|configmap) "([^"]+)" not found', re.IGNORECASE)
_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", re.IGNORECASE)
_PARTS = re.compile(r"references non-existent (secret|config) key: (\S+)", re.IGNORECASE)
_KINDS = {"secret": "secret", "configmap": "ConfigMap", "config": "ConfigMap"}


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = _said(pod)
    absent = _ABSENT.search(said)
    if absent:
        kind, name = _KINDS[absent.group(1).lower()], absent.group(2)
        word = "generic" if kind == "secret" else ""
        keys = " ".join(f"--from-literal={key}=VALUE" for key in pod.keys.get(name, ("KEY",)))
        make = " ".join(filter(None, ("create", kind.lower(), word, name, keys)))
        remedy = f"create it, and the pod goes on by itself: {seen.kubectl(make)}"
        return Trouble("missing-secret", f'there is no {kind} "{name}"', remedy, hopeless=True)
    key = _KEY.search(said)
    if key:
        kind, name = _KINDS[key.group(2).lower()], key.group(3).rpartition("/")[2]
        text = f'{kind} "{name}" has no key "{key.group(1)}"'
        show = seen.kubectl(f"describe {kind.lower()} {name}")
        remedy = f"add the key, or name another: {show}"
        return Trouble("missing-secret", text, remedy, hopeless=True)
    part = _PARTS.search(said)
    if part:
        kind, name = _KINDS[part.group(1).lower()], part.group(2)
        text = f'a {kind} that is mounted has no key "{name}"'
        return Trouble("missing-secret", text, "add the key, or name another", (said,), True)
    return None


def _said(pod: Pod) -> str:
    if pod.waiting == "CreateContainerConfigError":
        return pod.detail
    mount = pod.heard("FailedMount")
    starting = not pod.running and not pod.over
    return mount.message if mount is not None and starting else ""


find = by(look)
