"""What a pod's files are: the run's own, and the volumes that the job names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rankzero.plan.kubernetes import layout, names

if TYPE_CHECKING:
    from rankzero.spec.model import Job
    from rankzero.spec.pods import Volume

#: The run's own volumes; no user's begins like this.
_OWN = "rankzero"


#: Who renews the token does so long before it ends (seconds).
_TOKEN_LASTS = 3600


def own(
    run: str,
    parts: int,
    shm: str | None,
    *,
    carrier: str | None = None,
    account: bool = False,
) -> list[dict[str, Any]]:
    """parts: in how many ConfigMaps the code travels. carrier: whose they are, and who has the
    agent's archive, where that is not the run. account: with what proves to the API server
    who the pod is."""
    # Without a limit of its own /dev/shm is as large as the pod's memory, or the machine's where
    # the pod has no limit, and what lies in it counts as the pod's memory. So it cannot take more
    # than the pod may have anyway, and a smaller default would only end data loaders, which hand
    # batches over in it, with "bus error".
    limit = {"sizeLimit": shm} if shm else {}
    found: list[dict[str, Any]] = [
        {"name": f"{_OWN}-run", "emptyDir": {}},
        {"name": f"{_OWN}-shm", "emptyDir": {"medium": "Memory", **limit}},
        {"name": f"{_OWN}-agent", **_agent(run, carrier)},
        {"name": f"{_OWN}-token", "secret": {"secretName": run, "defaultMode": 0o440}},
    ]
    if parts:
        whose = carrier or run
        sources = [{"configMap": {"name": f"{whose}-code-{at}"}} for at in range(parts)]
        found.append({"name": f"{_OWN}-code", "projected": {"sources": sources}})
    if account:
        found.append({"name": f"{_OWN}-account", "projected": {"sources": account_sources()}})
    return found


def _agent(run: str, carrier: str | None) -> dict[str, Any]:
    """The archive, and beside it the run's configs."""
    if carrier is None:
        return {"configMap": {"name": f"{run}-agent"}}
    sources = [{"configMap": {"name": f"{one}-agent"}} for one in (carrier, run)]
    return {"projected": {"sources": sources}}


def account_sources() -> list[dict[str, Any]]:
    """What Kubernetes itself would mount, for those pods alone that need it. It puts its authority
    into every namespace; a pod shall start without it all the same."""
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    namespace = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_LASTS}},
        {"configMap": {**authority, "optional": True}},
        {"downwardAPI": {"items": [namespace]}},
    ]


def own_mounts(parts: int, *, account: bool = False) -> list[dict[str, Any]]:
    read_only = {"agent": layout.AGENT, "token": layout.TOKEN}
    if parts:
        read_only["code"] = layout.CODE
    if account:
        read_only["account"] = layout.ACCOUNT
    return [
        {"name": f"{_OWN}-run", "mountPath": layout.OWN},
        {"name": f"{_OWN}-shm", "mountPath": "/dev/shm"},  # noqa: S108 - the pod's own
        *(
            {"name": f"{_OWN}-{name}", "mountPath": path, "readOnly": True}
            for name, path in read_only.items()
        ),
    ]


def theirs(volumes: Mapping[str, Volume]) -> list[dict[str, Any]]:
    """One for each source: a pod that names a claim twice would wait for it forever."""
    names = dict.fromkeys(_names(volumes).values())
    return [{"name": name, **_source(volumes[name])} for name in names]


def their_mounts(volumes: Mapping[str, Volume]) -> list[dict[str, Any]]:
    names = _names(volumes)
    return [_mount(names[name], volume) for name, volume in volumes.items()]


def kept(job: Job) -> dict[str, Volume]:
    """Where the job's lines and outputs stay: what it names, at a path of ours."""
    found = {
        f"{_OWN}-logs": (job.log_volume, layout.LOG_VOLUME),
        f"{_OWN}-outputs": (job.output_volume, layout.OUTPUT_VOLUME),
    }
    return {
        name: (job.volumes.get(named) or _claim(named)).model_copy(update={"path": path})
        for name, (named, path) in found.items()
        if named is not None
    }


def of_run(volume: Volume, run: str) -> Volume:
    """The volume as this run's pods mount it."""
    return (
        volume
        if volume.keep
        else volume.model_copy(update={"claim": names.claim(run, str(volume.claim))})
    )


def _claim(name: str) -> Volume:
    from rankzero.spec.pods import Volume

    return Volume.model_validate({"claim": name, "path": "/claim"})


def mounted(spec: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    """What a pod mounts at a path: a volume in Kubernetes' notation with the mount that goes with
    it; None where nothing is."""
    for container in spec["containers"]:
        for mount in container.get("volumeMounts") or ():
            if mount["mountPath"] == path:
                named = [one for one in spec["volumes"] if one["name"] == mount["name"]]
                return {"volume": named[0], "mount": mount}
    return None


def _names(volumes: Mapping[str, Volume]) -> dict[str, str]:
    """What each volume is called in the pod: as the first one of the same claim."""
    first: dict[str, str] = {}
    return {
        name: name if volume.claim is None else first.setdefault(volume.claim, name)
        for name, volume in volumes.items()
    }


def _mount(name: str, volume: Volume) -> dict[str, Any]:
    mount: dict[str, Any] = {"name": name, "mountPath": volume.path}
    if volume.read_only:
        mount["readOnly"] = True
    if volume.sub_path is not None:
        mount["subPath"] = volume.sub_path
    return mount


def _source(volume: Volume) -> dict[str, Any]:
    if volume.claim is not None:
        return {"persistentVolumeClaim": {"claimName": volume.claim}}
    if volume.host_path is not None:
        # Without the type a folder that is not there would be made, empty and root's.
        return {"hostPath": {"path": volume.host_path, "type": "Directory"}}
    if volume.nfs is not None:
        server, _, path = volume.nfs.partition(":")
        return {"nfs": {"server": server, "path": path}}
    if volume.secret is not None:
        return {"secret": {"secretName": volume.secret}}
    if volume.config_map is not None:
        return {"configMap": {"name": volume.config_map}}
    size = volume.empty_dir
    return {"emptyDir": {"sizeLimit": size} if isinstance(size, str) else {}}
