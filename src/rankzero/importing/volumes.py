"""A pod's volumes and what its container mounts of them."""

from __future__ import annotations

from typing import Any

from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings

#: Of files that stand for a Secret's or a ConfigMap's keys: rw-r--r--.
_MODE = 0o644
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the pod's own


class Volumes:
    """said: the volumes of a job file. shm: the most that shared memory may hold, where that is
    said. laid: volumes and mounts that only Kubernetes' own notation can say."""

    def __init__(self, spec: Fields, container: Fields, findings: Findings) -> None:
        self.said: dict[str, Any] = {}
        self.shm: str | None = None
        self.laid: list[dict[str, Any]] = []
        self.mounts: list[dict[str, Any]] = []
        self._findings = findings
        self._known = {str(one.text("name")): one for one in spec.tables("volumes")}
        self._used: set[str] = set()
        for mount in container.tables("volumeMounts"):
            self._mount(mount)

    def keep(self, names: set[str]) -> None:
        """The rest: what other containers mount stays theirs, and nobody needs what none mounts."""
        for name, volume in self._known.items():
            if name in self._used:
                continue
            if name in names:
                self._lay(name)
            else:
                what = "is not carried over: the training mounts it nowhere"
                self._findings.note(volume.place, what, "nothing is missing for that")

    def _mount(self, mount: Fields) -> None:
        name, path = mount.text("name") or "", mount.text("mountPath")
        volume = self._known.get(name)
        if volume is None:
            self._findings.problem(mount.at("name"), f'there is no volume "{name}" in the pod')
            return
        self._used.add(name)
        source = self._source(volume, path)
        if path == _SHARED_MEMORY and source is not None and "empty_dir" in source:
            size = source["empty_dir"]
            self.shm = None if size is True else size
            mount.pass_over("readOnly")
            return
        if source is None or {"mountPropagation", "subPathExpr", "recursiveReadOnly"} & set(
            mount.names()
        ):
            self.mounts.append(mount.whole_mapping())
            self._lay(name)
            return
        more = {"read_only": mount.flag("readOnly") or source.pop("read_only", None) or None}
        more["sub_path"] = mount.text("subPath")
        mount.left()
        full = {**source, "path": path, **{key: one for key, one in more.items() if one}}
        self.said[self._free(name)] = full

    def _free(self, name: str) -> str:
        """The name, or, for another mount of the same volume, one beside it."""
        names = [name, *(f"{name}-{number}" for number in range(2, len(self.said) + 3))]
        return next(one for one in names if one not in self.said)

    def _lay(self, name: str) -> None:
        volume = self._known[name].whole_mapping()
        if volume not in self.laid:
            self.laid.append(volume)

    def _source(self, volume: Fields, path: str | None) -> dict[str, Any] | None:
        """Where it comes from, as a job file says it; None where it cannot."""
        for kind, (ours, keys) in _KINDS.items():
            if kind not in volume:
                continue
            given = volume.given(kind)
            source = volume.table(kind)
            source.default(defaultMode=_MODE)
            in_memory = "medium" in source and path != _SHARED_MEMORY
            if given is None or in_memory or not set(source.names()) <= keys:
                return None
            volume.left()
            return ours(source)
        return {"empty_dir": True} if set(volume.names()) == {"name"} else None


def _claim(source: Fields) -> dict[str, Any]:
    return {"claim": source.text("claimName"), "read_only": source.flag("readOnly")}


def _empty(source: Fields) -> dict[str, Any]:
    return {"empty_dir": source.text("sizeLimit") or True}


def _folder(source: Fields) -> dict[str, Any]:
    if source.text("type") not in (None, "", "Directory"):
        source.note("type", "is not carried over", "the folder must be there")
    return {"host_path": source.text("path")}


def _nfs(source: Fields) -> dict[str, Any]:
    text = f"{source.text('server')}:{source.text('path')}"
    return {"nfs": text, "read_only": source.flag("readOnly")}


def _secret(source: Fields) -> dict[str, Any]:
    return {"secret": source.text("secretName")}


def _settings(source: Fields) -> dict[str, Any]:
    return {"config_map": source.text("name")}


#: By Kubernetes' word: how it is said here, and with which keys that says all.
_KINDS = {
    "persistentVolumeClaim": (_claim, {"claimName", "readOnly"}),
    "emptyDir": (_empty, {"sizeLimit", "medium"}),
    "hostPath": (_folder, {"path", "type"}),
    "nfs": (_nfs, {"server", "path", "readOnly"}),
    "secret": (_secret, {"secretName"}),
    "configMap": (_settings, {"name"}),
}
