"""Services on the screen and for programs, and how a new version comes to its first request."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from rankzero.backends.local.services.folder import ServiceFolder, Services
from rankzero.backends.local.services.record import Record
from rankzero.backends.local.services.record import Version as Kept
from rankzero.backends.services.model import (
    Changed,
    Endpoint,
    Instance,
    Outcome,
    Reach,
    Scaling,
    Service,
    Version,
)
from rankzero.cli.serve import follow
from rankzero.cli.show import services as show
from rankzero.why.blocked import Trouble
from rankzero.why.standing import Place, Standing

NO_FIT = Trouble("does-not-fit", "no machine fits", "ask for less", ("2 lack cpu",))
READY = Place("web-a", "gpu-01", "running")
WAITS = Place("web-b", "", "waiting", "no machine fits", None, NO_FIT)
CLUSTER = Reach("ClusterIP", "web.team", "10.0.0.7", 80)


def version(number: int, *, current: bool = False, changed: str = "image x:2") -> Version:
    return Version(number, f"web-{number}", "x:2", 10.0, changed, 2, 2, 1, current, {"name": "web"})


def pod(place: Place, **more: Any) -> Instance:
    whole = {"version": 3, "address": "10.1.0.4", "host": "h", "ready": not place.text}
    return Instance(place, **{**whole, "restarts": 0, "created": 10.0, "leaving": False, **more})


def service(**more: Any) -> Service:
    whole: dict[str, Any] = {
        "name": "web",
        "where": "lab/team",
        "created": 10.0,
        "labels": {"app": "a"},
        "request": {"image": "x:2"},
        "state": "ready",
        "version": 3,
        "image": "x:2",
        "port": 8080,
        "wanted": 2,
        "ready": 2,
        "done": True,
        "standing": Standing("web", 10.0, (READY,)),
        "versions": (version(2), version(3, current=True)),
        "instances": (pod(READY),),
        "reach": CLUSTER,
    }
    return Service(**{**whole, **more})


STUCK = service(
    state="stuck",
    ready=1,
    done=False,
    standing=Standing("web", 10.0, (READY, WAITS, WAITS._replace(node="web-c"))),
)
HERE = service(
    where="local",
    image="",
    program="app.py:Digits",
    wanted=1,
    ready=1,
    reach=Reach("loopback", "127.0.0.1", "127.0.0.1", 8000),
    owner="pipeline digits",
)


def shown(paper: Any, one: Service) -> list[str]:
    screen, sheet = paper()
    show.say_service(screen, one)
    return [" ".join(line.split()) for line in sheet.text().splitlines()]


@pytest.mark.parametrize(
    ("one", "head", "note"),
    [
        (service(), "web · ready · version 3 · 2/2 pods ready · lab/team", "x:2"),
        (STUCK, "web · stuck · version 3 · 1/2 pods ready · lab/team", "2 pods: no machine fits"),
        (HERE, "web · ready · version 3 · local", "app.py:Digits"),
        (
            HERE._replace(state="starting", standing=Standing("web", 1.0, (WAITS,))),
            "web · starting · version 3 · local",
            "no machine fits",
        ),
        (
            service(state="idle", wanted=0, ready=0, standing=Standing("web", 1.0, ())),
            "web · idle · version 3 · 0/0 pods ready · lab/team",
            "x:2",
        ),
    ],
)
def test_a_service_in_a_line(one: Service, head: str, note: str) -> None:
    assert (show.head(one), show.note(one)) == (head, note)


def test_a_list_says_where_each_is_reached(paper: Any) -> None:
    screen, sheet = paper()
    outside = Reach("LoadBalancer", "web.team", "10.0.0.7", 80, 30080, ("n1",), ("1.2.3.4",))
    show.say_list(screen, [HERE, service(reach=outside), service(reach=None)])
    heads, *rows = sheet.text().splitlines()
    at = heads.index("ADDRESS")
    assert [row[at:].split()[0] for row in rows] == [
        "http://127.0.0.1:8000",
        "http://1.2.3.4:80",
        "-",
    ]


def test_who_has_no_service_is_told_how_to_deploy_one(paper: Any) -> None:
    screen, sheet = paper()
    show.say_list(screen, [])
    assert sheet.text() == "No services. Deploy one: rankzero serve deploy app.py:Predictor\n"


@pytest.mark.parametrize(
    ("reach", "lines"),
    [
        (None, ["address none; give it one: rankzero serve expose web --namespace team"]),
        (CLUSTER, ["address http://web.team:80 (in the cluster; 10.0.0.7)"]),
        (
            CLUSTER._replace(kind="NodePort", node_port=30080, hosts=("n1", "n2")),
            [
                "address http://n1:30080 (on every node of the cluster)",
                "address http://n2:30080 (on every node of the cluster)",
                "address http://web.team:80 (in the cluster; 10.0.0.7)",
            ],
        ),
        (
            CLUSTER._replace(kind="LoadBalancer", node_port=30080),
            [
                "address from outside: the cluster's load balancer has given none yet",
                "address http://NODE:30080 (on every node of the cluster)",
                "address http://web.team:80 (in the cluster; 10.0.0.7)",
            ],
        ),
        (
            CLUSTER._replace(kind="LoadBalancer", outside=("1.2.3.4",)),
            [
                "address http://1.2.3.4:80 (from outside)",
                "address http://web.team:80 (in the cluster; 10.0.0.7)",
            ],
        ),
    ],
)
def test_every_way_to_it_is_told(paper: Any, reach: Reach | None, lines: list[str]) -> None:
    said = shown(paper, service(reach=reach, again=" --namespace team"))
    addresses = [line for line in said if line.startswith("address")]
    assert addresses == lines
    assert "open rankzero serve open web --namespace team" in said


def test_what_keeps_it_is_told_once_with_what_to_do(paper: Any) -> None:
    said = shown(paper, STUCK)
    assert said.count("waits web-b, web-c: no machine fits") == 1
    assert said.count("remedy ask for less") == 1
    many = tuple(WAITS._replace(node=f"web-{at}") for at in range(5))
    said = shown(paper, STUCK._replace(standing=Standing("web", 1.0, many)))
    assert "waits web-0, web-1, web-2 and 2 more: no machine fits" in said


@pytest.mark.parametrize(
    ("scaling", "lines"),
    [
        (Scaling(1, 4, 80), ["scaling by the cluster: 1 to 4 pods, to keep processors at 80%"]),
        (
            Scaling(1, 4, 80, 0),
            ["scaling by the cluster: 1 to 4 pods, to keep processors at 80%, now at 0%"],
        ),
        (
            Scaling(1, 4, 80, None, Trouble("no-metrics", "nothing measures it", "install that")),
            [
                "scaling by the cluster: 1 to 4 pods, to keep processors at 80%",
                "note nothing measures it",
                "remedy install that",
            ],
        ),
    ],
)
def test_how_it_scales_itself(paper: Any, scaling: Scaling, lines: list[str]) -> None:
    said = shown(paper, service(scaling=scaling))
    start = said.index(lines[0])
    assert said[start : start + len(lines)] == lines
    assert said[start + len(lines)] == ""


def test_who_answers_and_who_is_on_the_way_out(paper: Any) -> None:
    pods = (
        pod(READY),
        pod(WAITS, restarts=4, version=2),
        pod(WAITS._replace(node="web-c"), leaving=True),
    )
    ends = (
        Endpoint("10.1.0.4", 8080, "web-a", "gpu-01", True, True),
        Endpoint("10.1.0.5", 8080, "web-b", "gpu-01", False, True),
        Endpoint("10.1.0.6", 8080, "web-c", "gpu-01", False, False),
    )
    said = shown(paper, service(instances=pods, endpoints=ends))
    start = said.index("ENDPOINT POD MACHINE REQUESTS")
    assert [line.split()[-1] for line in said[start + 1 : start + 4]] == ["yes", "draining", "no"]
    start = said.index("POD VERSION STATE RESTARTS MACHINE AGE NOTE")
    found = [line.split() for line in said[start + 1 : start + 4]]
    assert [row[:5] for row in found] == [
        ["web-a", "3", "ready", "0", "gpu-01"],
        ["web-b", "2", "waiting", "4", "-"],
        ["web-c", "3", "leaving", "0", "-"],
    ]
    assert [row[6:] for row in found] == [[], ["no", "machine", "fits"], []]


def test_of_what_may_not_be_read_there_is_a_note_and_no_empty_table(paper: Any) -> None:
    note = "endpoints: may not be listed"
    said = shown(paper, service(instances=(), endpoints=None, not_shown=(note,)))
    assert f"note {note}" in said
    assert [line.split()[0] for line in said if line.isupper()] == ["VERSION"]


def test_on_this_machine_there_are_no_pods_and_no_images(paper: Any) -> None:
    said = shown(paper, HERE)
    assert said[:3] == [
        "web · ready · version 3 · local",
        "runs app.py:Digits",
        "owner pipeline digits",
    ]
    assert "address http://127.0.0.1:8000 (on this machine)" in said
    assert "PROCESS VERSION STATE RESTARTS MACHINE AGE NOTE" in said
    assert said[-3] == "VERSION AGE WHAT CHANGED"
    assert said[-2].startswith("3 <- now ") and said[-1].startswith("2 ")


HOSTILE = Place("web-b", "", "waiting", "load-failed: \x1b[2J\nno \x07file", None, None)


def test_what_a_program_wrote_does_nothing_to_a_terminal(
    paper: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reasons may hold the last words of a program that does not start."""
    trouble = Trouble("load-failed", HOSTILE.text, "read \x1b[2Jit", ("\x1b]0;title\x07line",))
    place = HOSTILE._replace(trouble=trouble)
    one = service(
        state="stuck",
        standing=Standing("web", 1.0, (place,)),
        scaling=Scaling(1, 2, 80, None, trouble),
        not_shown=("events: \x1b[2J",),
    )
    screen, sheet = paper()
    show.say_service(screen, one)
    follow.say_failed("web", Outcome(False, one, place), 5.0)
    said = sheet.text() + capsys.readouterr().err
    assert "\x1b" not in said and "\x07" not in said
    assert said.count("no \\x07file") == 3, "and in one line each"


# -- for programs


def test_for_programs_all_of_it_is_plain_data() -> None:
    scaling = Scaling(1, 4, 80, 12, Trouble("no-metrics", "no", "", ("a",)))
    ends = (Endpoint("10.1.0.4", 8080, "web-a", "gpu-01", True, True),)
    data = show.service_json(STUCK._replace(scaling=scaling, endpoints=ends))
    assert json.loads(json.dumps(data))["state"] == "stuck"
    assert (data["image"], data["program"], data["owner"]) == ("x:2", None, None)
    assert [one["node"] for one in data["waits"]] == ["web-b", "web-c"], "not who is ready"
    assert data["waits"][0]["cause"] == "does-not-fit"
    assert data["reach"]["urls"] == ["http://web.team:80"]
    assert data["endpoints"][0]["serving"] is True
    assert data["scaling"] == {
        "minimum": 1,
        "maximum": 4,
        "target": 80,
        "at": 12,
        "note": "no",
        "cause": "no-metrics",
        "evidence": ["a"],
        "remedy": "",
    }
    assert "request" not in data["versions"][0] and data["versions"][1]["current"] is True
    assert data["pods"][0]["machine"] == "gpu-01"


def test_for_programs_what_is_not_there_is_null() -> None:
    bare = version(1)._replace(replicaset="", image="")
    empty = HERE._replace(reach=None, versions=(bare,), instances=(pod(READY, address=""),))
    data = show.service_json(empty)
    assert (data["reach"], data["endpoints"], data["scaling"]) == (None, None, None)
    assert (data["versions"][0]["replicaset"], data["versions"][0]["image"]) == (None, None)
    assert (data["pods"][0]["address"], data["image"]) == (None, None)
    quiet = show.service_json(service(scaling=Scaling(1, 2, 80)))["scaling"]
    assert (quiet["cause"], quiet["note"], quiet["at"]) == (None, "", None)


# -- on its way to its first request


class Going:
    """A place in which changes end as was foretold, one after the other. changed: whether somebody
    else has changed the service since."""

    serves_on = True

    def __init__(self, *outcomes: Outcome, changed: bool = False) -> None:
        self._outcomes, self._changed = list(outcomes), changed
        self.why: str | None = None

    def called(self, name: str) -> str:
        return f"{name} --on lab"

    def until_ready(self, name: str, changed: Changed) -> Generator[Service, None, Outcome]:
        yield STUCK
        return self._outcomes.pop(0)

    def undo_own(self, name: str, changed: Changed, why: str) -> Changed | None:
        self.why = why
        return None if self._changed else Changed("mark", 3, ("back",), changed.wait)


DONE = Outcome(True, service(version=4))
FAILED = Outcome(False, STUCK, WAITS, late=True)
CHANGED = Changed("mark", 3, ("image x:3",), 30.0)


def seen(place: Going, changed: Changed = CHANGED, **how: Any) -> int:
    options = {"undoes": True, "output": "text", **how}
    return follow.see_through(cast(Any, place), "web", changed, **options)


def test_one_that_serves_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert seen(Going(DONE)) == 0
    out, err = capsys.readouterr()
    assert "1/3 ready" in err and "web-b, web-c: no machine fits" in err
    assert err.splitlines()[-1] == "✓ web serves version 4, 2/2 pods ready"
    assert out.split() == [
        *("address", "http://web.team:80", "(in", "the", "cluster;", "10.0.0.7)"),
        *("open", "rankzero", "serve", "open", "web"),
    ]


def test_one_that_was_asked_for_no_pods_is_at_rest(capsys: pytest.CaptureFixture[str]) -> None:
    follow.say_ready(service(wanted=0, ready=0))
    follow.say_ready(HERE)
    assert capsys.readouterr().err.splitlines() == [
        "✓ web is at rest, at version 3, 0/0 pods ready",
        "✓ web serves version 3",
    ]


WHY = "not ready within 30 s; web-b: no machine fits"


@pytest.mark.parametrize(
    ("place", "before", "undoes", "last"),
    [
        (
            Going(FAILED, Outcome(True, service(version=5))),
            3,
            True,
            "undone: version 3 serves on, as version 5",
        ),
        (
            Going(FAILED, FAILED._replace(late=False)),
            3,
            True,
            "version 3 was put back, and does not serve either: web-b: no machine fits",
        ),
        (
            Going(FAILED, changed=True),
            3,
            True,
            "web was changed by somebody else since, so it was left alone",
        ),
        (Going(FAILED), 0, True, "remedy ask for less"),
        (Going(FAILED), 3, False, "remedy ask for less"),
    ],
)
def test_one_that_does_not_serve_says_why_and_gives_way_to_the_version_before(
    capsys: pytest.CaptureFixture[str], place: Going, before: int, undoes: bool, last: str
) -> None:
    assert seen(place, CHANGED._replace(before=before), undoes=undoes) == 1
    out, err = capsys.readouterr()
    lines = [" ".join(line.split()) for line in err.splitlines()]
    told = lines.index(f"✗ the new version of web does not serve: {WHY}")
    assert lines[told + 1 : told + 3] == ["evidence 2 lack cpu", "remedy ask for less"]
    assert (out, lines[-1]) == ("", last)
    assert place.why == (WHY if undoes and before else None)


@pytest.mark.parametrize(
    ("place", "undone", "ready"),
    [
        (Going(DONE), False, True),
        (Going(FAILED, DONE), True, False),
        (Going(FAILED, changed=True), False, False),
    ],
)
def test_for_programs_there_is_one_document_at_the_end(
    capsys: pytest.CaptureFixture[str], place: Going, undone: bool, ready: bool
) -> None:
    assert seen(place, output="json") == int(not ready)
    data = json.loads(capsys.readouterr().out)
    assert (data["undone"], data["became_ready"]) == (undone, ready)
    assert data["changes"] == ["image x:3"]
    assert (data["why"], data["cause"]) == ((None, None) if ready else (WHY, "does-not-fit"))
    assert data["remedy"] == (None if ready else "ask for less")


def test_who_leaves_is_told_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    class Left(Going):
        def until_ready(self, name: str, changed: Changed) -> Generator[Service, None, Outcome]:
            raise KeyboardInterrupt
            yield STUCK

    with pytest.raises(KeyboardInterrupt):
        seen(Left())
    assert capsys.readouterr().err.splitlines()[-1] == (
        "  web goes on; look at it: rankzero serve status web --on lab"
    )


# -- those of this machine, by their verbs


@pytest.fixture
def folder(tmp_path: Path, rankzero: Any) -> Iterator[ServiceFolder]:
    """One that nobody keeps any more."""
    made = Services(tmp_path / "state" / "rankzero").folder("app")
    made.path.mkdir(parents=True)
    request = {"name": "app", "predictor": "app.py:P", "port": 1, "labels": {"team": "a"}}
    kept = Record("app", 1.0, "", None, True, 0, ())
    for what in ("deployed", "workers 2"):
        kept = kept.with_version(Kept(0, 5.0, what, request, "/work", "python"))
    made.put(made.record_file, kept.to_json())
    return made


def test_verbs_show_what_is_kept_of_one_that_ended(rankzero: Any, folder: ServiceFolder) -> None:
    code, out, _ = rankzero("serve", "status", "app")
    assert (code, out.splitlines()[0]) == (0, "app · ended · version 2 · local")
    assert "start it again: rankzero serve update app" in out
    _, out, _ = rankzero("serve", "history", "app")
    assert [line.split()[-1] for line in out.splitlines()] == ["CHANGED", "2", "deployed"]
    _, out, _ = rankzero("serve", "history", "app", "-o", "json")
    assert [one["changed"] for one in json.loads(out)["versions"]] == ["deployed", "workers 2"]
    _, out, _ = rankzero("serve", "why", "app")
    assert "app: nothing of it runs" in out and "remedy" in out
    _, out, _ = rankzero("serve", "why", "app", "-o", "json")
    (cause,) = json.loads(out)["causes"]
    assert (cause["cause"], cause["pods"]) == ("ended", ["app"])


@pytest.mark.parametrize(
    ("selector", "found"), [((), ["app"]), (("team=a",), ["app"]), (("team=b",), [])]
)
def test_a_list_is_of_those_with_a_label(
    rankzero: Any, folder: ServiceFolder, selector: tuple[str, ...], found: list[str]
) -> None:
    options = [word for one in selector for word in ("-l", one)]
    _, out, _ = rankzero("serve", "list", "--on", "local", *options, "-o", "json")
    assert [one["service"] for one in json.loads(out)["services"]] == found


@pytest.mark.parametrize("verb", ["status", "history", "why", "logs", "events", "delete", "undo"])
def test_a_service_that_is_not_there_is_told_with_the_near_name(
    rankzero: Any, folder: ServiceFolder, verb: str
) -> None:
    code, _, err = rankzero("serve", verb, "apq")
    assert (code, 'Did you mean "app"?' in err) == (2, True), err


@pytest.mark.parametrize("argv", [(), ("2", "--autoscale", "1:4")])
def test_to_scale_takes_a_number_or_bounds(
    rankzero: Any, folder: ServiceFolder, argv: tuple[str, ...]
) -> None:
    code, _, err = rankzero("serve", "scale", "app", *argv)
    assert (code, "Say how many pods, or --autoscale MIN:MAX; one of them." in err) == (2, True)
