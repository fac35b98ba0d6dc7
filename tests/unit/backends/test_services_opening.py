"""A port here that leads to whichever pod of a service is ready."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from typing import Any

import pytest

from rankzero.backends.kubernetes.services.opening import ReadyPod
from rankzero.backends.kubernetes.services.there import There
from rankzero.backends.ports import Opened
from rankzero.errors import BadRequest, Error, Refused
from rankzero.plan.kubernetes import names
from rankzero.spec.given import Given
from support.apiserver import BORN, ApiServer, Asked
from support.entered import Entered
from support.waiting import PATIENCE, until

WEB = {"name": "web", "image": "web:1", "port": "8080"}


@pytest.fixture
def there(api: ApiServer) -> There:
    made = There(api.cluster(), Given({}))
    made.submit(made.plan(WEB, preflight=False))
    return made


def pod(api: ApiServer, name: str, *, ready: bool = True, **meta: Any) -> None:
    state = {"running": {"startedAt": BORN}}
    container = {"name": "server", "ready": ready, "restartCount": 0, "state": state}
    conditions = [{"type": "Ready", "status": str(ready)}]
    status = {"phase": "Running", "conditions": conditions, "containerStatuses": [container]}
    labels = {names.SERVICE: "web"}
    api.put("Pod", name, labels=labels, spec={"nodeName": "a"}, status=status, metadata=meta)


def answers(asked: Asked, way: Entered) -> None:
    """With the pod's name."""
    port = int(asked.query["ports"]).to_bytes(2, "little")
    for channel in (0, 1):
        way.send(channel, port)
    way.send(0, asked.name.encode())


def said(opened: Opened) -> bytes:
    with socket.create_connection((opened.address, opened.local)) as way:
        return b"".join(iter(lambda: way.recv(100), b""))


def opens(there: There) -> tuple[queue.SimpleQueue[Any], queue.SimpleQueue[str], threading.Thread]:
    """What is opened, or why not; what is noted; the thread that forwards."""
    opened, notes = queue.SimpleQueue[Any](), queue.SimpleQueue[str]()

    def forward() -> None:
        try:
            there.open("web", "", "127.0.0.1", opened.put, notes.put)
        except Error as error:
            opened.put(error)

    thread = threading.Thread(target=forward)
    thread.start()
    return opened, notes, thread


def test_it_leads_to_a_pod_that_is_ready_until_the_service_is_deleted(
    api: ApiServer, there: There
) -> None:
    pod(api, "web-1-a", ready=False)
    pod(api, "web-1-b")
    api.pod = answers
    opened, notes, thread = opens(there)
    way = opened.get(timeout=PATIENCE)
    assert (way.node, way.port, said(way)) == ("web", 8080, b"web-1-b")

    pod(api, "web-1-a")
    api.api.take("Pod", "web-1-b")
    until(lambda: said(way) == b"web-1-a", "the other pod")

    there.delete("web")
    thread.join()
    assert notes.get(timeout=PATIENCE) == "the service web was deleted"


def test_where_no_pod_is_ready_no_port_is_taken(api: ApiServer, there: There) -> None:
    pod(api, "web-1-a", ready=False)
    opened, _, thread = opens(there)
    error = opened.get(timeout=PATIENCE)
    thread.join()

    assert isinstance(error, Refused) and "no pod of web is ready" in str(error)
    assert "rankzero serve why web" in str(error.hint)


def test_one_that_is_on_its_way_out_gets_nothing_more(api: ApiServer, there: There) -> None:
    pod(api, "web-1-a", deletionTimestamp=BORN)
    pod(api, "web-1-b")
    with ReadyPod(api.cluster(), "web") as to:
        assert to.pod == "web-1-b"
        with contextlib.suppress(Refused):
            pod(api, "web-1-c")
        assert to.pod == "web-1-b", "the same one as long as it is ready"


def test_one_that_is_gone_before_anybody_has_told_is_left_for_another(
    api: ApiServer, there: There
) -> None:
    pod(api, "web-1-a")
    pod(api, "web-1-b")
    with ReadyPod(api.cluster(), "web") as to:
        assert to.pod == "web-1-a"
        to.again()
        assert to.pod == "web-1-b"


def test_a_service_that_is_not_there_is_told(api: ApiServer, there: There) -> None:
    with pytest.raises(BadRequest, match='no service "other"'):
        there.open("other", None, "127.0.0.1", print, print)


# -- before it is made


def test_a_name_that_is_taken_is_told_before_anything_is_made(api: ApiServer, there: There) -> None:
    with pytest.raises(BadRequest, match='a deployment "web" in lab/team already'):
        there.plan(WEB)


@pytest.fixture
def machine(api: ApiServer) -> None:
    """One, in a cluster with a namespace."""
    api.documents["/api/v1/namespaces/team"] = {"kind": "Namespace", "metadata": {"name": "team"}}
    ready = [{"type": "Ready", "status": "True"}]
    has = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    api.put("Node", "a", spec={}, status={"allocatable": has, "conditions": ready})


@pytest.mark.usefixtures("machine")
def test_a_service_that_fits_is_planned_with_what_was_checked(api: ApiServer, there: There) -> None:
    before = set(api.api.there)
    plan = there.plan({**WEB, "name": "other", "cpu": "2"})

    done = {one.check for one in plan.checks if one.done}
    assert {"namespace", "rights", "quota", "nodes"} <= done, plan.checks
    assert set(api.api.there) == before


@pytest.mark.usefixtures("machine")
def test_one_that_fits_nowhere_is_told_unless_machines_are_waited_for(
    api: ApiServer, there: There
) -> None:
    large = {**WEB, "name": "other", "cpu": "6"}
    with pytest.raises(Refused, match=r"other cannot run in lab/team; nothing was created") as told:
        there.plan(large)
    assert "--no-preflight" in str(told.value.hint)
    assert there.plan(large, wait_for_nodes=True).service.name == "other"


@pytest.mark.usefixtures("machine")
def test_what_may_not_be_looked_at_is_said_to_be_unchecked(api: ApiServer, there: There) -> None:
    api.refuses["GET Node"] = 403
    plan = there.plan({**WEB, "name": "other"})

    assert "nodes" in {one.check for one in plan.checks if not one.done}
