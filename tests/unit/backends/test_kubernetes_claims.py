"""Named volumes of a cluster: which there are, who uses them, and what may be done with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rankzero.backends.base import Helper
from rankzero.backends.kubernetes.claims import ClusterVolumes
from rankzero.backends.volumes import Made
from rankzero.errors import BadRequest, Error, Refused
from rankzero.plan.kubernetes import names
from rankzero.spec.pods import Source
from support.apiserver import ApiServer

KIND = "PersistentVolumeClaim"
OURS = {names.MANAGED_BY: "rankzero", names.VOLUME: "kept"}


def mounts(*claims: str, machine: str = "") -> dict[str, Any]:
    volumes = [{"persistentVolumeClaim": {"claimName": claim}} for claim in claims]
    placed = {"nodeName": machine} if machine else {}
    return {"volumes": [*volumes, {"emptyDir": {}}], "containers": [{"name": "rank"}], **placed}


def claim(api: ApiServer, name: str, size: str = "1Gi", **more: Any) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    labels = more.pop("labels", OURS)
    spec |= {key: more.pop(key) for key in ("accessModes", "storageClassName") if key in more}
    status = {"phase": "Bound", **more.pop("status", {})}
    api.put(KIND, name, labels=labels, spec=spec, status=status, **more)


def source(storage_class: str | None = None, **more: Any) -> Source:
    said = {"claim": "data", "size": "5Gi", "class": storage_class, **more}
    return Source.model_validate(said)


@pytest.fixture
def volumes(api: ApiServer) -> ClusterVolumes:
    api.put("StorageClass", "disk", volumeBindingMode="WaitForFirstConsumer")
    return ClusterVolumes(api.cluster())


def test_all_of_them_are_listed_by_name_with_what_the_place_says(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    claim(api, "old", "1Gi", status={"capacity": {"storage": "2Gi"}}, storageClassName="disk")
    claim(api, "mine", labels={**OURS, names.RUN: "digits-7f3a"}, status={"phase": "Pending"})
    claim(api, "theirs", labels={}, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})

    mine, old, theirs = volumes.all()

    assert (mine.name, mine.size, mine.phase, mine.of_a_run) == (
        *("mine", "1Gi", "Pending"),
        "digits-7f3a",
    )
    assert (old.size, old.storage_class, old.phase) == ("2Gi", "disk", "Bound")
    assert (old.access, old.where, old.ours) == (("ReadWriteOnce",), "lab/team", True)
    assert (theirs.phase, theirs.ours, theirs.used_by) == ("Terminating", False, ())


def test_who_uses_one_is_told_once_and_by_the_name_that_commands_take(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    claim(api, "data")
    run, service = {names.RUN: "digits-7f3a"}, {names.SERVICE: "web"}
    for name in ("digits-0", "digits-1"):
        api.put("Pod", name, labels=run, spec=mounts("data"), status={"phase": "Running"})
    api.put("Pod", "web-1", labels=service, spec=mounts("other", "data"))
    owner = {"ownerReferences": [{"name": "notebook", "uid": "1"}]}
    api.put("Pod", "notebook-0", metadata=owner, spec=mounts("data"))
    api.put("Pod", "bare", spec=mounts("data"))
    for name, phase in (("done", "Succeeded"), ("broken", "Failed")):
        api.put("Pod", name, spec=mounts("data"), status={"phase": phase})

    (info,) = volumes.all()

    assert sorted(info.used_by) == ["bare", "digits-7f3a", "notebook", "service web"]


@pytest.mark.parametrize(
    ("conditions", "uses"),
    [
        ([], True),
        ([{"type": "Suspended", "status": "True"}], True),
        ([{"type": "Failed", "status": "False"}], True),
        ([{"type": "Complete", "status": "True"}], False),
        ([{"type": "Suspended", "status": "False"}, {"type": "Failed", "status": "True"}], False),
    ],
)
def test_a_job_that_waits_for_room_uses_its_volumes_though_it_has_no_pod(
    api: ApiServer, volumes: ClusterVolumes, conditions: list[Any], uses: bool
) -> None:
    claim(api, "data")
    template = {"template": {"spec": mounts("data")}}
    run = {names.RUN: "digits-7f3a"}
    api.put("Job", "digits", labels=run, spec=template, status={"conditions": conditions})

    assert volumes.all()[0].used_by == (("digits-7f3a",) if uses else ())


def test_a_new_one_is_made_as_asked_and_waits_for_its_pod(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    made = volumes.make("data", source("disk", access="once"))

    spec = api.api.one(KIND, "data")["spec"]
    assert made.new and "until a pod mounts it: class disk" in made.note
    assert spec["storageClassName"] == "disk"
    assert spec["resources"] == {"requests": {"storage": "5Gi"}}


def test_one_that_is_there_and_would_do_is_left_as_it_is(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    claim(api, "data", "9Gi")

    assert volumes.make("data", source()) == Made(False, "Bound")
    assert api.api.one(KIND, "data")["spec"]["resources"]["requests"] == {"storage": "9Gi"}


def test_one_that_is_there_otherwise_is_told_and_not_changed(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    claim(api, "data", "1Gi")

    with pytest.raises(BadRequest, match="volume data is there already, and has 1Gi, not 5Gi"):
        volumes.make("data", source())
    assert api.api.names(KIND) == ["data"]


def test_a_class_that_is_not_there_is_told_before_anything_is_made(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    with pytest.raises(Refused, match=r"StorageClass \"fast\".*nothing was made"):
        volumes.make("data", source("fast"))
    assert api.api.names(KIND) == []


def test_removing_one_takes_it_away(api: ApiServer, volumes: ClusterVolumes) -> None:
    claim(api, "data")
    claim(api, "other")

    volumes.remove("data")

    assert api.api.names(KIND) == ["other"]


def test_one_that_was_made_anew_meanwhile_is_not_removed(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    """It has the same name, and somebody else's data."""
    claim(api, "data")

    def anew() -> None:
        api.api.take(KIND, "data")
        claim(api, "data")

    api.meanwhile[f"DELETE {KIND}"] = anew
    volumes.remove("data")

    assert api.api.names(KIND) == ["data"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("labels", "remedy"),
    [
        ({names.RUN: "digits-7f3a"}, "rankzero stop digits-7f3a"),
        ({names.SERVICE: "web"}, "rankzero serve delete web"),
    ],
)
def test_one_in_use_is_not_removed_by_any_force(
    api: ApiServer, volumes: ClusterVolumes, force: bool, labels: dict[str, str], remedy: str
) -> None:
    claim(api, "data")
    api.put("Pod", "one", labels=labels, spec=mounts("data"), status={"phase": "Pending"})

    with pytest.raises(BadRequest, match=r"data is in use by .*; nothing was deleted") as raised:
        volumes.remove("data", force=force)
    assert remedy in str(raised.value.hint)
    assert api.api.names(KIND) == ["data"]


def test_somebody_else_s_is_removed_by_force_alone(api: ApiServer, volumes: ClusterVolumes) -> None:
    claim(api, "theirs", labels={})

    with pytest.raises(BadRequest, match="rankzero has not made the volume theirs") as raised:
        volumes.remove("theirs")
    assert "--force" in str(raised.value.hint) and api.api.names(KIND) == ["theirs"]

    volumes.remove("theirs", force=True)
    assert api.api.names(KIND) == []


def test_one_that_is_not_there_is_told_with_the_near_name(
    api: ApiServer, volumes: ClusterVolumes
) -> None:
    claim(api, "digits")

    with pytest.raises(BadRequest, match=r'no volume "digit" in lab/team.*"digits"') as raised:
        volumes.remove("digit")
    assert "rankzero volume create digit" in str(raised.value.hint)
    with pytest.raises(BadRequest, match="There is: digits"):
        volumes.remove("quite-another")


def test_one_that_a_single_pod_may_mount_is_not_waited_for(
    api: ApiServer, volumes: ClusterVolumes, tmp_path: Path
) -> None:
    claim(api, "data", accessModes=["ReadWriteOncePod"])
    api.put("Pod", "digits-0", spec=mounts("data", machine="a"), status={"phase": "Running"})

    with pytest.raises(Refused, match="is ReadWriteOncePod, and pod digits-0 has it"):
        volumes.get("data", "/", tmp_path, lambda _: None, Helper())
    assert "POST Job" not in api.asked


@pytest.mark.parametrize("what", [KIND, "Pod", "Job"])
def test_who_may_not_look_is_told_and_nothing_is_removed(
    api: ApiServer, volumes: ClusterVolumes, what: str
) -> None:
    """In use or not: that cannot be known then."""
    claim(api, "data")
    api.refuses[f"GET {what}"] = 403

    with pytest.raises(Error, match="may not read in namespace team of lab"):
        volumes.remove("data")
    assert api.api.names(KIND) == ["data"]
