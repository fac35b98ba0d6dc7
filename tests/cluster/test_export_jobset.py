"""An exported JobSet, run by JobSet's own controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.waiting import until

from .lab import jobset
from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import Team
from .test_export import RESTRICTED, TASKS, lines, write_tasks

#: It gives the whole cluster a new kind; whoever is first may wait for it to be compiled.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]

#: A server that never ends by itself.
SERVING = TASKS.replace("completes: true", "completes: false")


@pytest.fixture(scope="module")
def controller(cluster: Cluster) -> Iterator[None]:
    if not cluster.is_lab:
        pytest.skip("this gives the whole cluster a new kind")
    with jobset.standing():
        yield


def test_a_jobset_trains_and_ends_those_that_serve(
    controller: None, cluster: Cluster, team: Team, new_namespace: Callable[..., str]
) -> None:
    admin: Kubectl = cluster.kubectl.within(new_namespace(RESTRICTED))
    write_tasks(team, SERVING, stays="ps")
    said = team.call("export", "jobset", "job.yaml", "-o", "files")
    assert said.code == 0, said
    admin("apply", "-f", team.work / "files")
    until(lambda: admin.succeeds("get", "job", "names-worker-0"), "the Job that JobSet makes")
    rest = "--steps 2000000 $(HOME) {{ x }}"
    assert lines(admin, "names-worker-0") == [f"hello worker {at} {rest}" for at in range(2)]
    admin("wait", "--for", "condition=Completed", "jobset/names", "--timeout=60s")

    def ended() -> bool:
        pods = admin.get("pods", "-l", "app.kubernetes.io/component=ps")["items"]
        return all(one["status"]["phase"] in ("Succeeded", "Failed") for one in pods)

    until(ended, "the server has been ended")
    admin("delete", "-f", team.work / "files")
