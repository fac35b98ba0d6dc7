"""A service of a cluster from its first version to its last, by what the API server has then."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from rankzero.backends.kubernetes.services import looking
from rankzero.backends.kubernetes.services.there import There
from rankzero.backends.services.model import Asked, Outcome, Service
from rankzero.driver.cluster.deployments import revision
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import names
from rankzero.spec.given import Given
from support.apiserver import BORN, ApiServer, Object

WEB = {"name": "web", "image": "web:1", "port": "8080", "replicas": "2", "cpu": "1", "wait": "1m"}


@pytest.fixture
def there(api: ApiServer) -> There:
    return There(api.cluster(), Given({}))


def deploy(there: There, **more: Any) -> Any:
    return there.submit(there.plan({**WEB, **more}, preflight=False))


def roll(api: ApiServer, ready: int = 2, *, serves: bool = True) -> int:
    """What a cluster's controller does with the newest version; its number. One that is gone back
    to has a ReplicaSet, which gets the new number. serves: so does the version."""
    made = api.api.one("Deployment", "web")
    template = made["spec"]["template"]
    sets = [api.api.one("ReplicaSet", one) for one in api.api.names("ReplicaSet")]
    number = max(map(revision, sets), default=0) + 1
    again = [one["metadata"]["name"] for one in sets if one["spec"]["template"] == template]
    api.put(
        *("ReplicaSet", *(again or [f"web-{number}"])),
        labels={names.SERVICE: "web"},
        annotations={**made["metadata"]["annotations"], names.REVISION: str(number)},
        spec={"replicas": 2, "template": template},
    )
    wanted = made["spec"]["replicas"] if serves else 0
    status = {
        "observedGeneration": made["metadata"]["generation"],
        **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), wanted),
    }
    about = {"annotations": {names.REVISION: str(number)}}
    api.change("Deployment", "web", status=status, metadata=about)
    for index in range(ready):
        pod(api, f"web-{number}-{index}")
    return number


def pod(api: ApiServer, name: str, *, ready: bool = True, **state: Any) -> Object:
    container = {"name": "server", "ready": ready, "restartCount": 0}
    container["state"] = state or {"running": {"startedAt": BORN}}
    conditions = [{"type": "Ready", "status": str(ready)}]
    status = {"phase": "Running", "conditions": conditions, "containerStatuses": [container]}
    labels = {names.SERVICE: "web"}
    return api.put("Pod", name, labels=labels, spec={"nodeName": "a"}, status=status)


def container(api: ApiServer) -> Any:
    template = api.api.one("Deployment", "web")["spec"]["template"]
    return template["spec"]["containers"][0]


def test_it_comes_paused_and_is_let_go_when_all_is_there_that_it_owns(
    api: ApiServer, there: There
) -> None:
    def at_the_end() -> None:
        made = api.api.one("Deployment", "web")
        assert made["spec"]["paused"]
        owners = [api.api.one("Service", "web")["metadata"]["ownerReferences"][0]]
        assert [one["uid"] for one in owners] == [made["metadata"]["uid"]]

    api.meanwhile["PATCH Deployment"] = at_the_end
    changed = deploy(there)

    assert (changed.before, changed.what, changed.wait) == (0, ("deployed",), 60.0)
    assert api.api.one("Deployment", "web")["spec"]["paused"] is False
    assert not api.meanwhile


@pytest.mark.parametrize("refused", ["POST Service", "PATCH Deployment"])
@pytest.mark.parametrize("code", [403, 422, 503])
def test_of_one_that_could_not_be_made_whole_nothing_is_left(
    api: ApiServer, there: There, refused: str, code: int
) -> None:
    api.refuses[refused] = code

    with pytest.raises(Refused, match=str(code)):
        deploy(there)
    assert api.api.there == {}


def test_what_cannot_be_taken_away_either_is_said_with_what_to_type(
    api: ApiServer, there: There
) -> None:
    api.refuses |= {"POST Service": 403, "DELETE Deployment": 403}

    with pytest.raises(Refused, match="what there is of it could not be deleted") as raised:
        deploy(there)
    assert raised.value.hint == "rankzero serve delete web"


def test_a_name_that_is_taken_stays_as_it_is(api: ApiServer, there: There) -> None:
    deploy(there)
    before = api.api.one("Deployment", "web")

    with pytest.raises(BadRequest, match=r'"web" in lab/team already; nothing was') as raised:
        deploy(there, image="other:1")
    assert "rankzero serve update web" in str(raised.value.hint)
    assert api.api.one("Deployment", "web") == before


def test_an_update_is_the_next_version_and_tells_what_is_new(api: ApiServer, there: There) -> None:
    deploy(there, env={"A": "1"})
    roll(api)
    changed = there.update("web", {"image": "web:2", "env": {"A": "2", "B": "3"}})

    assert changed.before == 1
    assert changed.what == ("image web:1 -> web:2", "env A", "env B")
    assert container(api)["image"] == "web:2"
    notes = changed.mark["metadata"]["annotations"]
    assert notes[names.CHANGED] == "image web:1 -> web:2, env A, env B"
    assert '"image": "web:2"' in notes[names.REQUEST]


def test_an_update_to_what_it_is_already_changes_nothing(api: ApiServer, there: There) -> None:
    deploy(there)
    roll(api)
    before = len(api.asked)

    assert there.update("web", {"image": "web:1"}).what == ()
    assert all(one.startswith("GET") for one in api.asked[before:])


def test_variables_go_by_their_name(api: ApiServer, there: There) -> None:
    deploy(there, env={"OLD": "1", "KEPT": "2"})
    assert there.update("web", {}, ["OLD"]).what == ("no env OLD",)
    variables = {one["name"] for one in container(api)["env"]}
    assert "KEPT" in variables and "OLD" not in variables


def test_of_two_who_change_it_at_once_neither_change_is_lost(api: ApiServer, there: There) -> None:
    deploy(there)
    other = There(api.cluster(), Given({}))
    api.meanwhile["PATCH Deployment"] = lambda: other.update("web", {"env": {"A": "1"}})
    changed = there.update("web", {"image": "web:2"})

    assert changed.what == ("image web:1 -> web:2",), "of the other's nothing is said"
    assert container(api)["image"] == "web:2"
    assert {"name": "A", "value": "1"} in container(api)["env"]


def test_one_that_others_change_again_and_again_is_given_up(api: ApiServer, there: There) -> None:
    deploy(there)

    def other() -> None:
        api.meanwhile["PATCH Deployment"] = other
        api.change("Deployment", "web", metadata={"labels": {"n": str(len(api.asked))}})

    other()
    with pytest.raises(Refused, match="others change web at the same time, again and again"):
        there.update("web", {"image": "web:2"})
    assert container(api)["image"] == "web:1"


def test_one_of_another_release_is_not_guessed_at(api: ApiServer, there: There) -> None:
    deploy(there)
    notes = {"annotations": {names.REQUEST: '{"name": "web", "sail": 3}'}}
    api.change("Deployment", "web", metadata=notes)

    with pytest.raises(Refused, match="of web cannot be read by this release") as raised:
        there.update("web", {"image": "web:2"})
    assert "rankzero serve delete web" in str(raised.value.hint)


def test_only_a_predictor_has_code(there: There) -> None:
    deploy(there)
    with pytest.raises(BadRequest, match="web serves no predictor; its image is all that it has"):
        there.update("web", {}, code=True)


def versions(api: ApiServer, there: There, *images: str) -> None:
    """As many of them, each rolled out."""
    deploy(there, image=images[0])
    roll(api)
    for image in images[1:]:
        there.update("web", {"image": image})
        roll(api)


@pytest.mark.parametrize(("to", "image"), [(None, "web:2"), (1, "web:1"), (2, "web:2")])
def test_an_earlier_version_comes_back_as_it_was(
    api: ApiServer, there: There, to: int | None, image: str
) -> None:
    versions(api, there, "web:1", "web:2", "web:3")
    changed = there.undo("web", to)

    assert changed.what == (f"undone, back to version {to or 2}",)
    assert container(api)["image"] == image
    roll(api)
    assert there.update("web", {"image": image}).what == (), "what was asked for came back, too"


@pytest.mark.parametrize(
    ("to", "said"),
    [(3, "web is at version 3 already"), (7, r"no version 7. There is: 1, 2")],
)
def test_a_version_that_cannot_be_gone_back_to_is_told(
    api: ApiServer, there: There, to: int, said: str
) -> None:
    versions(api, there, "web:1", "web:2", "web:3")
    with pytest.raises(BadRequest, match=said):
        there.undo("web", to)
    assert container(api)["image"] == "web:3"


def test_the_first_version_has_none_before_it(api: ApiServer, there: There) -> None:
    versions(api, there, "web:1")
    with pytest.raises(BadRequest, match="web has no earlier version") as raised:
        there.undo("web")
    assert "rankzero serve history web" in str(raised.value.hint)


def test_back_is_to_a_version_that_has_served(api: ApiServer, there: There) -> None:
    """Not to one that was itself taken back, though it is the last one before."""
    versions(api, there, "web:1", "web:2")
    changed = there.update("web", {"image": "bad:1"})
    roll(api)
    there.undo_own("web", changed, "not ready")
    roll(api)
    there.undo("web")

    assert container(api)["image"] == "web:1"


def test_an_update_that_somebody_changed_since_is_not_taken_back(
    api: ApiServer, there: There
) -> None:
    versions(api, there, "web:1")
    mine = there.update("web", {"image": "web:2"})
    roll(api)
    there.update("web", {"image": "theirs:1"})
    roll(api)

    assert there.undo_own("web", mine, "late") is None
    assert container(api)["image"] == "theirs:1"


def test_an_update_of_one_s_own_is_taken_back_with_why(api: ApiServer, there: There) -> None:
    versions(api, there, "web:1")
    mine = there.update("web", {"image": "web:2"})
    roll(api)
    back = there.undo_own("web", mine, "no pod is ready")

    assert back is not None and back.what == ("undone, back to version 1: no pod is ready",)
    assert container(api)["image"] == "web:1"


def test_who_scales_by_hand_ends_the_scaling_by_itself(api: ApiServer, there: There) -> None:
    deploy(there)
    assert there.autoscale("web", {"autoscale": "1:5"}) == "1 to 5 pods, processors at 80%"
    assert there.autoscale("web", {"autoscale": "2:9", "at_cpu": "50%"}).startswith("2 to 9")
    scaler = api.api.one("HorizontalPodAutoscaler", "web")
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 9)
    assert scaler["metadata"]["ownerReferences"][0]["name"] == "web"

    assert there.scale("web", "3").what == ("replicas 3",)
    assert api.api.one("Deployment", "web")["spec"]["replicas"] == 3
    assert api.api.names("HorizontalPodAutoscaler") == []


def test_its_address_changes_its_kind_and_goes(api: ApiServer, there: There) -> None:
    deploy(there)
    there.expose("web", {"expose": "NodePort", "node_port": "30080"})
    spec = api.api.one("Service", "web")["spec"]
    assert (spec["type"], spec["ports"][0]["nodePort"]) == ("NodePort", 30080)
    assert spec["selector"] == {names.SERVICE: "web"}, "what is not said anew stays"

    there.unexpose("web")
    assert api.api.names("Service") == []
    there.expose("web", {"expose": "ClusterIP"})
    assert api.api.names("Service") == ["web"]


def test_all_of_it_goes_at_once(api: ApiServer, there: There) -> None:
    """Who deploys the name anew a moment later meets nothing of the old one."""
    deploy(there)
    there.autoscale("web", {"autoscale": "1:5"})
    there.delete("web")

    assert api.api.there == {}


@pytest.mark.parametrize(
    "do",
    [
        lambda there: there.update("wbe", {"image": "a"}),
        lambda there: there.undo("wbe"),
        lambda there: there.scale("wbe", "2"),
        lambda there: there.delete("wbe"),
        lambda there: there.unexpose("wbe"),
        lambda there: there.one("wbe"),
        lambda there: there.lines("wbe", Asked()),
        lambda there: there.events("wbe"),
    ],
)
def test_one_that_is_not_there_is_told_with_the_near_name(
    api: ApiServer, there: There, do: Callable[[There], object]
) -> None:
    deploy(there)
    before = dict(api.api.there)
    with pytest.raises(BadRequest, match=r'no service "wbe" in lab/team.*"web"'):
        do(there)
    assert api.api.there == before


# -- as it is


def test_all_are_listed_newest_first_with_what_may_be_read(api: ApiServer, there: There) -> None:
    deploy(there)
    roll(api)
    deploy(there, name="api")
    api.change("Deployment", "api", metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    api.refuses["GET Service"] = 403

    newer, older = there.all()

    assert (newer.name, newer.state, older.name, older.state) == ("api", "starting", "web", "ready")
    assert [one.pod for one in older.instances] == ["web-1-0", "web-1-1"]
    assert older.not_shown == ("you may not list Services in namespace team",)
    assert newer.reach is None


def test_what_lies_beside_one_is_shown_with_it(api: ApiServer, there: There) -> None:
    deploy(there)
    there.autoscale("web", {"autoscale": "1:5"})
    roll(api)
    ends = [{"addresses": ["10.1.0.1"], "conditions": {"ready": True}}]
    labels = {names.SERVICE: "web"}
    api.put("EndpointSlice", "web-x", labels=labels, endpoints=ends, ports=[{"port": 8080}])

    found = there.one("web")

    assert found.reach is not None and found.scaling is not None
    assert (found.scaling.minimum, found.scaling.maximum) == (1, 5)
    assert [one.address for one in found.endpoints or ()] == ["10.1.0.1"]
    assert found.not_shown == () and found.version == 1


def test_a_place_without_services_is_asked_once(api: ApiServer, there: There) -> None:
    assert there.all() == []
    assert api.asked == ["GET Deployment"]


# -- followed


def follow(there: There, changed: Any) -> tuple[list[Service], Outcome]:
    """What is told on the way, and the end."""
    following, told = there.until_ready("web", changed), list[Service]()
    while True:
        try:
            told.append(next(following))
        except StopIteration as end:
            return told, end.value


def test_a_version_is_ready_when_it_serves_and_not_before(api: ApiServer, there: There) -> None:
    """The one before it serves all the time."""
    versions(api, there, "web:1")
    changed = there.update("web", {"image": "web:2"})
    ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
    follows = threading.Thread(target=lambda: ended.put(follow(there, changed)))
    follows.start()
    roll(api)
    follows.join()
    told, outcome = ended.get()

    assert outcome.ready and not outcome.late and outcome.service.version == 2
    assert not any(one.done for one in told[:-1])


def test_a_version_that_can_never_serve_is_not_waited_for(api: ApiServer, there: There) -> None:
    changed = deploy(there)
    roll(api, ready=0, serves=False)
    pod(api, "web-1-0")
    why = {"reason": "InvalidImageName", "message": "couldn't parse image name"}
    pod(api, "web-1-1", ready=False, waiting=why)

    _, outcome = follow(there, changed)

    assert not outcome.ready and not outcome.late and outcome.place is not None
    assert outcome.place.trouble is not None and outcome.place.trouble.hopeless


def test_a_version_is_waited_for_as_long_as_it_says(api: ApiServer, there: There) -> None:
    changed = deploy(there)._replace(wait=0.0)
    _, outcome = follow(there, changed)

    assert outcome.late and not outcome.ready


def test_one_that_is_deleted_while_it_is_watched_is_told(api: ApiServer, there: There) -> None:
    deploy(there)
    watched = there.watch("web")
    next(watched)
    there.delete("web")

    with pytest.raises(Refused, match="the service web was deleted"):
        list(watched)


# -- what its pods wrote


def test_lines_are_of_all_pods_or_of_one(api: ApiServer, there: There) -> None:
    deploy(there)
    roll(api)
    api.logs = {"web-1-0": b"one\nend of \xff", "web-1-1": b"two\n"}

    lines = [("web-1-0", "one"), ("web-1-0", "end of \\xff"), ("web-1-1", "two")]
    assert list(there.lines("web", Asked())) == lines
    assert list(there.lines("web", Asked(pod="web-1-1"))) == lines[2:]
    with pytest.raises(BadRequest, match=r"web has no pod x. It has: web-1-0, web-1-1"):
        list(there.lines("web", Asked(pod="x")))


def test_a_pod_that_has_not_begun_has_no_lines_yet(api: ApiServer, there: There) -> None:
    deploy(there)
    roll(api)
    api.logs = {"web-1-1": b"two\n"}

    assert list(there.lines("web", Asked())) == [("web-1-1", "two")]


def test_followed_lines_come_of_each_pod_as_it_begins_until_the_service_goes(
    api: ApiServer, there: There
) -> None:
    deploy(there)
    roll(api, ready=1)
    api.logs = {"web-1-0": b"one\n", "web-1-1": b"two\n"}
    lines = there.lines("web", Asked(follow=True))

    assert next(lines) == ("web-1-0", "one")
    pod(api, "web-1-1")
    assert next(lines) == ("web-1-1", "two")
    there.delete("web")
    with pytest.raises(Refused, match="was deleted"):
        list(lines)


def test_what_can_be_no_name_is_told_before_anybody_is_asked(api: ApiServer) -> None:
    with pytest.raises(BadRequest, match=r'"A b" is no name of a service') as raised:
        looking.has(api.cluster(" --namespace team"), "A b")
    assert "rankzero serve list --namespace team" in str(raised.value.hint)
    assert api.asked == []
