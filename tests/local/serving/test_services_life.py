"""A service that this machine keeps alive: from its first deployment to its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

import pytest

from support import ports, processes
from support.home import Home
from support.services import BROKEN, COMMAND, COMMAND_FILE, PREDICTOR, Kept, write
from support.waiting import until

RUN = ("--", sys.executable, COMMAND_FILE)


@pytest.fixture
def app(home: Home) -> Kept:
    """One that is not deployed yet: of a predictor in the work folder."""
    write(home, "app.py", PREDICTOR)
    write(home, COMMAND_FILE, COMMAND)
    return Kept(home, "app")


def test_a_predictor_is_kept_alive_after_its_command_has_ended(app: Kept, home: Home) -> None:
    write(home, "bias", "5")
    said = app.deploy("app.py:Predictor", "--model", "bias", "--workers", "2")
    assert said.code == 0, said
    assert "✓ app serves version 1" in said.err
    assert f"http://127.0.0.1:{app.port}" in said.out
    assert app.predict(1)[0] == 6
    found = app.status()
    assert (found["state"], found["where"], found["port"]) == ("ready", "local", app.port)
    assert found["program"] == "app.py:Predictor, 2 workers"
    assert found["reach"]["urls"] == [f"http://127.0.0.1:{app.port}"]
    (pod,) = found["pods"]
    assert (pod["ready"], pod["restarts"], pod["state"]) == (True, 0, "running")
    opened = app.call("open", "--no-browser")
    assert opened.out == f"http://127.0.0.1:{app.port}/\n"
    assert "is served at" in app.call("logs").out
    assert app.folder.path.stat().st_mode & 0o777 == 0o700


def test_delete_ends_all_of_it_and_frees_its_port(app: Kept, home: Home) -> None:
    with ports.free(1) as (port,):
        pass  # nobody claims it any more, and nobody comes upon it by chance
    assert app.deploy("--port", str(port), *RUN, "detached").code == 0
    assert app.answers()
    said = app.call("delete", "-o", "json")
    assert json.loads(said.out) == {"deleted": ["app"]}
    app.nothing_left()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
    assert not app.folder.path.exists()
    assert app.call("status", "--on", "local").code == 2


def test_one_whose_files_nobody_can_read_is_deleted_all_the_same(app: Kept) -> None:
    assert app.deploy(*RUN).code == 0
    for file in (app.folder.record_file, app.folder.told_file):
        file.write_text("no JSON")
    said = app.call("delete")
    assert said.code == 0, said
    app.nothing_left()


@pytest.mark.parametrize("who", ["keeper", "guard"])
def test_whoever_of_those_that_keep_it_is_killed_nothing_is_left_behind(
    app: Kept, who: str
) -> None:
    assert app.deploy(*RUN, "detached").code == 0
    _, before = app.get().split()
    (pid,) = app.keepers() if who == "keeper" else app.guards()
    processes.kill(pid)
    if who == "keeper":
        app.nothing_left()
    else:
        until(lambda: app.pid() not in (None, before), "another server")
    assert not processes.alive(int(before))


def test_one_that_was_cut_off_says_so_and_is_started_again_on_its_port(app: Kept) -> None:
    assert app.deploy("app.py:Predictor").code == 0
    port = app.port
    processes.kill(*app.keepers())
    app.nothing_left()
    assert app.status()["state"] == "ended"
    why = json.loads(app.call("why", "-o", "json").out)
    assert why["causes"][0]["cause"] == "ended"
    assert "rankzero serve update app" in why["causes"][0]["remedy"]
    said = app.call("update")
    assert said.code == 0, said
    assert "started again" in said.err
    assert (app.port, app.status()["version"]) == (port, 1)
    assert app.predict(2)[0] == 2


def test_a_command_gets_its_port_and_is_started_again_when_it_ends(app: Kept) -> None:
    assert app.deploy("-e", "WHO=me", *RUN).code == 0
    who, pid = app.get().split()
    assert who == "me"
    with pytest.raises(OSError):
        app.get("/die")
    until(lambda: app.pid() not in (None, pid), "another process")
    found = app.until_state("ready")
    assert found["pods"][0]["restarts"] == 1
    lines = app.call("logs").out.splitlines()
    assert lines.count("up me") == 2
    assert "rankzero: app ended with code 7; it is started again in 0 s" in lines
    assert app.call("logs", "--tail", "1").out == "up me\n"


def test_what_is_written_is_followed_until_it_is_deleted(app: Kept, home: Home) -> None:
    assert app.deploy("-e", "WHO=me", *RUN).code == 0
    follower = home.start("serve", "logs", "app", "--follow")
    follower.until_said("up me")
    processes.kill(int(app.get().split()[1]), number=signal.SIGTERM)
    follower.until_said("ended with code 143")
    until(lambda: follower.out.count("up me") == 2, "its next start")
    app.call("delete")
    assert follower.wait().code == 0


def test_changes_are_watched_to_the_end(app: Kept, home: Home) -> None:
    assert app.deploy(*RUN).code == 0
    watcher = home.start("serve", "status", "app", "--watch")
    watcher.until_said("app · ready · version 1")
    assert app.call("scale", "0").code == 0
    watcher.until_said("app · idle · version 1")
    app.call("delete")
    assert "was deleted" in watcher.wait().err


def test_who_does_not_end_is_killed_after_its_grace(app: Kept) -> None:
    assert app.deploy("--grace", "0.2s", *RUN, "stubborn").code == 0
    pid = int(app.get().split()[1])
    assert app.call("delete").code == 0
    assert not processes.alive(pid)


def test_a_predictor_that_cannot_be_loaded_says_why_at_once_and_is_tried_on(
    app: Kept, home: Home
) -> None:
    write(home, "app.py", BROKEN)
    said = app.deploy("app.py:Predictor", "-o", "json")
    assert said.code == 1, said
    found = json.loads(said.out)
    assert (found["became_ready"], found["cause"]) == (False, "load-failed")
    assert "its predictor cannot be loaded: ValueError: it has no weights" in found["why"]
    assert "rankzero serve app.py:Predictor --check" in found["remedy"]
    again = until(lambda: (one := app.status())["pods"][0]["restarts"] > 1 and one, "another try")
    assert again["state"] == "starting"
    write(home, "app.py", PREDICTOR)
    assert app.call("update", "--code").code == 0
    assert app.predict(1)[0] == 1


def test_a_program_that_is_not_there_is_named(app: Kept) -> None:
    said = app.deploy("--", "no-such-program")
    assert said.code == 1, said
    assert "cannot run no-such-program: No such file or directory" in said.err


def test_a_port_that_is_taken_is_refused_and_nothing_is_there(app: Kept) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = app.deploy("--port", str(port), *RUN)
        assert said.code == 3, said
        assert f"port {port} of this machine, which app is to listen on, is taken" in said.err
        assert app.call("status", "--on", "local").code == 2
    app.nothing_left()


def test_two_services_have_two_ports_also_where_one_is_at_rest(app: Kept, home: Home) -> None:
    assert app.deploy(*RUN, anywhere=True).code == 0
    assert app.call("scale", "0").code == 0
    other = Kept(home, "other")
    assert other.deploy(*RUN, anywhere=True).code == 0
    assert other.port != app.port
    assert other.answers()
    names = [
        one["service"]
        for one in json.loads(home.call("serve", "list", "-o", "json").out)["services"]
    ]
    assert names == ["other", "app"]


def test_those_of_this_machine_are_listed_also_where_the_cluster_cannot_be_asked(
    app: Kept, home: Home
) -> None:
    env = {"KUBECONFIG": str(home.work / "nothing"), "RANKZERO_ON": "kubernetes"}
    assert home.call("serve", "list", env=env).code == 3
    assert app.deploy(*RUN, env=env).code == 0
    said = home.call("serve", "list", env=env)
    assert said.code == 0, said
    assert said.out.splitlines()[1].split()[:2] == ["app", "ready"]
    assert "There is no kubeconfig" in said.err
    assert app.call("status", env=env).code == 0, "found by its name"


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["--image", "web:1", "--port", "80"], 2, "has an image alone, and none runs here"),
        (["app.py:Nobody"], 2, "app.py has no class Nobody; nothing was deployed"),
        (["nothing.py:A"], 2, 'there is no predictor "nothing.py:A"'),
        (["app.py:Predictor", "--model", "gone"], 2, "--model: there is no"),
        (["app.py:Predictor", "--model", "image:/m"], 2, "lies in an image"),
        (["app.py:Predictor", "--model", "volume:gone/m"], 2, "there is no volume gone"),
        (["app.py:Predictor", "--gpus", "1000"], 3, "asks for 1000 GPUs"),
        (["app.py:Predictor", "--python", "no-python"], 2, "no-python is not an interpreter"),
        (["app.py:Predictor", "--namespace", "n"], 2, "--namespace has no meaning on local"),
    ],
)
def test_what_this_machine_cannot_serve_is_refused(
    app: Kept, argv: list[str], code: int, says: str
) -> None:
    said = app.deploy(*argv)
    assert said.code == code, said
    assert says in said.err
    assert not app.folder.path.exists()


def test_what_only_a_cluster_does_is_refused_for_one_that_is_here(app: Kept) -> None:
    assert app.deploy(*RUN).code == 0
    for argv in (
        ("expose", "--as", "NodePort"),
        ("unexpose",),
        ("events",),
        ("scale", "--autoscale", "1:2"),
        ("scale", "2"),
        ("logs", "--previous"),
        ("logs", "--pod", "app-1"),
        ("open", "--port", "1"),
    ):
        verb, *rest = argv
        said = app.call(verb, *rest)
        assert said.code == 2, (argv, said)
    assert app.answers()


def test_a_dry_run_says_what_would_run_and_starts_nothing(app: Kept) -> None:
    said = app.deploy(
        *("app.py:Predictor", "--workers", "2", "--memory", "1Gi", "--replicas", "3"),
        *("--dry-run", "-o", "json"),
    )
    assert said.code == 0, said
    found = json.loads(said.out)
    assert found["process"]["settings"]["workers"] == 2
    assert found["notices"] == [
        "ignored on one machine: memory",
        "replicas: one process has the port on one machine; it has workers: --workers",
    ]
    assert not app.folder.path.exists()
    assert "argv:" in app.deploy("app.py:Predictor", "--dry-run").out


def test_a_token_is_kept_for_every_later_start(app: Kept) -> None:
    env = {"RANKZERO_SERVE_TOKEN": "a-long-token"}
    assert app.deploy("app.py:Predictor", env=env).code == 0
    assert app.call("update", "--max-batch", "2").code == 0
    with pytest.raises(OSError, match="401"):
        app.predict(1)
    assert app.folder.token_file.stat().st_mode & 0o777 == 0o600


def test_it_may_be_left_to_itself(app: Kept) -> None:
    said = app.deploy("--detach", *RUN)
    assert (said.code, said.out) == (0, "app\n")
    app.until_state("ready")
    assert os.getpid() not in [processes.parent(pid) for pid in app.keepers()]
