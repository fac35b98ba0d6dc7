"""Requests that cannot work: a clear error before anything is created."""

from __future__ import annotations

import socket

import pytest

from rankzero.agent import events as ev
from support import ports
from support.home import Home, Said

WRONG = [
    (["run", "missing.py"], "missing.py"),
    (["run", "folder"], "folder"),
    (["run", "syntax.py"], "syntax.py:2"),
    (["run", "fine.py", "--nodes", "0"], "--nodes"),
    (["run", "fine.py", "--nproc", "-1"], "--nproc"),
    (["run", "fine.py", "--nodes", "3:2"], "--nodes"),
    (["run", "fine.py", "--nodes", "two"], "two"),
    (["run", "fine.py", "--framework", "pytorhc"], "pytorhc"),
    (["run", "fine.py", "--name", "a/b"], "a/b"),
    (["run", "fine.py", "--name", "../../etc"], "../../etc"),
    (["run", "fine.py", "--name", ""], "name"),
    (["run", "fine.py", "--max-restarts", "-1"], "--max-restarts"),
    (["run", "fine.py", "--grace", "soon"], "soon"),
    (["run", "fine.py", "--log-keep", "5 Gigs"], "5 Gigs"),
    (["run", "fine.py", "--port", "99999"], "99999"),
    (["run", "fine.py", "--env", "NO_VALUE"], "NO_VALUE"),
    (["run", "fine.py", "--workdir", "nowhere"], "nowhere"),
    (["run", "fine.py", "--on", "mars"], "mars"),
    (["run", "fine.py", "--set", "lr=1"], "lr"),
    (["run"], "what to run"),
    (["run", "tabs.yaml"], "tabs.yaml:2"),
    (["run", "twice.yaml"], "twice.yaml:3"),
    (["run", "types.yaml"], "types.yaml:3"),
    (["run", "roles.yaml"], "64"),
    (["run", "empty.yaml"], "empty.yaml"),
    (["run", "binary.yaml"], "binary.yaml"),
    (["run", "unknown.yaml"], "workr"),
]
FILES = {
    "fine.py": "print('ran')\n",
    "syntax.py": "x = 1\ndef broken(:\n",
    "tabs.yaml": "run: fine.py\n\tnodes: 2\n",
    "twice.yaml": "run: fine.py\nnodes: 2\nnodes: 3\n",
    "types.yaml": "run: fine.py\nname: x\nnodes: {a: [1, 2]}\n",
    "roles.yaml": "run: fine.py\nroles:\n"
    + "".join(f"  r{i}: {{nodes: 1}}\n" for i in range(10_000)),
    "empty.yaml": "",
    "unknown.yaml": "run: fine.py\nroles:\n  worker: {nodes: 1}\nworkr: 3\n",
}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with files to ask for; none of the requests may create anything in it."""
    home = Home(tmp_path_factory.mktemp("requests"))
    for name, text in FILES.items():
        home.script(text, name)
    (home.work / "binary.yaml").write_bytes(bytes(range(256)))
    (home.work / "folder").mkdir()
    return home


@pytest.mark.parametrize(("argv", "word"), WRONG, ids=[" ".join(argv) for argv, _ in WRONG])
def test_a_wrong_request_names_what_is_wrong(asking: Home, argv: list[str], word: str) -> None:
    before = [folder.run for folder in asking.runs]
    said = asking.call(*argv)

    assert [folder.run for folder in asking.runs] == before
    assert said.code == 2, said
    assert word in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def refused(said: Said, *words: str) -> None:
    """The environment said no, clearly, and nothing was started."""
    assert said.code == 3, said
    for word in words:
        assert word in said.err
    assert "Traceback" not in said.err


def test_a_port_in_use(home: Home) -> None:
    script = home.script("print('ran')")
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(home.call("run", script, "--framework", "torch", "--port", port), port, "in use")
    assert list(home.runs) == []


def test_a_port_that_another_run_holds(home: Home) -> None:
    """Two runs with the same fixed port: the later one is told, the earlier one goes on."""
    with ports.free(1) as free:
        port = str(free[0])
    script = home.script(
        "import os, socket, time\n"
        "listener = socket.create_server(('127.0.0.1', int(os.environ['MASTER_PORT'])))\n"
        "print('up', flush=True)\n"
        "time.sleep(300)\n"
    )
    options = ["--framework", "torch", "--port", port]
    first = home.start("run", script, *options)
    first.until_said("up")

    refused(home.call("run", script, *options), port)
    assert home.only().history().state == ev.RUNNING_STATE


@pytest.mark.parametrize("outputs", ["fine.py", "fine.py/below", "/dev/null", "/proc/nowhere"])
def test_outputs_that_cannot_be_written(home: Home, outputs: str) -> None:
    script = home.script("print('ran')", "fine.py")

    said = home.call("run", script, "--outputs", outputs)

    assert said.code in (2, 3), said  # no folder at all is a wrong request
    assert "outputs" in said.err
    assert "Traceback" not in said.err
    assert list(home.runs) == []


@pytest.mark.parametrize("below", ["fine.py", "/proc/nowhere", "/dev/null"])
def test_a_state_folder_that_cannot_be_made(home: Home, below: str) -> None:
    script = home.script("print('ran')", "fine.py")
    state = str(home.work / below / "state")

    said = home.call("run", script, env={"XDG_STATE_HOME": state})

    refused(said, state, "XDG_STATE_HOME")


def test_an_interpreter_that_does_not_exist(home: Home) -> None:
    said = home.call("run", home.script("print('ran')"), "--python", "/nowhere/python3")

    refused(said, "/nowhere/python3")


def test_a_workdir_that_goes_before_the_start(home: Home) -> None:
    (home.work / "soon gone").mkdir()
    text = "import os\nos.rmdir('soon gone')\nprint('went')\n"
    said = home.call("run", home.script(text), "--workdir", str(home.work))
    assert said.code == 0

    said = home.call("run", home.script("print('ran')"), "--workdir", str(home.work / "soon gone"))
    assert said.code == 2
    assert "soon gone" in said.err


def test_arguments_pass_unharmed(home: Home) -> None:
    words = ["--x", "a b", "", "$HOME", "`id`", "; rm -rf /", "é", "-n", "--", "${lr}", "\n"]
    script = home.script("import sys\nprint(ascii(sys.argv[1:]))")

    said = home.call("run", script, "--", *words)

    assert eval(said.out.partition("] ")[2]) == words
