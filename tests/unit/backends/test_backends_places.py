"""Which place is meant, which were used, and how several are asked at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rankzero import backends
from rankzero.backends import kubernetes
from rankzero.backends.kubernetes.remembered import MOST, Sent, remember, remembered
from rankzero.backends.places import Place, Where, to_look, to_run
from rankzero.backends.together import together
from rankzero.config import Config, Profile
from rankzero.errors import BadRequest, Error, Refused

CONFIG = Config(
    profiles={
        "team": Profile("kubernetes", "lab", "team-a"),
        "bare": Profile("kubernetes"),
        "here": Profile("local"),
    }
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ON", "CONTEXT", "NAMESPACE"):
        monkeypatch.delenv(f"RANKZERO_{name}", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


PLACES = [
    (Where(), {}, None, Place("local")),
    (Where(on="kubernetes"), {}, None, Place("kubernetes")),
    (Where(), {"ON": "kubernetes"}, "here", Place("kubernetes")),
    (Where(), {}, "team", Place("kubernetes", "lab", "team-a")),
    (Where(on="local"), {"ON": "kubernetes"}, "team", Place("local")),
    (Where(on="team", namespace="b"), {}, None, Place("kubernetes", "lab", "b")),
    (
        Where(on="team"),
        {"CONTEXT": "c", "NAMESPACE": "n"},
        None,
        Place("kubernetes", "lab", "team-a"),
    ),
    (Where(on="bare"), {"CONTEXT": "c", "NAMESPACE": "n"}, None, Place("kubernetes", "c", "n")),
    (Where(on="bare", context="d"), {"CONTEXT": "c"}, None, Place("kubernetes", "d")),
    (Where(), {"CONTEXT": "c", "NAMESPACE": "n"}, None, Place("local")),
    (Where(on="bare"), {"NAMESPACE": ""}, None, Place("kubernetes")),
]


@pytest.mark.parametrize(("where", "env", "default", "place"), PLACES, ids=range(len(PLACES)))
def test_a_place(
    where: Where,
    env: dict[str, str],
    default: str | None,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(f"RANKZERO_{name}", value)
    config = Config(default, CONFIG.profiles)
    assert to_run(where, config)[1] == to_look(where, config)[1] == place


@pytest.mark.parametrize("where", [Where(context="c"), Where(namespace="n")])
def test_a_namespace_on_a_laptop(where: Where) -> None:
    with pytest.raises(BadRequest, match=r"has no meaning on local, where this would run"):
        to_run(where, CONFIG)
    found = Place("kubernetes", where.context, where.namespace)
    assert to_look(where, CONFIG) == ("kubernetes", found)
    with pytest.raises(BadRequest, match="has no meaning on here"):
        to_look(where._replace(on="here"), CONFIG)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (Where(on="taem"), 'There is no backend or profile "taem". Did you mean "team"?'),
        (Where(on="x"), 'profile "x". There is: local, kubernetes, team, bare, here.'),
        (Where(on="team", namespace="../x"), 'dashes; got "../x"'),
    ],
)
def test_a_place_that_cannot_be(where: Where, said: str) -> None:
    with pytest.raises(BadRequest) as wrong:
        to_run(where, CONFIG)
    assert said in str(wrong.value)


# -- what was used


def test_places_are_remembered_newest_first_and_the_oldest_forgotten(home: Path) -> None:
    assert remembered() == []
    for number in range(MOST + 3):
        remember("lab", f"team-{number}")
    remember("lab", "team-5")
    remember("lab", "team-5")
    kept = [one.namespace for one in remembered()]
    assert kept[:2] == ["team-5", f"team-{MOST + 2}"]
    assert (len(kept), len(set(kept))) == (MOST, MOST)
    assert "team-0" not in kept


def test_several_at_once_lose_nothing(home: Path) -> None:
    names = [f"team-{number}" for number in range(MOST)]
    threads = [threading.Thread(target=remember, args=("lab", name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(remembered()) == sorted(Sent("lab", name) for name in names)


@pytest.mark.parametrize("text", ["", "not json\n", '[1, 2]\n["a"]\n{}\n', "\udcff"])
def test_what_is_no_memory_is_passed_over(home: Path, text: str) -> None:
    path = home / "rankzero" / "kubernetes"
    path.parent.mkdir()
    path.write_text(text, errors="surrogateescape")
    assert remembered() == []
    if "\udcff" not in text:
        remember("lab", "team-a")
        assert remembered() == [Sent("lab", "team-a")]


def kubeconfig(path: Path, *contexts: str, current: str = "") -> str:
    data = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": "u", "namespace": f"of-{name}"}}
            for name in contexts
        ],
        "current-context": current,
    }
    path.write_text(json.dumps(data))
    return str(path)


def test_the_places_that_are_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = Place("local")
    assert kubernetes.known(local) == [], "who never used a cluster waits for none"
    config = kubeconfig(home / "config", "lab", "farm", current="lab")
    monkeypatch.setenv("KUBECONFIG", config)
    for context, namespace in (("farm", "n"), ("gone", "n"), ("lab", "of-lab")):
        remember(context, namespace)
    here, there = Place("kubernetes", "lab", "of-lab"), Place("kubernetes", "farm", "n")
    assert kubernetes.known(local) == [here, there]
    assert kubernetes.known(there) == [there, here]


def test_kubeconfigs_are_joined_as_kubectl_does(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kubeconfig(home / "first", "lab", "farm")
    second = kubeconfig(home / "second", "farm", "field", current="field")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{home / 'absent'}:{second}")
    from rankzero.backends.kubernetes import kubeconfig as read

    assert read.contexts() == ["lab", "farm", "field"]
    assert read.pinned(Place("kubernetes")) == Place("kubernetes", "field", "of-field")
    assert read.pinned(Place("kubernetes", "lab")).namespace == "of-lab"


# -- several at once


def test_each_place_answers_for_itself() -> None:
    def ask(place: Place) -> str:
        if place.namespace == "b":
            raise Refused("no")
        return str(place.namespace)

    places = [Place("kubernetes", "lab", name) for name in "abc"]
    answers = together(places, ask)
    assert [str(answer) for answer in answers] == ["a", "no", "c"]
    assert isinstance(answers[1], Error)


def test_who_does_not_answer_in_time_is_named() -> None:
    never = threading.Event()
    places = [Place("kubernetes", "lab", "a"), Place("kubernetes", "moon", "b")]

    def ask(place: Place) -> bool:
        return place.context == "lab" or never.wait()

    answer, silent = together(places, ask, patience=0.05)
    never.set()
    assert answer is True
    assert str(silent).startswith("moon/b did not answer within 0.05 s\nAsk it alone: ")


def test_a_bug_in_one_is_a_bug() -> None:
    with pytest.raises(ZeroDivisionError):
        together([Place("local"), Place("kubernetes")], lambda place: 1 // 0)


def test_all_backends_are_there_before_several_are_asked_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What threads import at once may come to them half done."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(backends, "_made", {})
    places = [Place("local"), Place("kubernetes", "lab", "a")]
    there: list[set[Place]] = []

    def ask(places: list[Place], ask: object) -> list[Error]:
        there.append(set(backends._made))
        return [Refused("silent") for _ in places]

    monkeypatch.setattr(backends, "every", lambda where: places)
    monkeypatch.setattr(backends, "together", ask)
    backends.everywhere()
    assert there == [set(places)]
