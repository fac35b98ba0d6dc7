"""A new volume for many machines that its class refuses is known before a pod waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes import provisioning
from rankzero.errors import Refused
from rankzero.plan.kubernetes.claims import KIND
from support.apiserver import ApiServer

CANNOT = "rpc error: code = InvalidArgument desc = NodePath only supports ReadWriteOnce"


def claim(name: str = "data", mode: str = "ReadWriteMany") -> dict[str, Any]:
    return {"kind": KIND, "metadata": {"name": name}, "spec": {"accessModes": [mode]}}


def says(api: ApiServer, reason: str, message: str, of: str = "data", kind: str = KIND) -> None:
    about = {"kind": kind, "name": of}
    api.put("Event", f"{of}.{reason}", involvedObject=about, reason=reason, message=message)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provisioning, "_PATIENCE", 0.05)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something is to come."""
    monkeypatch.setattr(provisioning, "_PATIENCE", 30.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("later", [False, True])
def test_a_refusal_for_good_is_told_whenever_it_comes(api: ApiServer, later: bool) -> None:
    if later:
        says(api, "ExternalProvisioning", "waiting for a volume to be created")
        listed = api.answer

        def then(asked: Any) -> tuple[int, Any]:
            said = listed(asked)
            says(api, "ProvisioningFailed", CANNOT)
            return said

        api.answer = then  # type: ignore[method-assign]
    else:
        says(api, "ProvisioningFailed", CANNOT)

    with pytest.raises(Refused, match=r'"data" cannot be made ReadWriteMany, so nothing') as raised:
        provisioning.check(api.cluster(), [claim()])
    assert CANNOT in str(raised.value) and "access: once" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("reason", "message", "about"),
    [
        ("ProvisioningFailed", "the disk array is busy", {}),
        ("ProvisioningFailed", CANNOT, {"of": "another"}),
        ("ProvisioningFailed", CANNOT, {"kind": "Pod"}),
        ("FailedBinding", CANNOT, {}),
    ],
    ids=["it may do it later", "another claim's", "of no claim", "another word"],
)
def test_what_is_no_refusal_for_good_keeps_nobody(
    api: ApiServer, reason: str, message: str, about: dict[str, str]
) -> None:
    says(api, reason, message, **about)
    provisioning.check(api.cluster(), [claim()])


@pytest.mark.usefixtures("patient")
def test_one_that_was_made_is_not_waited_for(api: ApiServer) -> None:
    says(api, "ProvisioningSucceeded", "made")
    provisioning.check(api.cluster(), [claim()])


def test_who_may_not_read_events_learns_it_from_the_run(api: ApiServer) -> None:
    api.refuses["GET Event"] = 403
    provisioning.check(api.cluster(), [claim()])


def test_what_one_machine_mounts_is_not_asked_after(api: ApiServer) -> None:
    provisioning.check(api.cluster(), [claim(mode="ReadWriteOnce")])
    provisioning.check(api.cluster(), [])
    assert api.asked == []
