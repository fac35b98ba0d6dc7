"""Volumes that are folders of the host, under the lab's own state, in two classes.

`standard` is what a file server gives: bound at once, seen by all nodes, any access mode.
`once` is what a laptop's cluster or a cloud's disk gives: made where the first pod is scheduled,
tied to that node, and refused with a warning event where more than one node is to write. A
provisioner of our own makes both, because the ones that Kubernetes carries refuse no access mode,
and make folders that only root can write.
"""

from __future__ import annotations

import re
import shutil
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from . import api
from .places import VOLUMES

PROVISIONER = "rankzero.lab/folders"
STANDARD, ONCE = "standard", "once"
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_NODE = "volume.kubernetes.io/selected-node"
_FOR_MANY = ("ReadWriteMany", "ReadOnlyMany")

PVS = "/api/v1/persistentvolumes"
PVCS = "/api/v1/persistentvolumeclaims"


def classes() -> list[dict[str, Any]]:
    """The two StorageClasses, as objects."""
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        _class(STANDARD, "Immediate", default),
        _class(ONCE, "WaitForFirstConsumer", {}),
    ]


def _class(name: str, binding: str, annotations: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": PROVISIONER,
        "volumeBindingMode": binding,
        "reclaimPolicy": "Delete",
    }


def main() -> NoReturn:
    """Make and remove volumes, as long as the control plane is up."""
    changed = threading.Event()
    claims, volumes = api.Mirror(PVCS, changed), api.Mirror(PVS, changed)
    while True:
        changed.wait()
        changed.clear()
        made = {volume["metadata"]["name"] for volume in volumes.objects()}
        for act, things in ((_serve, claims.objects()), (_take_away, volumes.objects())):
            for thing in things:
                try:
                    act(thing, made)
                except (OSError, api.Refused) as error:
                    print(f"{thing['metadata']['name']}: {error}", file=sys.stderr, flush=True)
                    threading.Timer(1, changed.set).start()


def _serve(claim: dict[str, Any], made: set[str]) -> None:
    """Make the volume that a claim waits for, or say why there will be none."""
    spec, meta = claim["spec"], claim["metadata"]
    kind, name = spec.get("storageClassName"), f"pvc-{meta['uid']}"
    if kind not in (STANDARD, ONCE) or spec.get("volumeName") or name in made:
        return
    node = meta.get("annotations", {}).get(_NODE)
    if kind == ONCE:
        if refused := [mode for mode in spec["accessModes"] if mode in _FOR_MANY]:
            _refuse(claim, f"class {ONCE} has no {', '.join(refused)}: its volumes are one node's")
            return
        if node is None:
            return  # until a pod that uses it is scheduled
    folder = VOLUMES / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)  # a pod that is not root writes to it, whatever its uid
    try:
        api.call("POST", PVS, _volume(claim, folder, node if kind == ONCE else None))
    except api.Refused as error:
        if error.code != 409:
            raise
    made.add(name)


def _volume(claim: dict[str, Any], folder: Path, node: str | None) -> dict[str, Any]:
    meta, spec = claim["metadata"], claim["spec"]
    terms = [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": terms}]}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": folder.name, "annotations": {_MADE_BY: PROVISIONER}},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": str(folder), "type": "Directory"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                **{key: meta[key] for key in ("namespace", "name", "uid")},
            },
            **({"nodeAffinity": affinity} if node else {}),
        },
    }


def _refuse(claim: dict[str, Any], why: str) -> None:
    """Leave the claim pending, with the event that other provisioners leave, once."""
    meta = claim["metadata"]
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.{meta['uid'][:8]}", "namespace": meta["namespace"]},
        "type": "Warning",
        "reason": "ProvisioningFailed",
        "message": f'failed to provision volume with StorageClass "{ONCE}": {why}',
        "source": {"component": PROVISIONER},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            **{key: meta[key] for key in ("namespace", "name", "uid")},
        },
        "firstTimestamp": meta["creationTimestamp"],
        "lastTimestamp": meta["creationTimestamp"],
        "count": 1,
    }
    try:
        api.call("POST", f"/api/v1/namespaces/{meta['namespace']}/events", event)
    except api.Refused as error:
        if error.code != 409:  # it has been said
            raise


def _take_away(volume: dict[str, Any], _made: set[str]) -> None:
    """Remove a volume whose claim is gone, and what was in it."""
    meta = volume["metadata"]
    if meta.get("annotations", {}).get(_MADE_BY) != PROVISIONER:
        return
    if volume.get("status", {}).get("phase") != "Released":
        return
    assert re.fullmatch(r"pvc-[0-9a-f-]+", meta["name"]), meta["name"]
    shutil.rmtree(VOLUMES / meta["name"], ignore_errors=True)
    try:
        api.call("DELETE", f"{PVS}/{meta['name']}")
    except api.Refused as error:
        if error.code != 404:
            raise
