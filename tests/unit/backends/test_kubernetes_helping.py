"""Which refusals a helper pod has another one made for, and which end there."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.helping import HelperPod, helping
from rankzero.backends.kubernetes.trouble import Absent, Forbidden, Unreachable
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused
from rankzero.plan.kubernetes.helper import like_none

LIKE = like_none("claim", "image:1", None, "/v")


class Refusing:
    """A cluster whose pods nobody may enter, or whose Jobs nobody may remove."""

    def __init__(self, entering: Refused, removing: Refused | None = None) -> None:
        self._entering, self._removing = entering, removing
        self.removed: list[str] = []

    def execute(self, *_: object, **__: object) -> None:
        raise self._entering

    def delete(self, _: str, name: str) -> None:
        self.removed.append(name)
        if self._removing is not None:
            raise self._removing


@pytest.fixture(autouse=True)
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods that are made run at once."""

    def start(pod: HelperPod) -> None:
        pod._job, pod._pod = "helper", "helper-pod"

    monkeypatch.setattr(HelperPod, "_start", start)


def made(cluster: Refusing) -> HelperPod:
    return HelperPod(cluster, "any-0000", LIKE, None, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        Absent('pods "helper-pod" not found'),
        Unreachable("refused GET exec: the container is not running"),
    ],
)
def test_one_that_has_ended_is_removed_and_lost(error: Refused) -> None:
    cluster = Refusing(error)
    with pytest.raises(Lost):
        made(cluster).dial("lines", "/v")
    assert cluster.removed == ["helper"]


@pytest.mark.parametrize(
    "error", [Forbidden("may not"), Unreachable("busy"), Refused("does not answer as a WebSocket")]
)
def test_any_other_refusal_is_final(error: Refused) -> None:
    cluster = Refusing(error)
    with pytest.raises(type(error)):
        made(cluster).dial("lines", "/v")
    assert cluster.removed == []


def test_an_error_of_the_removal_hides_no_other() -> None:
    cluster = Refusing(Refused("does not answer"), Unreachable("gone"))
    with (
        pytest.raises(Refused, match="does not answer"),
        helping(cluster, "any-0000", LIKE, None, 1.0) as pod,  # type: ignore[arg-type]
    ):
        pod.dial("lines", "/v")
    assert cluster.removed == ["helper"]
