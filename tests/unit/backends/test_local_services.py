"""A service of this machine as it is kept and judged, and where services are looked for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from rankzero.backends.kubernetes.remembered import remember
from rankzero.backends.kubernetes.services.there import There
from rankzero.backends.local import facts
from rankzero.backends.local.services import taking
from rankzero.backends.local.services.changes import Changes
from rankzero.backends.local.services.folder import Services, State
from rankzero.backends.local.services.here import Here
from rankzero.backends.local.services.judging import Look, hopeless, service
from rankzero.backends.local.services.record import KEPT, Record, Version
from rankzero.backends.places import Where
from rankzero.backends.services import finding
from rankzero.errors import BadRequest, Refused
from rankzero.spec.services.making import make

PREDICTOR: dict[str, Any] = {"name": "app", "predictor": "app.py:P", "ready": "/ready"}
COMMAND: dict[str, Any] = {"name": "app", "command": ["serve"]}


def version(changed: str = "deployed", **request: Any) -> Version:
    return Version(0, 5.0, changed, {**PREDICTOR, **request}, "/work", "python")


def record(*versions: Version) -> Record:
    made = Record("app", 1.0, "", None, True, 0, ())
    for one in versions or (version(),):
        made = made.with_version(one)
    return made


# -- what is kept


def test_versions_are_counted_on_and_the_oldest_go() -> None:
    made = record(*(version(f"change {at}") for at in range(KEPT + 3)))
    assert (made.current, len(made.versions)) == (KEPT + 3, KEPT)
    assert made.versions[0].changed == "change 3"
    assert made.version.number == KEPT + 3


def test_one_goes_back_to_the_one_before_or_to_any_that_is_kept() -> None:
    made = record(version("a"), version("b"), version("c"))
    assert made.earlier(None).changed == "b"
    assert made.earlier(1).changed == "a"
    with pytest.raises(BadRequest, match="is at version 3 already"):
        made.earlier(3)
    with pytest.raises(BadRequest, match=r"has no version 7\. There is: 1, 2, 3\.$"):
        made.earlier(7)
    with pytest.raises(BadRequest, match="no earlier version"):
        record().earlier(None)


def test_a_port_that_was_said_counts_and_one_that_was_chosen_stays() -> None:
    made = record()._replace(port=8001)
    assert made.listens_on == 8001
    said = made.with_version(version(port=9000))
    assert said.listens_on == 9000
    assert said.with_version(version()).listens_on == 8001


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = Services(tmp_path).folder("app")
    folder.path.mkdir(parents=True)
    made = record(version("a"), version("b")).having_served().saying({**PREDICTOR, "wait": 5.0})
    folder.put(folder.record_file, made.to_json())
    assert folder.record() == made
    assert (made.version.served, made.versions[0].served) == (True, False)
    assert made.version.request["wait"] == 5.0
    assert [one.name for one in Services(tmp_path)] == ["app"]


@pytest.mark.parametrize("name", ["../app", "", "a/b", "App"])
def test_what_is_no_name_has_no_turn(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="no name of a service"), Services(tmp_path).turn(name):
        pass


# -- what it is like


def look(
    made: Record, state: State | None, *, fault: str = "", kept: bool = True, now: float = 10.0
) -> Look:
    return Look(made, kept, state, fault, ("boom",), "host", now)


RUNS = State(pid=1, began=6.0, started=6.0)
DIED = RUNS._replace(started=None, ends=1, code=1, ended=7.0, again=8.0)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (look(record(), RUNS), "ready"),
        (look(record(), RUNS, fault="/ready answers 503"), "starting"),
        (look(record(), RUNS, fault="no", now=1000.0), "stuck"),
        (look(record().having_served(), RUNS, fault="no"), "degraded"),
        (look(record().having_served(), DIED), "degraded"),
        (look(record(), None, fault="no"), "starting"),
        (look(record(), RUNS, kept=False), "ended"),
        (look(record()._replace(wanted=False), None, kept=False), "idle"),
        (look(record(), RUNS._replace(leaving=True)), "starting"),
    ],
)
def test_its_state_is_one_word(seen: Look, state: str) -> None:
    shown = service(seen, make(PREDICTOR, needed=()))
    assert shown.state == state
    assert shown.done == (state in ("ready", "idle"))


def test_what_answers_while_nothing_of_it_runs_is_somebody_else() -> None:
    assert service(look(record(), DIED), make(PREDICTOR, needed=())).ready == 0


def test_it_fails_in_the_words_of_a_pod() -> None:
    shown = service(look(record(), DIED), make(PREDICTOR, needed=()))
    (place,) = shown.standing.waiting
    assert place.text == "its program ended with code 1: boom"
    assert place.trouble is not None
    assert place.trouble.remedy == "see all that it said: rankzero serve logs app"
    waits = service(look(record(), RUNS, fault="/ready answers 503"), make(PREDICTOR, needed=()))
    assert waits.standing.waiting[0].text == "runs, but /ready answers 503"


@pytest.mark.parametrize(
    ("request_", "state", "kept", "is_hopeless"),
    [
        (PREDICTOR, RUNS, True, False),
        (PREDICTOR, DIED, True, True),
        (COMMAND, DIED, True, False),
        (COMMAND, DIED._replace(ends=3), True, True),
        (COMMAND, DIED._replace(code=127), True, True),
        (COMMAND, None, True, False),
        (COMMAND, RUNS, False, True),
    ],
)
def test_what_cannot_become_ready_is_not_waited_for(
    request_: dict[str, Any], state: State | None, kept: bool, is_hopeless: bool
) -> None:
    made = record(version()._replace(request=request_))
    assert hopeless(look(made, state, fault="no", kept=kept)) == is_hopeless


# -- where services are


@pytest.fixture
def nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine from which nothing was ever sent anywhere, with a kubeconfig; its folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.chdir(tmp_path)
    for name in ("ON", "CONTEXT", "NAMESPACE"):
        monkeypatch.delenv(f"RANKZERO_{name}", raising=False)
    (tmp_path / "kubeconfig").write_text(
        "current-context: lab\n"
        "contexts: [{name: lab, context: {cluster: lab, user: me, namespace: team}}]\n"
        "clusters: [{name: lab, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: me, user: {token: t}}]\n"
    )
    return tmp_path


def test_a_service_is_deployed_where_a_run_would_be(
    nothing_known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(finding.place(Where()), Here)
    with pytest.raises(BadRequest, match="--namespace has no meaning on local"):
        finding.place(Where(namespace="b"))
    assert isinstance(finding.place(Where(on="kubernetes")), There)
    (nothing_known / "rankzero.toml").write_text('on = "kubernetes"\n')
    assert isinstance(finding.place(Where()), There)
    monkeypatch.setenv("RANKZERO_ON", "local")
    assert isinstance(finding.place(Where()), Here)


def test_who_never_sent_anything_to_a_cluster_is_asked_of_none(nothing_known: Path) -> None:
    with pytest.raises(BadRequest, match=r'There is no service "web" on this machine\.'):
        finding.having("web", Where())
    assert finding.everything(Where()) == ([], [])


def test_a_namespace_says_that_a_service_is_looked_for_on_a_cluster(nothing_known: Path) -> None:
    for found in (finding.meant(Where(namespace="b")), finding.having("x", Where(namespace="b"))):
        assert isinstance(found, There)
        assert found.called("x") == "x --namespace b"


def test_where_something_was_sent_to_is_asked_and_can_be_typed(nothing_known: Path) -> None:
    remember("lab", "team")
    found = finding.having("web", Where())
    assert isinstance(found, There)
    assert found.called("web") == "web --on kubernetes"
    with pytest.raises(Refused, match=r"127\.0\.0\.1:1"):
        finding.everything(Where())


# -- a folder that is watched


def test_what_changes_is_told_and_silence_is_over_in_time(tmp_path: Path) -> None:
    with Changes(tmp_path) as changes:
        changes.wait(0.0)  # nothing has happened, and that is known at once
        (tmp_path / "before").touch()  # also what comes before one waits
        changes.wait()
        threading.Timer(0.05, (tmp_path / "later").touch).start()
        changes.wait()
        assert (tmp_path / "later").exists()


def test_a_word_of_a_command_may_be_longer_than_any_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "serve.sh").write_text("exec sleep 9\n")
    asked = make({"name": "app", "command": ["sh", "serve.sh", "x" * 300]}, needed=())
    taken = taking.take(asked, tmp_path, facts.gather())
    assert taken.service.code is not None


def test_what_never_served_is_not_gone_back_to() -> None:
    asked = [{"env": {"V": str(number)}} for number in range(4)]
    served = (True, True, False, True)
    made = Record("web", 0.0, "", 8000, True, 0, ())
    for request, ready in zip([*asked[:3], asked[1]], served, strict=True):
        made = made.with_version(Version(0, 0.0, "", request, "/work", "python", ready))
    # The fourth is the second again, since the third did not serve.
    assert made.current == 4 and made.earlier(None).number == 1
    assert made.earlier(3).number == 3
