"""What steps on a cluster handed on, brought here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rankzero.backends.fetching import NoFolder
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Step, graph
from rankzero.errors import Refused
from rankzero.pipelines.cluster import fetching
from rankzero.pipelines.results import Handed
from rankzero.plan.kubernetes import layout

RUN = "digits-7f3a"


def step(name: str, claim: str, account: str = "") -> Step:
    """As it was compiled, as far as a helper's pod has of it."""
    volume = {"name": "outputs", "persistentVolumeClaim": {"claimName": claim}}
    mount = {"name": "outputs", "mountPath": layout.OUTPUT_VOLUME}
    container = {"name": "rank", "image": "registry/python:3", "volumeMounts": [mount]}
    spec = {"containers": [container], "volumes": [volume]}
    if account:
        spec["serviceAccountName"] = account  # type: ignore[assignment]
    manifests = [{"spec": {"template": {"spec": spec}}}]
    body = {"role": "worker", "configs": {"worker": {"python": "/py"}}, "manifests": manifests}
    return Step(name, gives={"x": "path"}, body=body)


@pytest.fixture
def pods(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The helpers that are made, in order; what they give is the path that they are asked for."""
    made: list[Any] = []

    @contextlib.contextmanager
    def helping(cluster: object, run: str, like: Any, *_: object) -> Iterator[Any]:
        made.append(like)
        yield SimpleNamespace(dial=lambda *said: said)

    def bring(dial: Callable[[], tuple[str, str]], to: Path) -> Iterator[int]:
        verb, path = dial()
        if "lost" in path:
            raise NoFolder("there is none.")
        to.write_text(f"{verb} {path}")
        yield 1

    monkeypatch.setattr(fetching, "helping", helping)
    monkeypatch.setattr(fetching, "bring", bring)
    return made


def there(*steps: Step) -> Any:
    return cast(Any, SimpleNamespace(graph=lambda: graph(steps), cluster=None, run=RUN))


def handed(step: str, maker: str, at: int = -1) -> Handed:
    where = f"{layout.output_folder(maker)}/x"
    return Handed(Part(step, at), "x", Output("d", where), Path(step))


def test_one_helper_brings_all_that_lies_on_a_volume_whoever_made_it(
    tmp_path: Path, pods: list[Any]
) -> None:
    found = [handed("a", "old-0001-3"), *(handed("b", f"{RUN}-{at}", at) for at in range(3))]
    value = Handed(Part("a"), "n", Output("d", value="7"), Path("a"))
    fetching.fetch(there(step("a", "shared"), step("b", "shared")), [*found, value], tmp_path)
    assert len(pods) == 1
    assert (tmp_path / "a" / "x").read_text() == f"files {found[0].output.where}"
    assert (tmp_path / "b" / "2" / "x").read_text() == f"files {found[3].output.where}"
    assert (tmp_path / "a" / "n").read_text() == "7\n"


def test_each_volume_has_its_own(tmp_path: Path, pods: list[Any]) -> None:
    found = [handed("a", "r-1"), handed("b", "r-2"), handed("a", "r-3", 1)]
    fetching.fetch(there(step("a", "one"), step("b", "another")), found, tmp_path)
    claims = [like.volume["persistentVolumeClaim"]["claimName"] for like in pods]
    assert claims == ["one", "another"]


def test_values_alone_need_none(tmp_path: Path, pods: list[Any]) -> None:
    value = Handed(Part("a"), "n", Output("d", value="7"), Path("a"))
    fetching.fetch(there(step("a", "shared")), [value], tmp_path)
    assert pods == []


def test_what_is_gone_is_named(tmp_path: Path, pods: list[Any]) -> None:
    with pytest.raises(Refused, match=r"a\.x is gone: /rankzero/volumes/outputs/lost-0001-1/"):
        fetching.fetch(there(step("a", "shared")), [handed("a", "lost-0001-1")], tmp_path)


def test_a_helper_has_no_account_of_an_attempts_own() -> None:
    own = fetching.like_a_step(step("a", "shared", f"{RUN}-00000").body, RUN)
    assert own.pod["serviceAccountName"] == "default"
    named = fetching.like_a_step(step("a", "shared", "trainers").body, RUN)
    assert (named.pod["serviceAccountName"], named.python) == ("trainers", "/py")
