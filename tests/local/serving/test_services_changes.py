"""A service of this machine that is changed: by hand, by two at once, and by a program."""

from __future__ import annotations

import errno
import json
import signal
import sys

import pytest

from rankzero.backends.local.services.deploying import Deployed, deploy
from rankzero.backends.local.services.folder import ServiceFolder
from rankzero.errors import BadRequest, Refused
from rankzero.spec.services.making import make
from support import processes
from support.home import Home
from support.services import BROKEN, COMMAND, COMMAND_FILE, PREDICTOR, Kept, write
from support.serving import Server, finish
from support.waiting import until

RUN = ("--", sys.executable, COMMAND_FILE)

#: It says when it has begun, and waits to be let go.
WAITS = """
import os, pathlib, time

class Predictor:
    def predict(self, batch):
        pathlib.Path(os.environ["BEGUN"]).touch()
        while not pathlib.Path(os.environ["GO"]).exists():
            time.sleep(0.01)
        return batch
"""


@pytest.fixture
def app(home: Home, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setenv("XDG_STATE_HOME", str(home.state))
    write(home, "app.py", PREDICTOR)
    write(home, "bias", "1")
    write(home, COMMAND_FILE, COMMAND)
    return Kept(home, "app")


def by_program(app: Kept, owner: str = "", undo: bool = True, **options: object) -> Deployed:
    """As a pipeline does it."""
    said = {"name": app.name, "predictor": "app.py:Predictor", "ready": "/ready", **options}
    service = make(said, needed=())
    return deploy(service, workdir=app.home.work, owner=owner, undo=undo, services=app.services)


def versions(app: Kept) -> list[str]:
    return [one.changed for one in app.folder.record().versions]


def test_what_serves_goes_on_where_the_disk_takes_no_other_version(
    app: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.deploy("app.py:Predictor").code == 0
    before = app.predict(1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ServiceFolder, "put", full)
    with pytest.raises(Refused, match="No space left on device"):
        by_program(app, env={"WHO": "two"})
    assert app.predict(1) == before
    assert versions(app) == ["deployed"]


def test_what_is_the_same_and_ready_is_left_alone(app: Kept) -> None:
    assert app.deploy("app.py:Predictor", "--model", "bias").code == 0
    before = app.predict(1)
    again = app.deploy("app.py:Predictor", "--model", "bias", "--wait", "1m")
    assert again.code == 0, again
    assert app.predict(1) == before
    assert versions(app) == ["deployed"]
    assert app.folder.record().version.request["wait"] == 60
    said = app.call("update")
    assert "is like that already" in said.err


@pytest.mark.parametrize(("what", "changed"), [("app.py", "other code"), ("bias", "another model")])
def test_other_code_or_another_model_under_the_same_name_is_another_version(
    app: Kept, what: str, changed: str
) -> None:
    assert app.deploy("app.py:Predictor", "--model", "bias").code == 0
    port = app.port
    write(app.home, what, {"app.py": PREDICTOR.replace("+ self", "- self"), "bias": "-1"}[what])
    assert app.predict(1)[0] == 2, "what serves is what was deployed"
    assert app.deploy("app.py:Predictor", "--model", "bias").code == 0
    assert app.predict(1)[0] == 0
    assert (versions(app), app.port) == (["deployed", changed], port)


def test_an_update_that_does_not_serve_is_taken_back_and_says_why(app: Kept) -> None:
    assert app.deploy("app.py:Predictor", "--model", "bias").code == 0
    write(app.home, "app.py", BROKEN)
    said = app.call("update", "--code")
    assert said.code == 1, said
    assert "✗ the new version of app does not serve" in said.err
    assert "ValueError: it has no weights" in said.err
    assert "undone: version 1 serves again, as version 3" in said.err
    assert app.predict(1)[0] == 2
    assert versions(app)[-1].startswith("undone, back to version 1: app: its predictor cannot")


def test_it_goes_back_and_forth_between_its_versions(app: Kept) -> None:
    assert app.deploy("-e", "WHO=one", *RUN).code == 0
    assert app.call("update", "-e", "WHO=two").code == 0
    assert app.get().startswith("two ")
    assert app.call("undo").code == 0
    assert app.get().startswith("one ")
    assert app.call("undo", "--to", "2").code == 0
    assert app.get().startswith("two ")
    history = json.loads(app.call("history", "-o", "json").out)["versions"]
    assert [one["changed"] for one in history] == [
        *("deployed", "env WHO"),
        *("undone, back to version 1", "undone, back to version 2"),
    ]
    said = app.call("undo", "--to", "9")
    assert (said.code, "has no version 9" in said.err) == (2, True)


def test_a_predictor_is_scaled_by_its_workers_and_rests_at_none(app: Kept) -> None:
    assert app.deploy("app.py:Predictor").code == 0
    port = app.port
    assert app.call("scale", "2").code == 0
    assert versions(app) == ["deployed", "server workers=2"]
    assert app.call("scale", "0").code == 0
    app.nothing_left()
    assert app.status()["state"] == "idle"
    changed = app.call("update", "--max-batch", "2")
    assert (changed.code, "is at rest, at version 3" in changed.err) == (0, True), changed
    app.nothing_left()
    assert app.call("scale", "2").code == 0
    assert (app.port, versions(app)[2:]) == (port, ["server max_batch=2"])
    assert app.predict(1)[0] == 1


def test_two_at_once_are_one_after_the_other(app: Kept) -> None:
    words = ("serve", "deploy", "--on", "local", "--name", "app", "-e")
    both = [app.home.start(*words, f"WHO={who}", *RUN) for who in ("one", "two")]
    for command in both:
        said = command.wait()
        assert said.code == 0, said
        assert "✓ app serves version" in said.err
    assert len(app.keepers()) == 1
    assert versions(app) == ["deployed", "env WHO"]
    last = app.folder.record().version.request["env"]["WHO"]
    assert app.get().startswith(f"{last} ")


def test_a_program_deploys_and_hears_how_it_went(app: Kept) -> None:
    first = by_program(app, owner="digits", model="bias")
    assert (first.ready, first.changed, first.url) == (
        *(True, ("deployed",)),
        f"http://127.0.0.1:{app.port}",
    )
    assert app.status()["owner"] == "digits"
    again = by_program(app, owner="digits", model="bias")
    assert (again.ready, again.changed) == (True, ())


def test_a_program_hears_why_not_and_that_the_one_before_is_back(app: Kept) -> None:
    assert by_program(app, owner="digits", model="bias").ready
    write(app.home, "app.py", BROKEN)
    broken = by_program(app, owner="digits", model="bias")
    assert not broken.ready
    assert "ValueError: it has no weights" in broken.why
    assert broken.why.endswith("undone: the version before serves again")
    assert '    raise ValueError("it has no weights")' in "\n".join(broken.lines)
    assert broken.back is not None
    assert broken.back.ready
    assert app.predict(1)[0] == 2


def test_a_program_that_is_ended_while_it_waits_leaves_what_served_before(app: Kept) -> None:
    assert by_program(app, env={"WHO": "one"}).ready

    def ended(_: object) -> None:
        raise KeyboardInterrupt

    said = {"name": app.name, "predictor": "app.py:Predictor", "ready": "/ready"}
    with pytest.raises(KeyboardInterrupt):
        deploy(make(said, needed=()), workdir=app.home.work, tell=ended, services=app.services)
    assert app.folder.record().version.request["env"] == {"WHO": "one"}
    assert versions(app)[-1].startswith("undone, back to version 1: who deployed it was ended")


def test_a_first_one_that_does_not_serve_has_nothing_to_go_back_to(app: Kept) -> None:
    write(app.home, "app.py", BROKEN)
    broken = by_program(app)
    assert (broken.ready, broken.back) == (False, None)
    assert len(app.keepers()) == 1, "it goes on trying"


def test_one_that_has_no_time_left_is_late(app: Kept) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(3600)"]
    late = by_program(app, predictor=None, ready=None, command=command, wait="0.2s")
    assert not late.ready
    assert late.why.startswith("not ready within 0.2 s; app: ")


@pytest.mark.parametrize(("mine", "theirs"), [("digits", "faces"), ("", "faces"), ("digits", "")])
def test_nobody_puts_one_in_the_place_of_somebody_elses(app: Kept, mine: str, theirs: str) -> None:
    assert by_program(app, owner=mine).ready
    with pytest.raises(BadRequest, match="belongs to digits" if mine else "deployed by hand"):
        by_program(app, owner=theirs, env={"A": "1"})
    assert versions(app) == ["deployed"]
    assert app.predict(1)[0] == 1


@pytest.mark.parametrize("interrupted", [False, True], ids=["to its end", "interrupted"])
def test_the_old_one_answers_what_it_has_taken_before_the_new_one_begins(
    app: Kept, interrupted: bool
) -> None:
    write(app.home, "app.py", WAITS)
    begun, go = app.home.work / "begun", app.home.work / "go"
    assert by_program(app, env={"BEGUN": str(begun), "GO": str(go)}).ready
    asked = Server.at(app.port).begin(b"1")
    until(begun.exists, "it to be under way")
    update = app.home.start("serve", "update", "app", "--max-batch", "2")
    until(lambda: "Ending" in app.call("logs").out, "it to be asked to end")
    if interrupted:
        update.signal(signal.SIGINT)
    go.touch()
    assert finish(asked).status == 200
    assert update.wait().code == (130 if interrupted else 0)
    assert app.until_state("ready")["version"] == (1 if interrupted else 2)


def test_who_has_to_wait_for_another_is_told_so(app: Kept) -> None:
    with app.services.turn("app"):
        waiting = app.home.start("serve", "deploy", "--on", "local", "--name", "app", *RUN)
        waiting.until_said("another command changes app; this one waits for it")
    assert waiting.wait().code == 0


def test_one_that_a_pipeline_has_deployed_outlives_it(app: Kept) -> None:
    words = ("-m", "rankzero", "serve", "deploy", "--on", "local", "--name", "app", *RUN)
    steps = {"deploy": {"command": [sys.executable, *words]}}
    write(app.home, "pipeline.yaml", json.dumps({"name": "serving", "steps": steps}))
    said = app.home.call("pipeline", "run", "pipeline.yaml")
    assert said.code == 0, said
    until(lambda: not keeps_a_pipeline(app), "its keeper to end")
    assert app.status()["state"] == "ready"
    assert app.answers()


def keeps_a_pipeline(app: Kept) -> bool:
    found = processes.carrying(app.home.state)
    return any("pipelines.keeping" in " ".join(one.arguments) for one in found)


def test_a_command_whose_folder_is_gone_is_not_ended_for_another_version(app: Kept) -> None:
    assert app.deploy(*RUN).code == 0
    before = app.pid()
    app.home.work.rename(app.home.work.with_name("moved"))
    app.home.work.with_name("elsewhere").mkdir()

    said = app.call("update", "-e", "WHO=two", cwd=app.home.work.with_name("elsewhere"))

    assert said.code == 2 and "in which app runs, is gone; nothing was changed" in said.err
    assert app.pid() == before


def test_a_model_that_was_overwritten_is_gone_back_from(app: Kept) -> None:
    """A version has the model that it was deployed with, whatever lies at that path by now."""
    assert app.deploy("app.py:Predictor", "--model", "bias").code == 0
    assert app.predict(1)[0] == 2
    write(app.home, "bias", "no number")
    said = app.call("update", "--model", "bias")
    assert said.code == 1, said
    assert "undone: version 1 serves again, as version 3" in said.err
    assert app.predict(1)[0] == 2

    write(app.home, "bias", "5")
    assert app.call("update", "--model", "bias").code == 0
    assert app.predict(1)[0] == 6
    assert app.call("undo", "--to", "1").code == 0
    assert app.predict(1)[0] == 2
    (app.home.work / "bias").unlink()
    assert app.call("update", "--max-batch", "2").code == 0
    assert app.predict(1)[0] == 2


def test_a_version_that_was_put_back_and_does_not_serve_either_says_so(app: Kept) -> None:
    beside = app.home.work / "beside"
    beside.write_text("1")
    write(app.home, "app.py", PREDICTOR.replace("path.read_text()", f"open('{beside}').read()"))
    assert app.deploy("app.py:Predictor", "--model", "bias").code == 0
    beside.unlink()
    write(app.home, "app.py", BROKEN)
    said = app.call("update", "--code")
    assert said.code == 1, said
    assert "version 1 was put back, and does not serve either: app: its predictor" in said.err
