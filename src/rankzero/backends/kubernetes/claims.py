"""Named volumes of a cluster, see `backends.volumes`: claims, reached through a helper pod."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero.backends.base import Helper
from rankzero.backends.kubernetes import claiming, state
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.helping import HelperPod, helping
from rankzero.backends.kubernetes.images import fallback
from rankzero.backends.kubernetes.proving import prove
from rankzero.backends.kubernetes.trouble import Absent, Taken
from rankzero.backends.moving import brought, sent
from rankzero.backends.volumes import SERVICE, Made, Moved, Proof, Say, VolumeInfo, absent, in_use
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import claims, helper, layout, names, pod
from rankzero.plan.kubernetes.helper import Like

if TYPE_CHECKING:
    from rankzero.spec.pods import Source

_KIND = claims.KIND
#: What helpers are called.
_RUN = "volume"
#: The modes of volumes that one machine, or one pod, mounts.
_ONE_MACHINE, _ONE_POD = {"ReadWriteOnce"}, {"ReadWriteOncePod"}


class ClusterVolumes:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def _where(self) -> str:
        return f"{self._cluster.context}/{self._cluster.namespace}"

    def all(self) -> list[VolumeInfo]:
        found = self._cluster.every(_KIND)["items"]
        users = self._users()
        infos = [_info(one, users, self._where) for one in found]
        return sorted(infos, key=lambda info: info.name)

    def make(self, name: str, source: Source) -> Made:
        wanted = claims.claim(name, source)
        outlook = claiming.outlook(self._cluster, wanted)
        try:
            self._cluster.create(wanted)
        except Taken:
            there = self._cluster.one(_KIND, name)
            if fault := claims.differs(there, wanted):
                raise BadRequest(f"the volume {name} {fault}; nothing was changed.") from None
            return Made(False, _phase(there))
        return Made(True, "Pending", outlook)

    def remove(self, name: str, *, force: bool = False) -> None:
        claim = self._known(name)
        users = self._users().get(name, ())
        if users:
            raise in_use(name, users)
        if not force and not claims.ours(claim):
            raise BadRequest(
                f"rankzero has not made the volume {name}; nothing was deleted.",
                "If you mean it, with all that is on it: --force",
            )
        self._cluster.delete(_KIND, name, uid=claim["metadata"]["uid"])

    def check(self, source: Source, helper: Helper) -> Proof:
        spec = claims.claim("any", source)["spec"]
        kind = source.storage_class or "the default class"
        mode = spec["accessModes"][0]
        like = _like("any", helper, fallback())._replace(writes=True, brings=spec)
        aim = f"{kind} gives no {mode} volume of {source.size}"
        began = time.monotonic()
        with helping(self._cluster, _RUN, like, None, helper.wait, aim) as there:
            there.start()
            free = prove(there, aim)
            return Proof(self._where, kind, mode, time.monotonic() - began, free)

    def put(self, source: Path, name: str, path: str, tell: Say, helper: Helper) -> Moved:
        with self._reached(name, helper, writes=True) as there:
            dial = partial(there.dial, "volume", "take", layout.VOLUME, path, bulk=True)
            return sent(dial, source, name, path, tell)

    def get(self, name: str, path: str, to: Path, tell: Say, helper: Helper) -> Moved:
        with self._reached(name, helper, writes=False) as there:
            dial = partial(there.dial, "volume", "give", layout.VOLUME, path, bulk=True)
            return brought(dial, name, path, to, tell)

    # -- inside

    @contextlib.contextmanager
    def _reached(self, name: str, how: Helper, *, writes: bool) -> Iterator[HelperPod]:
        """A helper where the volume is."""
        claim = self._known(name)
        pods = [one for one in self._mounting(name) if one["spec"].get("nodeName")]
        modes = set(claim["spec"].get("accessModes") or ())
        if pods and modes == _ONE_POD:
            who = pods[0]["metadata"]["name"]
            raise Refused(
                f"the volume {name} is {', '.join(modes)}, and pod {who} has it.",
                "When that has ended, the same command works.",
            )
        ours = [one for one in pods if names.RUN in (one["metadata"].get("labels") or {})]
        image = str(pod.rank(ours[0]["spec"])["image"]) if ours else fallback()
        like = helper.beside(_like(name, how, image), pods, modes == _ONE_MACHINE)
        aim = f"cannot reach the volume {name}"
        like = like._replace(writes=writes)
        with helping(self._cluster, _RUN, like, None, how.wait, aim) as there:
            yield there

    def _known(self, name: str) -> Object:
        try:
            return self._cluster.one(_KIND, name)
        except Absent:
            known = [one["metadata"]["name"] for one in self._cluster.every(_KIND)["items"]]
            raise absent(name, known, self._where) from None

    def _mounting(self, name: str) -> list[Object]:
        """The pods that have it, or wait for it."""
        pods = self._cluster.every("Pod")["items"]
        return [one for one in pods if not _over(one) and name in _claims_of(one["spec"])]

    def _users(self) -> dict[str, tuple[str, ...]]:
        """Of each claim: runs by their id, and pods that are none's."""
        found: dict[str, dict[str, None]] = {}
        for one in self._cluster.every("Pod")["items"]:
            if not _over(one):
                _note(found, one, one["spec"])
        for job in self._cluster.every("Job")["items"]:  # one that waits has no pods yet
            conditions = job.get("status", {}).get("conditions") or ()
            ended = any(
                c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions
            )
            if not ended:
                _note(found, job, job["spec"]["template"]["spec"])
        return {claim: tuple(users) for claim, users in found.items()}


def _note(found: dict[str, dict[str, None]], thing: Object, spec: Mapping[str, Any]) -> None:
    meta = thing["metadata"]
    labels = meta.get("labels") or {}
    owner = next((one["name"] for one in meta.get("ownerReferences") or ()), meta["name"])
    service = labels.get(names.SERVICE)
    user = labels.get(names.RUN) or (SERVICE + str(service) if service else owner)
    for claim in _claims_of(spec):
        found.setdefault(claim, {})[str(user)] = None


def _claims_of(spec: Mapping[str, Any]) -> Iterable[str]:
    named = (one.get("persistentVolumeClaim") for one in spec.get("volumes") or ())
    return [str(one["claimName"]) for one in named if one]


def _over(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _like(name: str, how: Helper, image: str) -> Like:
    return helper.like_none(name, how.image or image, how.user, layout.VOLUME)


def _phase(claim: Object) -> str:
    leaving = claim["metadata"].get("deletionTimestamp")
    return "Terminating" if leaving else str(claim.get("status", {}).get("phase", ""))


def _info(claim: Object, users: Mapping[str, tuple[str, ...]], where: str) -> VolumeInfo:
    meta, spec, status = claim["metadata"], claim["spec"], claim.get("status", {})
    labels = meta.get("labels") or {}
    asked = (spec.get("resources", {}).get("requests") or {}).get("storage", "")
    return VolumeInfo(
        name=str(meta["name"]),
        size=str((status.get("capacity") or {}).get("storage", asked)),
        storage_class=str(spec.get("storageClassName") or ""),
        access=tuple(spec.get("accessModes") or ()),
        phase=_phase(claim),
        used_by=users.get(str(meta["name"]), ()),
        where=where,
        created=state.seconds(str(meta["creationTimestamp"])),
        ours=claims.ours(claim),
        of_a_run=str(labels.get(names.RUN, "")),
    )
