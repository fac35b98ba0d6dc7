"""A machine that is switched off under a service: its pod starts elsewhere, and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from support.waiting import until

from .dying import NODE, OFF
from .lab import namespaces, power
from .lab.target import Cluster
from .shared import Shared, shared
from .team import ROLE
from .test_serving import deploy, fetch, status

pytestmark = pytest.mark.alone

#: NotReady after 10 s, 30 s of toleration, then what a busy machine adds.
GIVEN_UP = 120.0


@pytest.fixture
def place(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(lab, tmp_path_factory.mktemp("machines")) as made:
        yield made
        if not namespaces.runs(NODE):
            power.on(OFF)


@pytest.mark.timeout(600)
def test_a_pod_of_a_lost_machine_is_started_on_another(place: Shared, lab: Cluster) -> None:
    team = place.member(ROLE)
    deploy(team, "web", lab, "--replicas", "2")
    before = {one["machine"]: one["pod"] for one in status(team, "web")["pods"]}
    assert len(before) == 2, "a pod on each machine"
    (other,) = before.keys() - {NODE}

    power.off(OFF)

    def there() -> bool:
        found = status(team, "web")
        answering = [one["machine"] for one in found["endpoints"] if one["ready"]]
        return found["ready"] == 2 and answering == [other, other]

    until(there, "two pods that answer on the machine that is left", GIVEN_UP)
    opened = team.start("serve", "open", "web", "--no-browser")
    try:
        opened.until_said("-> web")
        url = re.search(r"http://\S+", opened.out)
        assert url
        assert fetch(url[0]).startswith("one ")
    finally:
        opened.end()
    assert team.call("serve", "delete", "web").code == 0
